import csv
import json
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from generator.errors import ConfigError, UsageError
from generator.format.manifest import AlphaMask
from generator.locks import hold_folder
from training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from training.config import PLACE_FIELDS, TrainConfig
from training.errors import CheckpointError, StoppedError
from training.learner import Learner
from training.models import UNetSiam
from training.process.devices import make_fabric
from training.run import suggest_lr, train
from training.stages import Stage

Differences = Callable[[Any, Any], list[str]]
Run = Callable[..., Any]

STORED = Path(__file__).parents[1] / "stored" / "run-1"
NINE_STEPS = {"batch_size": 16, "epoch_samples": 144}
"""Epochs of 9 steps."""


@pytest.fixture(scope="module")
def finished(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of one epoch at 16 px. Tests must not change it."""
    out = tmp_path_factory.mktemp("finished") / "run"
    run(out, "16:1")
    return out


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    """A copy of this folder that tests may change."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


def content(out: Path) -> list[Any]:
    """All results of a run except times."""
    with (out / "log" / "metrics.csv").open(newline="", encoding="utf-8") as file:
        rows = [
            {name: value for name, value in row.items() if name not in ("seconds", "samples_per_second")}
            for row in csv.DictReader(file)
        ]
    checkpoints = [vars(load_checkpoint(out / name)) for name in ("last.pt", "best.pt")]
    return [rows, *(fields | {"position": asdict(fields["position"])} for fields in checkpoints)]


@pytest.mark.parametrize(
    ("whole", "parts"),
    [
        ("16:3", ["16:1", ":3"]),
        ("16:3", ["16:1", "16:2", "16:3"]),
        ("16:1,32:1", ["16:1", "32:1"]),
        ("16:2,32:2", ["16:1", "16:2,32:1", "32:2"]),
    ],
)
def test_resumed_equals_uninterrupted_to_the_bit(
    run: Run,
    tmp_path: Path,
    differences: Differences,
    whole: str,
    parts: list[str],
) -> None:
    # With a patience of 0 the rate falls sometimes, so the state of the plateau matters, too.
    fields = {"plateau_patience": 0, "plateau_factor": 0.5, "lr": 0.1}
    run(tmp_path / "whole", whole, **fields)
    for number, stages in enumerate(parts):
        run(tmp_path / "parts", stages, resume=number > 0, **fields)
    uninterrupted, resumed = content(tmp_path / "whole"), content(tmp_path / "parts")
    assert differences(resumed[0], uninterrupted[0]) == []
    assert differences(resumed[1], uninterrupted[1]) == []
    # best.pt of the parts may contain a smaller number of epochs; everything else is the same.
    for checkpoint in (resumed[2], uninterrupted[2]):
        del checkpoint["config"]["stages"]
    assert differences(resumed[2], uninterrupted[2]) == []


@pytest.mark.parametrize("schedule", ["plateau", "cosine"])
def test_stopped_between_epochs_it_goes_on_to_the_bit(
    run: Run, tmp_path: Path, differences: Differences, monkeypatch: pytest.MonkeyPatch, schedule: str
) -> None:
    saved = 0

    def stop_after_the_first(path: Path, checkpoint: Checkpoint) -> None:
        nonlocal saved
        if path.name == "last.pt" and (saved := saved + 1) == 2:
            raise KeyboardInterrupt
        save_checkpoint(path, checkpoint)

    run(tmp_path / "whole", "16:2,32:1", schedule=schedule)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("training.engine.save_checkpoint", stop_after_the_first)
        run(tmp_path / "parts", "16:2,32:1", schedule=schedule)
    run(tmp_path / "parts", "16:2,32:1", resume=True)
    assert differences(content(tmp_path / "parts"), content(tmp_path / "whole")) == []


@pytest.fixture(scope="module")
def uninterrupted(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function that gives the folder of a run of 27 steps, by its schedule. Tests must not change it."""

    @cache
    def folder(schedule: str) -> Path:
        out = tmp_path_factory.mktemp(schedule)
        run(out, "16:2,32:1", schedule=schedule, **NINE_STEPS)
        return out

    return folder


@pytest.mark.parametrize(
    ("number", "step", "schedule"),
    [
        (signal.SIGINT, 1, "cosine"),
        (signal.SIGTERM, 7, "plateau"),
        (signal.SIGTERM, 9, "cosine"),
        (signal.SIGINT, 20, "plateau"),
    ],
)
def test_told_to_stop_it_saves_its_step_and_goes_on_to_the_bit(
    run: Run,
    tmp_path: Path,
    differences: Differences,
    monkeypatch: pytest.MonkeyPatch,
    uninterrupted: Callable[[str], Path],
    schedule: str,
    number: signal.Signals,
    step: int,
) -> None:
    fields = {"schedule": schedule, **NINE_STEPS}
    whole = uninterrupted(schedule)
    with (
        monkeypatch.context() as patch,
        pytest.raises(StoppedError, match=rf"^stopped after step {step} of 27, saved to .*/last\.pt; "),
    ):
        patch.setattr(Learner, "step", after_step(step, lambda: signal.raise_signal(number)))
        run(tmp_path / "parts", "16:2,32:1", **fields)
    position = load_checkpoint(tmp_path / "parts" / "last.pt").position
    assert (position.step, position.epoch, position.epoch_steps) == (step, step // 9, step % 9)
    _, said = run(tmp_path / "parts", "16:2,32:1", resume=True, **fields)
    within = f", step {step % 9} of the next one" if step % 9 else ""
    assert said[0].endswith(f"resuming after epoch {step // 9}{within}")
    assert differences(content(tmp_path / "parts"), content(whole)) == []


def test_killed_within_an_epoch_it_goes_on_from_the_last_save_to_the_bit(
    run: Run, tmp_path: Path, differences: Differences, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill() -> None:
        raise MemoryError

    fields = {"save_every": "4", "batch_size": 16, "epoch_samples": 144}
    run(tmp_path / "whole", "16:3", **fields)
    for step, kept in ((3, None), (6, 4), (15, 12), (27, 24)):
        with monkeypatch.context() as patch, pytest.raises(MemoryError):
            patch.setattr(Learner, "step", after_step(step, kill))
            run(tmp_path / "parts", "16:3", resume=True, **fields)
        if kept is not None:
            assert load_checkpoint(tmp_path / "parts" / "last.pt").position.step == kept
    run(tmp_path / "parts", "16:3", resume=True, **fields)
    assert differences(content(tmp_path / "parts"), content(tmp_path / "whole")) == []


def after_step(wanted: int, act: Callable[[], None]) -> Callable[..., Any]:
    """A `Learner.step` that calls `act` after step number `wanted` (the first is 1)."""
    plain = Learner.step

    def step(learner: Learner, batches: Any, res: int, number: int, factor: float) -> Any:
        answer = plain(learner, batches, res, number, factor)
        if number + 1 == wanted:
            act()
        return answer

    return step


@pytest.mark.parametrize("killed_at", ["best.pt", "last.pt"])
def test_an_epoch_killed_while_it_is_saved_is_trained_again_to_the_same_end(
    run: Run,
    copy: Path,
    tmp_path: Path,
    differences: Differences,
    monkeypatch: pytest.MonkeyPatch,
    killed_at: str,
) -> None:
    def save(path: Path, checkpoint: Checkpoint) -> None:
        if path.name == killed_at:
            raise KeyboardInterrupt
        save_checkpoint(path, checkpoint)

    run(tmp_path / "whole", "16:2")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("training.engine.save_checkpoint", save)
        run(copy, "16:2", resume=True)
    run(copy, "16:2", resume=True)
    assert differences(content(copy), content(tmp_path / "whole")) == []


def test_resuming_says_where_it_goes_on(run: Run, copy: Path) -> None:
    outcome, said = run(copy, "16:2", resume=True)
    assert said[0] == f"{copy / 'last.pt'}: resuming after epoch 1"
    assert outcome.epochs == 1 and outcome.position.epoch == 2


def test_options_of_the_earlier_run_are_kept_and_those_given_win(run: Run, copy: Path) -> None:
    run(copy, "16:2", resume=True, clip=0.5)
    run(copy, "16:3", resume=True, bg_dropout=0.125)
    config = load_checkpoint(copy / "last.pt").config
    assert (config["clip"], config["bg_dropout"]) == (0.5, 0.125)
    assert load_checkpoint(copy / "last.pt").stages == (Stage(res=16, epochs=3),)


@pytest.mark.parametrize(
    ("first", "then", "expected"),
    [
        ("8:2", "8:1,16:1", "8:2 16:1"),  # not fewer epochs than were trained
        ("8:1,16:1", "8:3,16:1,24:1", "8:1 16:1 24:1"),  # a finished stage does not change
    ],
)
def test_stages_already_trained_stay_as_they_are(
    run: Run, tmp_path: Path, first: str, then: str, expected: str
) -> None:
    run(tmp_path / "run", first)
    run(tmp_path / "run", then, resume=True)
    assert " ".join(map(str, load_checkpoint(tmp_path / "run" / "last.pt").stages)) == expected


def test_what_cannot_change_is_refused_and_the_run_stays(run: Run, copy: Path) -> None:
    before = (copy / "last.pt").read_bytes()
    with pytest.raises(
        ConfigError, match=r"`widths`: expected \[4, 8\], as in the run to be resumed, found \[4, 16\]"
    ):
        run(copy, "16:2", resume=True, widths=(4, 16))
    assert (copy / "last.pt").read_bytes() == before


def test_nothing_to_resume_is_said_and_the_run_starts(run: Run, tmp_path: Path) -> None:
    outcome, said = run(tmp_path / "run", "16:1", resume=True)
    assert said[0] == f"{tmp_path / 'run' / 'last.pt'} does not exist yet: starting a new run"
    assert outcome.epochs == 1


@pytest.mark.parametrize("stages", ["8193:1", "16:1,16:2"])
def test_stages_that_cannot_be_are_refused_and_nothing_is_left(run: Run, tmp_path: Path, stages: str) -> None:
    with pytest.raises((ConfigError, ValueError)):
        run(tmp_path / "run", stages)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("held", ["last.pt", "best.pt"])
def test_a_folder_that_holds_a_run_is_refused(run: Run, tmp_path: Path, held: str) -> None:
    out = tmp_path / "run"
    out.mkdir()
    (out / held).write_bytes(b"weights of days")
    with pytest.raises(UsageError) as error:
        run(out)
    assert str(error.value) == (
        f"{out} holds a run already ({held}). Continue it with `resume=True`, replace it with"
        " `overwrite=True`, or use another `out`."
    )
    assert (out / held).read_bytes() == b"weights of days"
    assert [path.name for path in out.iterdir()] == [held]


def test_overwriting_starts_a_new_run(run: Run, copy: Path, finished: Path, differences: Differences) -> None:
    run(copy, "16:2", resume=True)
    (copy / "notes.txt").write_text("mine")
    outcome, _ = run(copy, "16:1", overwrite=True)
    assert outcome.position.epoch == 1
    assert differences(content(copy), content(finished)) == []
    (events,) = (copy / "log").glob("events.*")
    assert b"epoch/val_loss" in events.read_bytes()
    assert (copy / "notes.txt").read_text() == "mine"


def test_resume_and_overwrite_together_are_refused(run: Run, copy: Path) -> None:
    before = (copy / "last.pt").read_bytes()
    with pytest.raises(
        UsageError, match=r"^`resume=True` contradicts `overwrite=True`\. Leave one of them out\.$"
    ):
        run(copy, resume=True, overwrite=True)
    assert (copy / "last.pt").read_bytes() == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"batch_size": 0},
        {"device": "tpu"},
        {"mask_loss": {"dise": 1.0}},
    ],
)
def test_a_wrong_option_does_not_cost_the_run_to_be_overwritten(
    run: Run, copy: Path, wrong: dict[str, Any]
) -> None:
    before = (copy / "last.pt").read_bytes()
    with pytest.raises(ConfigError):
        run(copy, overwrite=True, **wrong)
    assert (copy / "last.pt").exists() and (copy / "last.pt").read_bytes() == before


@pytest.mark.parametrize("stages", [None, "16", "16:1", ":1"])
def test_a_finished_run_says_so_and_is_left_alone(run: Run, copy: Path, stages: str | None) -> None:
    os.utime(copy / "last.pt", ns=(10**18, 10**18))
    before = {
        path: (path.read_bytes(), path.stat().st_mtime_ns) for path in copy.rglob("*") if path.is_file()
    }
    outcome, said = run(copy, stages, resume=True)
    (line,) = said
    assert line.startswith(f"{copy / 'last.pt'}: the run is finished (stages 16:1). To train further, ")
    assert outcome.epochs == 0 and outcome.position.epoch == 1 and outcome.metrics["val_loss"] > 0
    after = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in copy.rglob("*") if path.is_file()}
    assert after == before


def test_an_unfinished_stage_is_finished_without_being_asked_for(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "run"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("training.engine.epoch_lines", interrupt)
        run(out, "16:2")
    assert load_checkpoint(out / "last.pt").position.epoch == 1
    outcome, _ = run(out, None, resume=True)
    assert (outcome.epochs, outcome.position.epoch) == (1, 2)


def test_a_damaged_checkpoint_is_refused_and_left_as_it_is(run: Run, copy: Path) -> None:
    (copy / "last.pt").write_bytes(b"damaged")
    with pytest.raises(CheckpointError):
        run(copy, "16:2", resume=True)
    assert (copy / "last.pt").read_bytes() == b"damaged"


def test_weights_that_do_not_fit_are_refused(run: Run, copy: Path) -> None:
    saved = load_checkpoint(copy / "last.pt")
    save_checkpoint(copy / "last.pt", replace(saved, model=UNetSiam((4, 16)).state_dict()))
    with pytest.raises(CheckpointError, match="size mismatch"):
        run(copy, "16:2", resume=True)


def test_a_run_that_goes_on_finds_its_own_dataset(run: Run, copy: Path, data_without_val: Path) -> None:
    assert run(copy, "16:2", resume=True, data=None)[0].position.epoch == 2
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"data": str(data_without_val)}))
    with pytest.raises(
        UsageError,
        match=r"\(id .*\) is not the dataset that .* was trained on .*\. Give the folder .* with `data`",
    ):
        run(copy, "16:3", resume=True, data=None)


def test_where_it_is_not_recorded_the_usual_place_is_looked_at(
    run: Run, copy: Path, data: Path, data_without_val: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (copy / "config.json").unlink()
    (tmp_path / "data" / "shards").symlink_to(data_without_val)
    with pytest.raises(UsageError, match=r"^data/shards \(id .*\) is not the dataset that"):
        run(copy, "16:2", resume=True, data=None)
    (tmp_path / "data" / "shards").unlink()
    (tmp_path / "data" / "shards").symlink_to(data)
    assert run(copy, "16:2", resume=True, data=None)[0].position.epoch == 2


@pytest.mark.parametrize("flags", [{}, {"resume": True}, {"overwrite": True}, {"find_lr": True}], ids=str)
def test_two_calls_never_train_in_one_folder(
    run: Run, data: Path, small: dict[str, Any], copy: Path, flags: dict[str, bool]
) -> None:
    if not flags:
        for name in ("last.pt", "best.pt"):
            (copy / name).unlink()
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    with hold_folder(copy, "fgbg train"), pytest.raises(ConfigError, match="in use by another 'fgbg train'"):
        if "find_lr" in flags:
            suggest_lr({**small, "data": data, "out": copy, "stages": [Stage(res=16)]})
        else:
            run(copy, "16:2", **flags)
    assert before == {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["config.json", "log/metrics.csv", "best.pt"])
@pytest.mark.parametrize("flags", [{"resume": True}, {"overwrite": True}], ids=str)
def test_files_of_others_are_never_replaced(run: Run, copy: Path, name: str, flags: dict[str, bool]) -> None:
    (copy / name).write_text("mine")
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    with pytest.raises(UsageError, match=rf"{Path(name).name} was not written by a run"):
        run(copy, "16:2", **flags)
    assert before == {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}


def test_a_plot_of_someone_else_is_never_replaced(
    run: Run, data: Path, small: dict[str, Any], tmp_path: Path
) -> None:
    plot = tmp_path / "run" / "log" / "lr-range.png"
    plot.parent.mkdir(parents=True)
    plot.write_bytes(b"my own plot")
    with pytest.raises(UsageError, match="lr-range"):
        suggest_lr({**small, "data": data, "out": tmp_path / "run", "stages": [Stage(res=16)]})
    with pytest.raises(UsageError, match="lr-range"):
        run(tmp_path / "run", lr="auto")
    assert plot.read_bytes() == b"my own plot"


def test_options_without_effect_are_said(run: Run, copy: Path) -> None:
    _, said = run(copy, "16:2", resume=True, lr="auto", schedule="cosine", plateau_patience=1)
    assert {line.partition(" has no effect")[0] for line in said if "no effect" in line} == {
        "`lr=auto`",
        "`plateau_patience`",
    }


def test_another_dataset_is_noted_and_trained_on(run: Run, copy: Path, data_without_val: Path) -> None:
    outcome, said = run(copy, "16:2", resume=True, data=data_without_val)
    assert (
        said[0]
        == f"{data_without_val} is not the dataset that the run started with; training continues on it"
    )
    assert outcome.position.epoch == 2


def test_a_dataset_without_val_is_noted_and_trained_on(
    run: Run, tmp_path: Path, data_without_val: Path
) -> None:
    outcome, said = run(tmp_path / "run", data=data_without_val)
    assert said[0] == f"{data_without_val} has no val split: best.pt and the plateau follow the training loss"
    assert outcome.epochs == 1 and (tmp_path / "run" / "best.pt").is_file()


def test_a_run_leaves_checkpoints_and_a_log_and_no_more(finished: Path) -> None:
    assert sorted(path.name for path in finished.iterdir()) == [
        ".lock",
        "best.pt",
        "config.json",
        "last.pt",
        "log",
        "model-card.md",
    ]
    names = sorted(path.name.partition(".")[0] for path in (finished / "log").iterdir())
    assert names == ["events", "metrics"]


def test_the_resolved_config_is_beside_the_checkpoints(run: Run, copy: Path, data: Path) -> None:
    assert json.loads((copy / "config.json").read_text())["stages"] == [{"res": 16, "epochs": 1}]
    run(copy, "16:2", resume=True, clip=0.5)
    config = json.loads((copy / "config.json").read_text())
    assert (config["stages"], config["clip"], config["lr"]) == ([{"res": 16, "epochs": 2}], 0.5, 0.01)
    kept = {name: value for name, value in config.items() if name not in PLACE_FIELDS}
    shown = {"epoch_samples": 16, "shuffle_window": 144, "mask": AlphaMask().model_dump()}
    assert kept == load_checkpoint(copy / "last.pt").config | shown
    assert (config["data"], config["device"], config["precision"]) == (str(data), "cpu", "32")


def test_a_checkpoint_decides_nothing_about_the_machine(
    data: Path, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = load_checkpoint(copy / "last.pt")
    there = {"devices": 10**6, "nodes": 99, "device": "tpu", "precision": "16", "compile": True}
    save_checkpoint(copy / "last.pt", replace(saved, config=saved.config | there | {"data": "x", "out": "y"}))
    made: list[TrainConfig] = []

    def note(config: TrainConfig) -> Any:
        made.append(config)
        return make_fabric(config)

    monkeypatch.setattr("training.engine.make_fabric", note)
    train(TrainConfig(data=data, out=copy, device="cpu", stages=[(16, 2)]), resume=True)
    (config,) = made
    assert (config.devices, config.nodes, config.device) == (1, 1, "cpu") and config.precision != "16"
    assert (config.compile, config.data, config.out) == (False, data, copy)


def test_a_run_of_an_earlier_release_goes_on(run: Run, tmp_path: Path) -> None:
    """The stored run was stopped in its second epoch, by a release that named loss terms like metrics."""
    out = Path(shutil.copytree(STORED, tmp_path / "run"))
    outcome, _ = run(out, "16:3", resume=True, widths=(2, 4))
    assert outcome.position.epoch == 3
    with (out / "log" / "metrics.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    terms = [f"train_loss/{name}" for name in ("dice", "iou", "bce", "ssim", "l1")]
    assert [name for name in rows[0] if name.startswith("train_")] == ["train_loss", *terms]
    weights = TrainConfig().mask_loss | TrainConfig().depth_loss
    for row in rows:  # the second epoch includes the sums of the earlier release
        loss = sum(weight * float(row[f"train_loss/{name}"]) for name, weight in weights.items())
        assert loss == pytest.approx(float(row["train_loss"]), rel=1e-4)
    assert {name for name in outcome.metrics if "iou" in name} >= {"train_loss/iou", "val_iou"}


def test_histograms_are_drawn_when_asked_for_and_change_nothing(
    run: Run, tmp_path: Path, differences: Differences
) -> None:
    for name, asked in (("plain", False), ("drawn", True)):
        run(tmp_path / name, "16:2", log_histograms=asked)
    plain, drawn = (content(tmp_path / name) for name in ("plain", "drawn"))
    for checkpoint in (*plain[1:], *drawn[1:]):
        del checkpoint["config"]["log_histograms"]
    assert differences(drawn, plain) == []
    plain_events, events = (
        EventAccumulator(str(tmp_path / name / "log"), {"histograms": 0}).Reload()
        for name in ("plain", "drawn")
    )
    assert plain_events.Tags()["histograms"] == []
    assert {"weights/mask_head.weight", "gradients/mask_head.weight"} <= set(events.Tags()["histograms"])
    assert [event.step for event in events.Histograms("gradients/mask_head.weight")] == [4, 8]
    assert all(event.histogram_value.max > 0 for event in events.Histograms("gradients/mask_head.weight"))


def test_the_network_is_drawn_once(run: Run, copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert EventAccumulator(str(copy / "log")).Reload().Tags()["graph"]
    monkeypatch.setattr("training.records.log.add_graph", lambda *_: pytest.fail("drawn again"))
    run(copy, "16:2", resume=True)


def test_a_network_that_cannot_be_drawn_is_trained_and_said(
    run: Run, tmp_path: Path, finished: Path, differences: Differences, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no\ntrace")

    monkeypatch.setattr("torch.jit.trace", fail)
    _, said = run(tmp_path / "run", "16:1")
    line = f"{tmp_path / 'run' / 'log'}: no graph of the network in TensorBoard: no trace"
    assert [text for text in said if "graph" in text] == [line]
    assert differences(content(tmp_path / "run"), content(finished)) == []


def test_the_table_has_what_a_user_compares(finished: Path) -> None:
    with (finished / "log" / "metrics.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert list(row) == [
        "epoch",
        "stage",
        "res",
        "step",
        "lr",
        "train_loss",
        "train_loss/dice",
        "train_loss/iou",
        "train_loss/bce",
        "train_loss/ssim",
        "train_loss/l1",
        "val_loss",
        "val_iou",
        "val_depth_rmse",
        "val_iou_without_bg",
        "seconds",
        "samples_per_second",
    ]
    assert (row["epoch"], row["stage"], row["res"], row["step"], row["lr"]) == ("1", "0", "16", "4", "0.01")
    weights = TrainConfig().mask_loss | TrainConfig().depth_loss
    loss = sum(weight * float(row[f"train_loss/{name}"]) for name, weight in weights.items())
    assert loss == pytest.approx(float(row["train_loss"]), rel=1e-4)


def test_a_best_without_a_last_is_not_replaced_silently(run: Run, copy: Path) -> None:
    (copy / "last.pt").unlink()
    before = (copy / "best.pt").read_bytes()
    with pytest.raises(UsageError, match=r"holds best\.pt without last\.pt"):
        run(copy, resume=True)
    assert (copy / "best.pt").read_bytes() == before


def test_train_takes_a_config_and_changes_of_a_run_only_what_was_given(
    copy: Path, data: Path, small: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    fields = small | {"data": str(data), "out": str(copy)}
    del fields["lr"]
    outcome = train(TrainConfig(**fields, stages=[(16, 2)], clip=0.5), resume=True, progress=False)
    assert (outcome.last, outcome.best) == (copy / "last.pt", copy / "best.pt")
    assert (outcome.config.lr, outcome.config.clip, outcome.position.epoch) == (1e-2, 0.5, 2)
    assert capfd.readouterr() == ("", "")


def test_resumed_with_nothing_but_its_folder_it_goes_on_to_the_bit(
    run: Run, tmp_path: Path, differences: Differences, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.process.devices.choose_accelerator", lambda _: "cpu")
    monkeypatch.setattr("training.process.devices._has_bf16", lambda _: False)
    run(tmp_path / "whole", "16:2,32:1", clip=0.5)
    with monkeypatch.context() as patch, pytest.raises(StoppedError):
        patch.setattr(Learner, "step", after_step(5, lambda: signal.raise_signal(signal.SIGTERM)))
        run(tmp_path / "parts", "16:2,32:1", clip=0.5)
    said: list[str] = []
    train(TrainConfig(out=tmp_path / "parts"), resume=True, say=said.append, progress=False)
    assert said[0].endswith("resuming after epoch 1, step 1 of the next one") and "unet" in said[1]
    assert differences(content(tmp_path / "parts"), content(tmp_path / "whole")) == []


def test_compiling_on_a_cpu_is_advised_against(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.nn.Module.compile", lambda network: None)
    _, lines = run(tmp_path / "out", compile=True)
    assert "`compile` makes no step faster on a CPU, and takes a minute first: leave it out" in lines
