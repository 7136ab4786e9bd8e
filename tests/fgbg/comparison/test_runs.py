import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from fgbg.comparison.figures import figures_table
from fgbg.comparison.runs import config_differences, make_labels, open_runs
from generator.errors import UsageError
from training.checkpoint import load_checkpoint, save_checkpoint
from training.errors import CheckpointError, RunError
from training.models.summary import summarise


@pytest.fixture
def copy(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "copy"))


@pytest.mark.parametrize(
    ("folders", "labels"),
    [
        (["/x/a", "/x/b"], ["a", "b"]),
        (["/x/a", "/y/a", "/y/b"], ["x/a", "y/a", "b"]),
        (["/1/x/a", "/2/x/a", "/2/y/a"], ["1/x/a", "2/x/a", "y/a"]),
        (["/a", "/x/a"], ["/a", "x/a"]),
    ],
)
def test_labels_are_as_long_as_it_takes_to_tell_runs_apart(folders: list[str], labels: list[str]) -> None:
    assert make_labels([Path(folder) for folder in folders]) == labels


def test_figures_are_those_of_the_csv_and_of_the_checkpoint_that_predicts(copy: Path) -> None:
    best = load_checkpoint(copy / "best.pt")
    metrics = {"val_iou": 0.75, "val_iou_without_bg": 0.5, "val_loss": 2.0}
    save_checkpoint(copy / "best.pt", replace(best, metrics=metrics))
    last = replace(best, position=replace(best.position, epoch=3), metrics={"val_iou": 0.1})
    save_checkpoint(copy / "last.pt", last)
    (copy / "log" / "metrics.csv").write_text(
        "epoch,val_iou,seconds,samples_per_second\n1,0.75,10,90\n2,,20,1000\n3,0.1,30,200\n"
    )
    (run,) = open_runs([copy], "cpu")
    assert run.curves["val_iou"] == [(1, 0.75), (3, 0.1)]
    assert {row.name: list(row.texts) for row in figures_table([run])} == {
        "validation IoU ↑": ["0.7500"],
        "IoU without background ↑": ["0.5000"],
        "depth RMSE ↓": ["-"],
        "validation loss ↓": ["2.0000"],
        "best epoch": ["1"],
        "parameters ↓": [f"{summarise(run.config.architecture, 32).parameters:,}"],
        "samples/s (median) ↑": ["200"],
        "epochs": ["3"],
        "seconds of training": ["60"],
    }


def test_without_a_csv_there_are_no_curves(copy: Path) -> None:
    (copy / "log" / "metrics.csv").unlink()
    (run,) = open_runs([copy], "cpu")
    table = {row.name: row.texts for row in figures_table([run])}
    assert run.curves == {} and (table["samples/s (median) ↑"], table["epochs"]) == (["-"], ["1"])


def test_a_run_without_best_predicts_with_last(copy: Path) -> None:
    (copy / "best.pt").unlink()
    (run,) = open_runs([copy], "cpu")
    assert run.best is run.last and run.best.position.epoch == 1


def test_only_what_differs_is_told(trained: Path, trained_for_masks: Path, copy: Path) -> None:
    saved = load_checkpoint(copy / "last.pt")
    assert config_differences(open_runs([trained, copy], "cpu")) == {}
    changed = {
        "stages": [{"res": 16, "epochs": 2}, {"res": 32, "epochs": 1}],
        "lr": 0.5,
        "loaded_from": "e" * 64,
    }
    save_checkpoint(copy / "last.pt", replace(saved, config=saved.config | changed, dataset_id="f" * 64))
    differences = config_differences(open_runs([trained, copy], "cpu"))
    assert differences == {
        "--lr": ["0.01", "0.5"],
        "--res": ["32:1", "16:2,32:1"],
        "--load": ["-", "e" * 12],
        "dataset": [saved.dataset_id[:12], "f" * 12],
    }
    differences = config_differences(open_runs([trained, trained_for_masks], "cpu"))
    assert differences == {
        "--depth-head": ["yes", "no"],
        "--inputs": ["6", "3"],
        "--model": ["unet-siam", "unet"],
        "--bg-dropout": ["0.55", "0"],
        "--bg-jitter": ["0.25", "0"],
        "--strangers": ["0.5", "0"],
        "--depth-loss": ["ssim:0.5,l1:0.5", "none"],
    }


def test_what_cannot_be_compared_is_named(trained: Path, copy: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"nowhere does not exist\. Give the folder of a run"):
        open_runs([trained, tmp_path / "nowhere"], "cpu")
    with pytest.raises(RunError, match=r"log holds neither best\.pt nor last\.pt\."):
        open_runs([copy / "log"], "cpu")
    with pytest.raises(RunError, match=r"best\.pt is a file\. Give the folder of a run"):
        open_runs([trained, copy / "best.pt"], "cpu")
    with pytest.raises(UsageError, match="is given twice"):
        open_runs([copy, copy / ".." / "copy"], "cpu")
    (copy / "log" / "metrics.csv").write_text("epoch,val_iou\n1,good\n")
    with pytest.raises(RunError, match=r"metrics\.csv: expected a row of numbers per epoch, found .*'good'"):
        open_runs([copy], "cpu")
    (copy / "best.pt").write_bytes(b"PK damaged")
    with pytest.raises(CheckpointError, match=r"best\.pt: expected a whole checkpoint"):
        open_runs([copy], "cpu")
