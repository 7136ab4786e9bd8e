"""A labelled alpha with void pixels, without backgrounds and depth, through all commands."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from fgbg.app.samples import placements_record, sample_record, shown_sample
from fgbg.cli import main
from fgbg.comparison.predictions import predict_picture, read_samples
from fgbg.comparison.runs import open_runs
from fgbg.evaluation.evaluate import evaluate
from fgbg.evaluation.report import write_evaluation
from generator.look.preview import draw_preview
from generator.reading.dataset import open_dataset
from training.batches.torch_dataset import torch_dataset
from training.checkpoint import load_checkpoint
from training.config import TrainConfig
from training.run import describe_network, train

from .conftest import TINY

FIELDS: dict[str, Any] = TINY | {"epoch_samples": 24, "warm_up": 0}


@pytest.fixture(scope="module")
def run(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run on the photos. Tests must not change it."""
    out = tmp_path_factory.mktemp("photos_run")
    train(TrainConfig(data=photos, out=out, **FIELDS))
    return out


def numbers(out: Path) -> list[dict[str, str]]:
    with (out / "log" / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


def test_a_run_learns_the_mask_alone_and_says_so(photos: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    train(TrainConfig(data=photos, out=tmp_path, **FIELDS), say=lines.append)
    said = "\n".join(lines)
    assert f"{photos} has no backgrounds: the network gets only the picture" in said
    assert f"{photos} has no depth: the network learns masks only, it gets no depth head" in said
    (row,) = numbers(tmp_path)
    assert 0 <= float(row["val_iou"]) <= 1 and np.isfinite(float(row["train_loss"]))
    assert not {"val_depth_rmse", "val_iou_without_bg"} & row.keys()
    checkpoint = load_checkpoint(tmp_path / "best.pt")
    assert checkpoint.config["depth_head"] is False and checkpoint.config["inputs"] == 3
    assert checkpoint.target.entry.model_dump() == {
        "kind": "alpha",
        "convention": "0 background ... 255 foreground",
    }
    assert describe_network({"data": photos, "out": tmp_path / "new"}).parameters > 0


def test_a_run_that_goes_on_is_the_run_that_was_never_stopped(photos: Path, tmp_path: Path) -> None:
    for out, stages in ((tmp_path / "whole", [(32, 2)]), (tmp_path / "parts", [(32, 1)])):
        train(TrainConfig(data=photos, out=out, **FIELDS | {"stages": stages}))
    train(TrainConfig(out=tmp_path / "parts", stages=[(32, 2)], device="cpu", precision="32"), resume=True)
    whole, parts = (load_checkpoint(tmp_path / name / "last.pt") for name in ("whole", "parts"))
    assert all(torch.equal(whole.model[name], parts.model[name]) for name in whole.model)


def test_a_depth_head_that_is_asked_for_learns_nothing_and_breaks_nothing(
    photos: Path, tmp_path: Path
) -> None:
    lines: list[str] = []
    train(TrainConfig(data=photos, out=tmp_path, depth_head=True, **FIELDS), say=lines.append)
    assert "its depth head learns nothing" in "\n".join(lines)
    (row,) = numbers(tmp_path)
    assert float(row["train_loss/ssim"]) == float(row["train_loss/l1"]) == 0
    assert "val_depth_rmse" not in row and "nan" not in row.values()
    figures = write_evaluation(tmp_path, photos, tmp_path / "report", device="cpu", progress=False)
    assert not any("depth" in name for name in figures["network"]["absent"])
    assert figures["baselines"]["constant_depth"] is None


def test_a_network_of_three_inputs_says_nothing_of_backgrounds(photos: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    train(TrainConfig(data=photos, out=tmp_path, inputs=3, **FIELDS), say=lines.append)
    assert "backgrounds" not in "\n".join(lines)


def test_a_network_that_takes_backgrounds_has_to_be_asked_for(photos: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    train(TrainConfig(data=photos, out=tmp_path, inputs=6, **FIELDS), say=lines.append)
    assert f"{photos} has no backgrounds: the network learns nothing about them" in lines
    assert load_checkpoint(tmp_path / "best.pt").config["inputs"] == 6


def test_it_goes_on_with_a_generated_dataset_and_back(run: Path, photos: Path, rendered: Path) -> None:
    figures = evaluate(run, rendered, device="cpu", progress=False)
    assert set(figures["network"]) == {"absent"} and figures["by_background"]


def test_a_network_of_composites_is_measured_on_photos(trained: Path, photos: Path, tmp_path: Path) -> None:
    figures = write_evaluation(trained, photos, tmp_path, device="cpu", progress=False)
    assert set(figures["network"]) == {"absent"} and not figures["by_background"]
    assert figures["baselines"]["threshold"] == {} and figures["baselines"]["bg_depth"] is None
    assert {path.name for path in tmp_path.iterdir()} == {"metrics.json", "report.html", "absent.png"}
    assert figures["per_sample"]["bg"][0].startswith("val/picture")
    json.dumps(figures, allow_nan=False)
    split = open_dataset(photos)["val"]
    assert len(figures["per_sample"]["row"]) == len(split)


def test_the_screen_shows_it(trained: Path, photos: Path, tmp_path: Path) -> None:
    command = [
        "evaluate",
        str(photos),
        "--checkpoint",
        str(trained),
        "--out",
        str(tmp_path),
        "--device",
        "cpu",
    ]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.stderr
    assert "absent" in result.stdout and "nan" not in result.stdout and "depth" not in result.stdout


def test_runs_are_compared_on_it(run: Path, trained: Path, photos: Path) -> None:
    runs = open_runs([run, trained], device="cpu")
    picture = read_samples(photos, "val", 1, runs)[0]
    assert picture.bg is None and picture.name.startswith("val 0, val/picture")
    groups = predict_picture(runs, picture, with_bg=True).groups
    assert [cell.title for cell in groups[""]] == ["fg_bg", "mask"]
    assert all("IoU" in groups[one.label][0].note for one in runs)


def test_its_samples_are_shown_without_what_they_do_not_have(photos: Path) -> None:
    dataset = open_dataset(photos)
    assert [shown.title for shown in shown_sample(dataset, "val", 0)] == ["fg_bg", "mask"]
    record = sample_record(dataset, "val", 0)
    assert record["picture"].startswith("val/picture") and "background" not in record
    assert placements_record(dataset, "val", 0) == []
    assert draw_preview(dataset, "val", 2).shape[2] == 3


def test_torch_gets_zeros_for_backgrounds_and_void_below_zero(photos: Path) -> None:
    sample = torch_dataset(open_dataset(photos)["val"])[0]
    assert not sample["input"][:3].any() and sample["input"][3:].any()
    assert -1 in sample["mask"].unique().tolist() and not sample["known"].any()


def test_statistics_say_what_there_is(photos: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["stats", str(photos), "--out", str(tmp_path), "--samples", "all"])
    assert result.exit_code == 0, result.stderr
    stats = json.loads((tmp_path / "stats.json").read_text())
    split = open_dataset(photos)["train"]
    masks = split[:].mask
    void = masks == 127
    assert stats["void"] == pytest.approx(void.mean(), abs=1e-6) and "void pixels" in result.stdout
    assert stats["depth"] is stats["classes"] is stats["visible"] is None
    assert stats["fields"].keys() == {"fg_bg", "mask"}
    assert stats["fields"]["mask"]["mean"] == [pytest.approx((masks == 255).sum() / (~void).sum(), abs=1e-6)]
    coverage = [(mask == 255).sum() / (mask != 127).sum() for mask in masks]
    assert stats["coverage"]["mean"] == pytest.approx(np.mean(coverage), abs=1e-6)
