"""MLflow in its file store and W&B offline: what they get, and that training goes on without them."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlflow.tracking import MlflowClient
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from generator.errors import UsageError
from training.outcome import TrainOutcome
from training.records.log import RunLog
from training.records.run_folder import TRACKERS_FILE, read_tracker_runs
from training.records.trackers import Trackers, require_trackers

Run = Callable[..., tuple[TrainOutcome, list[str]]]


@pytest.fixture(autouse=True)
def without_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_RUN_ID", "WANDB_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    for name in ("WANDB_SILENT", "WANDB_DISABLE_GIT", "WANDB_X_DISABLE_STATS", "WANDB_X_DISABLE_META"):
        monkeypatch.setenv(name, "true")
    monkeypatch.setenv("WANDB_MODE", "offline")


def mlflow_run(out: Path) -> tuple[MlflowClient, Any]:
    client = MlflowClient((out / "log" / "mlflow").as_uri())
    return client, client.get_run(read_tracker_runs(out / "log")["mlflow"])


def test_mlflow_gets_what_tensorboard_gets_and_a_resumed_run_goes_on(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "a run"
    _, said = run(out, "16:1", logger=("tensorboard", "mlflow"))
    assert not [line for line in said if "MLflow" in line]
    client, first = mlflow_run(out)
    assert first.info.status == "FINISHED" and first.data.tags["mlflow.runName"] == "a run"
    run(out, "16:2", resume=True)  # the checkpoint knows the loggers
    client, again = mlflow_run(out)
    assert again.info.run_id == first.info.run_id and again.info.status == "FINISHED"
    assert again.data.params["seed"] == "0" and again.data.params["mask_loss/dice"]
    assert len(again.data.params["dataset_id"]) == 64
    board = EventAccumulator(str(out / "log")).Reload()
    names = board.Tags()["scalars"]
    assert {"train/loss", "train/loss/dice", "train/lr", "epoch/val_loss"} <= set(names)
    assert {"train/loss", "train/loss.dice", "epoch/train_loss.l1"} <= set(again.data.metrics)
    assert len(names) == len(again.data.metrics)
    for name in ("train/loss", "epoch/val_loss"):
        history = client.get_metric_history(again.info.run_id, name)
        assert [one.step for one in history] == [4, 8]
        assert [one.value for one in history] == pytest.approx([one.value for one in board.Scalars(name)])
    assert len(client.list_artifacts(again.info.run_id, "images")) == 2 * 2  # and thumbnails
    assert board.Tags()["tensors"] == ["config/text_summary"]


def test_a_run_that_mlflow_does_not_have_gets_a_new_one(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / TRACKERS_FILE).write_text(json.dumps({"mlflow": "0" * 32}))
    trackers = Trackers(("mlflow",), tmp_path, True, said.append)
    trackers.write_ids()
    trackers.close("stopped")
    ids = read_tracker_runs(tmp_path)
    assert ids["mlflow"] != "0" * 32
    assert len(said) == 1 and said[0].startswith(f"MLflow does not have the run {'0' * 32} at file://")
    client = MlflowClient((tmp_path / "mlflow").as_uri())
    assert client.get_run(ids["mlflow"]).info.status == "KILLED"


def test_wandb_gets_scalars_and_pictures_and_goes_on(tmp_path: Path) -> None:
    ids = []
    for step in (4, 8):
        trackers = Trackers(("wandb",), tmp_path, step > 4)
        trackers.write_ids()
        trackers.settings({"seed": 3, "mask_loss": {"dice": 1.0}})
        trackers.scalars({"train/loss": 0.5}, step)
        trackers.picture("bg mask", np.zeros((4, 6, 3), np.uint8), step)
        trackers.close("finished")
        ids.append(read_tracker_runs(tmp_path)["wandb"])
    assert ids[0] == ids[1]
    stored = sorted((tmp_path / "wandb").glob(f"offline-run-*-{ids[0]}"))
    assert stored
    content = b"".join(path.read_bytes() for path in (tmp_path / "wandb").glob("offline-run-*/*.wandb"))
    assert content.count(b"train/loss") >= 2 and b"mask_loss" in content and b"bg mask" in content
    assert list((tmp_path / "wandb").glob("offline-run-*/files/media/images/*.png"))


def test_a_tracker_that_fails_ends_in_one_line_and_not_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    trackers = Trackers(("mlflow",), tmp_path, False, said.append)
    trackers.scalars({"epoch/val_iou/a (b): ö": 0.5}, 1)
    trackers.write_ids()
    log = RunLog(tmp_path, 0, 0, said.append, trackers, tensorboard=False)

    def gone(*_: object, **__: object) -> None:
        raise ConnectionError("the server\nis gone")

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "log_batch", gone)
        log.training(1, {"loss": 0.5}, 0.1)
    log.epoch(4, {"epoch": 1})
    log.close()
    (line,) = said
    assert line.startswith(f"{tmp_path}: MLflow gets no more entries (the server")
    assert line.endswith("); training continues") and "\n" not in line
    assert (tmp_path / "metrics.csv").exists() and not list(tmp_path.glob("events*"))
    stored = MlflowClient((tmp_path / "mlflow").as_uri()).get_run(read_tracker_runs(tmp_path)["mlflow"])
    assert stored.data.metrics == {"epoch/val_iou.a _b__ _": 0.5}


def test_a_tracker_that_cannot_begin_leaves_an_earlier_run_alone(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path)
    before = (tmp_path / "last.pt").read_bytes()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "gopher://nowhere")
    with pytest.raises(UsageError, match=r"`logger=mlflow` cannot begin a run \(.*Correct its settings"):
        run(tmp_path, logger=("mlflow",), overwrite=True)
    assert (tmp_path / "last.pt").read_bytes() == before


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_without_its_package_it_says_what_to_install(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    require_trackers(["tensorboard", "csv"])
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UsageError, match=rf"pip install 'fgbg\[{name}\]'"):
        run(tmp_path / "out", "16:1", logger=(name,))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", ["", "[]", "{", '{"mlflow": 1}', '{"other": "1"}'])
def test_ids_that_no_run_wrote_are_none(tmp_path: Path, content: str) -> None:
    (tmp_path / TRACKERS_FILE).write_text(content)
    assert read_tracker_runs(tmp_path) == {}
