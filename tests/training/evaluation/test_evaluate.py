"""A network with known answers for three pictures of 8 x 8; all measures are calculated by hand."""

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from generator.reading.batch import Batch
from training.errors import DeviceMemoryError
from training.evaluation import evaluate as evaluating
from training.evaluation import read_samples
from training.evaluation.baselines import depth_of_backgrounds
from training.evaluation.evaluate import Evaluation, Predictions, evaluate
from training.evaluation.read_samples import Samples
from training.evaluation.summary import summarise
from training.models import Prediction
from training.target import AlphaTarget

CPU = torch.device("cpu")
NAMES = ["hall.jpg", "lawn.jpg", "unused.jpg"].__getitem__


class Drawn:
    """Three samples on black backgrounds: an object that is found, one that is half found, and a faint pixel.

    Depth of the first: half 0 and half 1; of the second: unknown; of the third: half 1 and half unknown.
    """

    size = (8, 8)
    has_bg = has_depth = shares_scenes = True

    def __init__(self) -> None:
        self.scenes = np.array([1, 0, 1])
        bg_depth = np.zeros((3, 8, 8), np.uint16)
        bg_depth[1] = 65535
        self.bg_depth = bg_depth
        self.fg_bg = np.zeros((3, 8, 8, 3), np.uint8)
        self.mask = np.zeros((3, 8, 8), np.uint8)
        self.depth = np.zeros((3, 8, 8), np.uint16)
        self.mask[0, :4, :4] = self.mask[1, 6:, :4] = 255
        self.fg_bg[0, :4, :4, 1] = 200
        self.fg_bg[1, 6, :4] = 10
        self.fg_bg[2, 0, 0, 2] = 5
        self.depth[0, :4], self.depth[0, 4:], self.depth[2, :4] = 1, 65535, 65535

    def scene_depth(self, rows: np.ndarray) -> np.ndarray:
        return self.bg_depth[self.scenes[rows]]

    def read(self, rows: np.ndarray, out: Batch) -> None:
        out.bg[:] = 0
        out.fg_bg[:], out.mask[:], out.depth[:] = self.fg_bg[rows], self.mask[rows], self.depth[rows]


def see(bg: torch.Tensor | None, fg_bg: torch.Tensor) -> Prediction:
    """A network: the mask is where the background differs by 8 levels or more; all of it without one."""
    found = torch.ones_like(fg_bg[:, :1], dtype=torch.bool)
    if bg is not None:
        found = (fg_bg - bg).abs().amax(dim=1, keepdim=True) * 127.5 > 7.5
    return Prediction(torch.where(found, 9.0, -9.0), torch.full_like(fg_bg[:, :1], 0.5))


def measured(network: Any = see, **options: Any) -> Evaluation:
    return evaluate(Drawn(), np.arange(3), network, AlphaTarget(), 8, CPU, **options)


def test_masks_by_hand() -> None:
    network = measured().network
    assert list(network) == ["clean", "perturbed", "absent"]
    assert network["clean"]["iou"] == pytest.approx([1, 4 / 8, 1])
    assert network["clean"]["dice"] == pytest.approx([1, 2 * 4 / 12, 1])
    assert network["clean"]["pixel_accuracy"] == pytest.approx([1, 60 / 64, 1])
    assert network["absent"]["iou"] == pytest.approx([16 / 64, 8 / 64, 0])


def test_the_perturbed_background_is_what_the_network_gets() -> None:
    given: list[torch.Tensor | None] = []

    def look(bg: torch.Tensor | None, fg_bg: torch.Tensor) -> Prediction:
        given.append(bg)
        return see(bg, fg_bg)

    measured(look)
    clean, perturbed, absent = given
    assert absent is None and clean is not None and (clean == -1).all()
    # Noise on black (the negative half is clipped), then JPEG.
    assert perturbed is not None and 0.5 < ((perturbed + 1) * 127.5).mean() < 4


def test_backgrounds_are_perturbed_before_they_are_scaled(monkeypatch: pytest.MonkeyPatch) -> None:
    def stripe(bg: torch.Tensor, rows: np.ndarray) -> torch.Tensor:
        """Make one row white, at the dataset's size."""
        assert bg.shape == (3, 3, 8, 8) and rows.tolist() == [0, 1, 2]
        striped = bg.clone()
        striped[:, :, 2] = 1
        return striped

    monkeypatch.setattr(read_samples, "perturb_backgrounds", stripe)
    (batch,) = read_samples.read_samples(Drawn(), np.arange(3), AlphaTarget(), 4, CPU)
    perturbed = batch.backgrounds["perturbed"]
    assert perturbed is not None and batch.bg.shape == perturbed.shape == (3, 3, 4, 4)
    assert perturbed[0, 0, :, 0].tolist() == [-1, 0, -1, -1]


@pytest.mark.parametrize(
    "error",
    [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("can't allocate memory"), MemoryError()],
)
def test_where_memory_runs_out_batches_are_halved_and_the_numbers_are_the_same(error: Exception) -> None:
    sizes: list[int] = []

    def cramped(bg: torch.Tensor | None, fg_bg: torch.Tensor) -> Prediction:
        """Out of memory in the third condition, when there are results of the first two already."""
        sizes.append(len(fg_bg))
        if len(fg_bg) > 1 and bg is None:
            raise error
        return see(bg, fg_bg)

    rows = np.array([0, 1, 2, 0, 1])
    expected = summarise(evaluate(Drawn(), rows, see, AlphaTarget(), 8, CPU), NAMES)
    assert summarise(evaluate(Drawn(), rows, cramped, AlphaTarget(), 8, CPU), NAMES) == expected
    assert sizes == [5] * 3 + [2] * 3 + [1] * 3 * 5


def test_a_sample_that_does_not_fit_is_one_error_and_others_pass() -> None:
    def full(bg: torch.Tensor | None, fg_bg: torch.Tensor) -> Prediction:
        raise error

    error = torch.OutOfMemoryError("CUDA out of memory")
    with pytest.raises(DeviceMemoryError, match=r"cpu has too little memory for a picture at 8 px\. Lower"):
        measured(full)
    error = RuntimeError("sizes of tensors must match")
    with pytest.raises(RuntimeError, match="sizes of tensors"):
        measured(full)


@pytest.mark.parametrize(("pixels", "batches"), [(64, [[0], [1]]), (2 * 64, [[0, 1]]), (3 * 64, [[0, 1, 2]])])
def test_more_is_measured_of_the_first_samples_only(
    pixels: int, batches: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[int]] = []

    def brightest(batch: Samples, predictions: Predictions) -> dict[str, torch.Tensor]:
        assert list(predictions) == ["clean", "perturbed", "absent"]
        assert batch.stored.fg_bg.shape == (len(batch.numbers), 8, 8, 3)
        seen.append(batch.numbers.tolist())
        return {"level": batch.stored.fg_bg.flatten(1).amax(dim=1)}

    monkeypatch.setattr(evaluating, "MOST_SAMPLES", 2)
    monkeypatch.setattr(read_samples, "_PIXELS_ON_CPU", pixels)
    evaluation = measured(further={"brightest": brightest})
    assert seen == batches
    assert evaluation.further["brightest"]["level"].tolist() == [200, 10]
    assert len(evaluation.network["clean"]["iou"]) == 3


def test_the_best_threshold_by_hand() -> None:
    baseline = measured().thresholds["clean"]
    # A threshold up to 5 takes the faint pixel for an object; above 10, half of the second object is lost.
    assert baseline.threshold == 6
    assert baseline.measures["iou"] == pytest.approx([1, 0.5, 1])
    assert set(measured().thresholds) == {"clean", "perturbed"}


def test_depth_by_hand() -> None:
    evaluation = measured()
    assert evaluation.known.tolist() == [64, 0, 32]
    assert evaluation.network["clean"]["depth_rmse"] == pytest.approx([0.5, math.nan, 0.5], nan_ok=True)
    assert evaluation.constant is not None and evaluation.bg_depth is not None
    assert evaluation.constant.depth == pytest.approx(64 / 96)
    # Errors: 2/3 and 1/3 in the halves of the first sample, 1/3 in the last one.
    expected = [(5 / 18) ** 0.5, math.nan, 1 / 3]
    assert evaluation.constant.rmse == pytest.approx(expected, nan_ok=True)
    assert evaluation.bg_depth["depth_rmse"] == pytest.approx([0.5**0.5, math.nan, 0], nan_ok=True)
    assert evaluation.bg_depth["depth_mae"] == pytest.approx([0.5, math.nan, 0], nan_ok=True)


def test_unknown_depth_of_a_background_is_its_mean_or_one_half() -> None:
    stored = np.array([[[0, 65535], [1, 65535]], [[0, 0], [0, 0]]], np.uint16)
    depth = depth_of_backgrounds(stored, (2, 2), CPU)
    assert depth.flatten(1).tolist() == [pytest.approx([2 / 3, 1, 0, 1]), [0.5] * 4]


def test_the_document() -> None:
    document = summarise(measured(), NAMES)
    json.dumps(document, allow_nan=False)
    clean = document["network"]["clean"]
    assert list(clean)[:5] == ["iou", "dice", "pixel_accuracy", "boundary_f", "calibration_error"]
    # 4 of 192 pixels are wrong; the network says 1 / (1 + exp(9)) or the rest to 1 of each.
    assert clean["calibration_error"]["mean"] == pytest.approx((4 - 188 / 8104) / 192, abs=1e-4)
    assert [part["share"] for part in document["calibration"]["clean"]] == pytest.approx(
        [172 / 192, *[0] * 13, 20 / 192], abs=1e-6
    )
    assert (clean["iou"]["mean"], clean["iou"]["samples"]) == (round(2.5 / 3, 6), 3)
    assert clean["iou"]["low"] < clean["iou"]["mean"] < clean["iou"]["high"]
    assert clean["depth_rmse"]["samples"] == 2
    baselines = document["baselines"]
    assert baselines["threshold"]["clean"]["threshold"] == 6
    assert baselines["constant_depth"]["depth_rmse_pixels"]["mean"] == round((2 / 9) ** 0.5, 6)
    # The pixels of the first sample with depth 0 are wrong by 1: 32 of 96.
    assert baselines["bg_depth"]["depth_rmse_pixels"]["mean"] == round((1 / 3) ** 0.5, 6)
    sizes = {name: group["samples"] for name, group in document["by_size"].items()}
    assert sizes == {"none": 1, "small": 0, "medium": 0, "large": 2}  # their shares are 16 / 64 and 8 / 64
    assert document["by_size"]["large"]["iou"]["clean"]["mean"] == 0.75
    assert document["by_size"]["small"]["iou"]["clean"]["mean"] is None
    hall, lawn = (document["by_background"][name] for name in ("hall.jpg", "lawn.jpg"))
    assert (hall["samples"], hall["iou"]["clean"], lawn["samples"], lawn["iou"]["clean"]) == (1, 0.5, 2, 1)
    assert document["backgrounds"]["iou"]["clean"]["mean"] == 0.75
    samples = document["per_sample"]
    assert samples["bg"] == ["lawn.jpg", "hall.jpg", "lawn.jpg"]
    assert samples["share"] == [0.25, 0.125, 0]
    assert samples["network"]["clean"]["depth_rmse"] == [0.5, None, 0.5]
    assert samples["threshold"]["clean"]["iou"] == [1, 0.5, 1]


def test_sizes_begin_above_and_end_with_their_limits() -> None:
    for shares, expected in (([0.0001, 0.02, 0.0201], [0, 2, 1, 0]), ([0.08, 0.0801, 1], [0, 0, 1, 2])):
        document = summarise(replace(measured(), shares=np.array(shares)), NAMES)
        assert [group["samples"] for group in document["by_size"].values()] == expected


def test_without_depth_head_and_without_background() -> None:
    def masks_alone(bg: torch.Tensor | None, fg_bg: torch.Tensor) -> Prediction:
        assert bg is None
        return see(bg, fg_bg)._replace(depth=None)

    evaluation = measured(masks_alone, conditions=("absent",))
    assert list(evaluation.network) == ["absent"] and "depth_rmse" not in evaluation.network["absent"]
    document = summarise(evaluation, NAMES)
    assert document["baselines"]["constant_depth"] is None and document["baselines"]["bg_depth"] is None
    assert set(document["baselines"]["threshold"]) == {"clean", "perturbed"}
