"""A dataset with classes, through all commands: train, stop, resume, evaluate, compare, predict."""

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from fgbg.cli import main
from fgbg.comparison.compare import compare
from fgbg.comparison.predictions import predict_picture, read_samples
from fgbg.comparison.runs import open_runs
from fgbg.evaluation.evaluate import evaluate
from fgbg.evaluation.report import write_evaluation
from fgbg.predictor.draw_results import overlay
from fgbg.predictor.predictor import Predictor
from fgbg.predictor.result_kinds import Wanted
from fgbg.predictor.sinks import write_prediction
from generator.errors import ConfigError, DatasetError, UsageError
from generator.files import hash_file
from generator.format.manifest import ClassMask
from generator.look.preview import draw_preview
from generator.reading.dataset import open_dataset
from training.batches.torch_dataset import torch_dataset
from training.checkpoint import load_checkpoint
from training.config import TrainConfig
from training.export.config import NetworkExportConfig
from training.export.pipeline import export_network
from training.run import describe_network, train

from .conftest import TINY

NAMES = ["none", "left", "middle", "right"]
FIELDS: dict[str, Any] = TINY | {"seed": 0, "epoch_samples": 24, "lr": 1e-2, "warm_up": 0}


def weights(out: Path) -> dict[str, torch.Tensor]:
    saved = load_checkpoint(out / "last.pt")
    return {**saved.model, **{f"ema {name}": weight for name, weight in saved.ema.items()}}


@pytest.fixture(scope="module")
def run(labelled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run of four epochs on classes. Tests must not change it."""
    out = tmp_path_factory.mktemp("classes")
    train(TrainConfig(data=labelled, out=out, **FIELDS | {"stages": [(32, 4)]}))
    return out


def test_a_dataset_of_classes_is_read_with_its_labels(labelled: Path) -> None:
    dataset = open_dataset(labelled)
    assert dataset["val"].mask.names == NAMES
    batch = dataset["train"].read(range(len(dataset["train"])))
    assert set(np.unique(batch.mask).tolist()) == {0, 1, 2, 3, 255}
    assert (dataset["val"].read([0]).mask == 255).all()


def test_its_samples_are_shown_in_the_colours_of_their_classes(labelled: Path) -> None:
    sheet = draw_preview(open_dataset(labelled), "train", 4).reshape(-1, 3)
    assert (sheet == open_dataset(labelled).manifest.mask.colours[0]).all(axis=1).sum() > 1000
    sample = torch_dataset(open_dataset(labelled)["val"], res=16)[1]
    assert sample["mask"].dtype == torch.int64 and sample["mask"].shape == (12, 16)


def test_a_number_that_is_no_class_is_refused(labelled: Path, tmp_path: Path) -> None:
    shutil.copytree(labelled, tmp_path / "shards")
    manifest = json.loads((tmp_path / "shards" / "dataset.json").read_text())
    for field in ("names", "colours"):
        del manifest["mask"][field][3]
    (tmp_path / "shards" / "dataset.json").write_text(json.dumps(manifest))
    train = open_dataset(tmp_path / "shards")["train"]
    with pytest.raises(DatasetError, match=r"mask of sample \d+: expected classes from 0 to 2, .* 3 at"):
        train.read(range(len(train)))


def test_a_network_learns_the_classes(run: Path) -> None:
    saved = load_checkpoint(run / "last.pt")
    assert saved.config["mask"]["names"] == NAMES and saved.config["mask_loss"].keys() == {
        "dice",
        "iou",
        "ce",
    }
    assert saved.model["mask_head.weight"].shape[0] == 4
    rows = (run / "log" / "metrics.csv").read_text().splitlines()
    head, *values = [line.split(",") for line in rows]
    losses = [float(row[head.index("train_loss")]) for row in values]
    assert losses[-1] < 0.9 * losses[0]
    assert {"train_loss/ce", "val_iou", "val_mean_iou", "val_iou/none", "val_depth_rmse"} <= set(head)
    last = saved.metrics
    of_classes = [value for name, value in last.items() if name.startswith("val_iou/")]
    assert last["val_mean_iou"] == pytest.approx(np.mean(of_classes)) and 1 < len(of_classes) <= 4
    assert 0 < float(values[-1][head.index("val_iou")]) <= 1


def test_a_run_that_goes_on_is_the_run_that_was_never_stopped(
    run: Path, labelled: Path, tmp_path: Path
) -> None:
    train(TrainConfig(data=labelled, out=tmp_path, **FIELDS | {"stages": [(32, 2)]}))
    train(
        TrainConfig(data=labelled, out=tmp_path, stages=[(32, 4)], device="cpu", precision="32"), resume=True
    )
    whole, parts = weights(run), weights(tmp_path)
    assert whole.keys() == parts.keys()
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_a_network_that_knows_no_classes_is_refused_beside_it(
    run: Path, labelled: Path, salient: Path, tmp_path: Path
) -> None:
    result = CliRunner().invoke(
        main,
        [
            "evaluate",
            str(labelled),
            "--checkpoint",
            str(run),
            "--network",
            str(salient),
            "--out",
            str(tmp_path),
        ],
    )
    assert (result.exit_code, result.stderr) == (
        2,
        "fgbg: --network: expected a dataset whose masks are alpha, found 4 classes; leave it out: such a"
        " network knows no classes\n",
    )


def test_a_batch_of_void_has_no_figures_but_a_report(run: Path, labelled: Path, tmp_path: Path) -> None:
    # The whole first sample is ignored.
    arguments = ["--samples", "1", "--device", "cpu", "--no-mirror", "--out", str(tmp_path)]
    result = CliRunner().invoke(main, ["evaluate", str(labelled), "--checkpoint", str(run), *arguments])
    assert result.exit_code == 0, result.stderr
    document = json.loads((tmp_path / "metrics.json").read_text())
    assert document["network"]["clean"]["calibration_error"]["mean"] is None
    assert "reliability curve" not in (tmp_path / "report.html").read_text()


def test_it_is_evaluated_by_class_without_ignored_pixels(run: Path, labelled: Path, tmp_path: Path) -> None:
    figures = write_evaluation(run, labelled, tmp_path, device="cpu", progress=False)
    found = figures["network"]["clean"]
    assert {"iou", "pixel_accuracy", "depth_rmse"} <= found.keys()
    classes = figures["classes"]["clean"]
    assert list(classes["by_class"]) == NAMES and 0 < classes["mean_iou"]["mean"] < 1
    size = open_dataset(labelled).manifest.size
    ignored = sum((sample.mask == 255).sum() for sample in open_dataset(labelled)["val"])
    assert np.sum(classes["confusion"]) == figures["samples"] * size[0] * size[1] - ignored
    assert (tmp_path / "confusion.csv").read_text().startswith("background,truth \\ predicted,none,left,")
    assert len((tmp_path / "classes.csv").read_text().splitlines()) == 1 + 3 * 4
    assert "Confusion of classes" in (tmp_path / "report.html").read_text()
    # The whole first sample is ignored, so it does not count.
    assert found["iou"]["samples"] == figures["samples"] - 1 and 0 < found["iou"]["mean"] < 1
    assert figures["per_sample"]["network"]["clean"]["iou"][0] is None
    assert figures["baselines"]["threshold"] == {} and figures["by_size"] == {}
    assert (tmp_path / "report.html").exists() and (tmp_path / "clean.png").exists()
    assert figures == json.loads((tmp_path / "metrics.json").read_text())


def test_it_predicts_classes_at_the_size_of_the_picture(run: Path, labelled: Path, tmp_path: Path) -> None:
    predictor = Predictor.load(run, device="cpu")
    sample = open_dataset(labelled)["val"][1]
    picture, bg = (cv2.resize(part, (90, 67)) for part in (sample.fg_bg, sample.bg))
    predicted = predictor(picture, bg)
    assert predicted.mask.shape == (67, 90) and predicted.mask.dtype == np.uint8
    assert set(np.unique(predicted.mask)) <= {0, 1, 2, 3} and predicted.mask.any()
    assert predicted.classes is not None and predicted.classes.names == NAMES
    with pytest.raises(ConfigError, match="4 classes"):
        predicted.with_threshold(0.5)
    wanted = Wanted(("mask", "side-by-side"))
    files = write_prediction(tmp_path / "a", picture, predicted, wanted=wanted)
    with Image.open(files["mask"]) as stored:
        # A pixel is the number of its class, in 8 bits, and has its colour.
        assert stored.mode == "P"
        assert (np.asarray(stored) == predicted.mask).all()
        shown = np.asarray(stored.convert("RGB"))
    assert (shown == np.array(predicted.classes.colours)[predicted.mask]).all()
    assert files["mask"].read_bytes()[24] == 8
    # Below the pictures is a legend in the colours of the classes that were found.
    legend = cv2.imread(str(files["side-by-side"]))[67:, :, ::-1].reshape(-1, 3)
    found = set(np.unique(predicted.mask).tolist())
    for number, colour in enumerate(predicted.classes.colours):
        assert (legend == colour).all(axis=1).any() == (number in found)
    colours = np.array(predicted.classes.colours)[predicted.mask]
    assert np.abs(overlay(picture, predicted) - (0.55 * picture + 0.45 * colours)).max() < 0.51


def test_an_exported_network_of_classes_answers_the_same(run: Path, labelled: Path, tmp_path: Path) -> None:
    config = NetworkExportConfig(checkpoint=run, format="onnx", out=tmp_path / "a.onnx")
    export_network(config)
    sample = open_dataset(labelled)["val"][1]
    one, other = (Predictor.load(path, device="cpu") for path in (run, tmp_path / "a.onnx"))
    assert other.engine.entry == one.engine.entry
    masks = [each(sample.fg_bg, sample.bg).mask for each in (one, other)]
    assert (masks[0] == masks[1]).mean() > 0.999


def test_its_answers_are_compared_by_class(run: Path, labelled: Path) -> None:
    runs, (picture, *_) = open_runs([run], "cpu"), read_samples(labelled, "val", 3)[1:]
    truth, found = predict_picture(runs, picture, with_bg=True).groups.values()
    assert [cell.title for cell in truth] == ["fg_bg", "mask", "depth"]
    predictor, target = runs[0].predictor, runs[0].engine.target
    score = target.agreement(predictor(picture.fg_bg, picture.bg).mask, picture.mask)
    assert found[0].note == f"IoU {score:.3f}" and 0 < score < 1
    shown = {tuple(colour) for colour in found[0].pixels.reshape(-1, 3).tolist()}
    assert shown <= {tuple(colour) for colour in target.entry.colours}


def test_masks_that_mean_something_else_are_refused(
    run: Path, labelled: Path, rendered: Path, trained: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"masks of 4 classes .* found alpha"):
        evaluate(run, rendered, device="cpu")
    with pytest.raises(UsageError, match=r"masks of alpha, .* found 4 classes"):
        evaluate(trained, labelled, device="cpu")
    for data, found in ((rendered, "4 classes .* found alpha"), (labelled, "alpha, .* found 4 classes")):
        with pytest.raises(UsageError, match=f"masks of {found}"):
            compare([run, trained], tmp_path / "out", data=data, device="cpu")
    shutil.copytree(run, tmp_path / "run")
    with pytest.raises(UsageError, match=r"masks of 4 classes .* found alpha"):
        train(TrainConfig(data=rendered, out=tmp_path / "run", stages=[(32, 9)], device="cpu"), resume=True)


def test_terms_of_the_loss_can_be_chosen_but_not_those_of_alpha(labelled: Path, tmp_path: Path) -> None:
    fields = {"data": labelled, **FIELDS, "epoch_samples": 4, "val_samples": 1, "inputs": 3}
    outcome = train(TrainConfig(out=tmp_path / "a", mask_loss={"focal": 1.0, "ce": 0.5}, **fields))
    # The only validation sample is ignored: it has no mask loss and no IoU.
    assert outcome.metrics["train_loss/focal"] > 0 and np.isnan(outcome.metrics["val_iou"])
    assert np.isfinite(outcome.metrics["val_loss"])
    with pytest.raises(ConfigError, match="terms among dice, ce, focal, iou, found bce"):
        train(TrainConfig(out=tmp_path / "b", mask_loss={"bce": 1.0}, **fields))


def test_a_run_of_other_classes_begins_with_all_but_the_head(
    run: Path, trained: Path, labelled: Path, tmp_path: Path
) -> None:
    fields = {"data": labelled, **FIELDS, "epoch_samples": 4, "val_samples": 1}
    lines: list[str] = []
    train(TrainConfig(out=tmp_path / "a", load=trained, **fields), say=lines.append)
    assert f"{trained / 'best.pt'}: weights of 14 of 15 layers loaded; new: mask_head" in lines
    train(TrainConfig(out=tmp_path / "b", load=run, **fields), say=lines.append)
    assert f"{run / 'best.pt'}: weights of 15 of 15 layers loaded" in lines


def test_the_elu_network_learns_two_classes(labelled: Path, tmp_path: Path) -> None:
    data = tmp_path / "shards"
    shutil.copytree(labelled, data)
    manifest = json.loads((data / "dataset.json").read_text())
    manifest["mask"]["names"], manifest["mask"]["colours"] = ["none", "object"], [[0, 0, 0], [9, 9, 200]]
    for split in manifest["splits"].values():
        for shard in split["shards"]:
            with h5py.File(data / shard["file"], "r+") as file:
                labels = file["mask"][:]
                file["mask"][:] = np.where(labels == 255, 255, np.minimum(labels, 1))
            shard["blake3"] = hash_file(data / shard["file"])
    (data / "dataset.json").write_text(json.dumps(manifest))
    fields = FIELDS | {"data": data, "epoch_samples": 8, "val_samples": 4, "model": "unet-elu", "inputs": 3}
    outcome = train(TrainConfig(out=tmp_path / "out", mask_loss={"ce": 1.0}, depth_head=False, **fields))
    assert {"val_iou/none", "val_iou/object"} <= outcome.metrics.keys()
    assert load_checkpoint(outcome.last).model["mask_head.weight"].shape[0] == 2


def test_weights_of_classes_are_those_of_the_run_when_it_goes_on(labelled: Path, tmp_path: Path) -> None:
    fields = {"data": labelled, **FIELDS, "epoch_samples": 8, "val_samples": 1, "stages": [(32, 1)]}
    train(TrainConfig(out=tmp_path, class_weights="auto", **fields))
    found = load_checkpoint(tmp_path / "last.pt").config["class_weights"]
    assert list(found) == NAMES and len(set(found.values())) > 1
    lines: list[str] = []
    again = TrainConfig(data=labelled, out=tmp_path, stages=[(32, 2)], class_weights="auto", device="cpu")
    train(again, resume=True, say=lines.append)
    assert load_checkpoint(tmp_path / "last.pt").config["class_weights"] == found
    assert (
        "`class_weights=auto` has no effect with `resume=True`: the run keeps the value that it found"
        in lines
    )


def test_the_summary_of_a_network_counts_its_classes(labelled: Path, rendered: Path, tmp_path: Path) -> None:
    four, one, unknown = (
        describe_network({"data": data, "out": tmp_path, "model": "unet", "widths": (4, 8)})
        for data in (labelled, rendered, tmp_path / "none")
    )
    assert four.parameters - one.parameters == 3 * (4 + 1)
    assert one.parameters == unknown.parameters


def test_classes_need_a_name_and_a_colour_each() -> None:
    for names, colours in ((["a"], [[0, 0, 0]]), (["a", "a"], [[0] * 3] * 2), (["a", "b"], [[0] * 3])):
        with pytest.raises(ValueError, match=r"names|colours"):
            ClassMask(names=names, colours=colours)


def test_the_command_refuses_what_classes_do_not_have_before_it_predicts(run: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((20, 30, 3), 90, np.uint8))
    out = tmp_path / "out"
    for option, value in (("--write", "mask,cutout"), ("--mask-threshold", "0.5")):
        arguments = ["predict", str(tmp_path / "a.png"), "--checkpoint", str(run), "--out", str(out)]
        result = CliRunner().invoke(main, [*arguments, option, value])
        assert result.exit_code == 2 and not out.exists()
        assert "expected a network of soft masks, found 4 classes; leave" in result.stderr
