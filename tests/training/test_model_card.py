"""The card beside the checkpoints of a run."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from generator.format.manifest import ClassMask, read_manifest
from training.config import TrainConfig
from training.model_card import card
from training.outcome import TrainOutcome
from training.records.run_files import CARD

Run = Callable[..., tuple[TrainOutcome, list[str]]]
ROW = {"epoch": "1", "stage": "0", "res": "16", "val_loss": "0.5", "val_iou": "0.25"}


def test_the_hub_reads_the_card_of_a_run(run: Run, tmp_path: Path, data: Path) -> None:
    out = tmp_path / "a run: [1]"
    run(out, "16:2,24:1", seed=5)
    loaded = ModelCard.load(out / CARD)
    assert loaded.data.library_name == "fgbg" and loaded.data.license is None
    assert set(loaded.data.tags) >= {"image-segmentation", "depth-estimation", "synthetic-data"}
    with (out / "log" / "metrics.csv").open(newline="") as file:
        last = list(csv.DictReader(file))[-1]
    assert loaded.data.model_name == "a run: [1]"
    scores = {result.metric_name: result.metric_value for result in loaded.data.eval_results or []}
    assert scores == {
        "IoU": float(last["val_iou"]),
        "IoU without background": float(last["val_iou_without_bg"]),
        "RMSE of depth": float(last["val_depth_rmse"]),
    }
    text = loaded.text
    manifest = read_manifest(data)
    for part in (
        "# a run: \\[1\\]\n",
        f"`{manifest.id}`",
        "48 samples: 2 epochs at 16 px, 1 epoch at 24 px.",
        "seed 5",
        "samples: train 144, val 16, test 16",
        f"| `best.pt` | 3 | {float(last['val_iou']):.4f} |",
        "It was trained on composites only.",
        'Predictor.load("best.pt")("photo.jpg", bg="background.jpg")',
    ):
        assert part in text


def test_a_card_that_somebody_keeps_stays(run: Run, tmp_path: Path) -> None:
    run(tmp_path)
    path = tmp_path / CARD
    first = path.read_text()
    run(tmp_path, "16:2", resume=True)
    assert path.read_text() != first
    path.write_text("my own")
    run(tmp_path, "16:3", resume=True)
    run(tmp_path, overwrite=True)
    assert path.read_text() == "my own"


def test_best_is_the_first_lowest_loss_of_the_last_stage(data: Path, tmp_path: Path) -> None:
    rows = [
        ROW | {"epoch": str(number), "stage": stage, "val_loss": loss}
        for number, (stage, loss) in enumerate([("0", "0.1"), ("1", "0.4"), ("1", "0.3"), ("1", "0.3")], 1)
    ]
    text = card(TrainConfig(out=tmp_path), read_manifest(data), rows, 10, 20)
    assert "| `best.pt` | 3 | 0.2500 |\n| `last.pt` | 4 | 0.2500 |" in text


def test_a_network_of_classes_without_depth(labelled: Path, tmp_path: Path) -> None:
    entry = ClassMask(names=["sky", "a*b\n"], colours=[[0, 0, 0], [1, 1, 1]])
    config = TrainConfig(out=tmp_path, mask=entry, inputs=3, depth_head=False)
    row = {"epoch": "1", "stage": "0", "res": "16", "train_loss": "0.5"}
    text = card(config, read_manifest(labelled), [row], 10, 1234)
    assert "the class of each pixel for a picture" in text and "0 sky, 1 a\\*b\\\\n." in text
    assert "nothing was measured" in text and "bg=" not in text and "1,234 parameters" in text
    assert "depth" not in text.replace("assumed", "").split("## Training data")[0]


@pytest.mark.parametrize("strangers", [0.0, 0.5])
def test_its_limits_follow_from_the_training(data: Path, tmp_path: Path, strangers: float) -> None:
    text = card(TrainConfig(out=tmp_path, strangers=strangers), read_manifest(data), [ROW], 10, 20)
    assert ("whatever is new in the picture is foreground" in text) == bool(strangers)
    assert ("Objects of other kinds" in text) != bool(strangers)
