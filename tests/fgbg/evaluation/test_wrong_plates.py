from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fgbg.evaluation import wrong_plates
from fgbg.evaluation.evaluate import evaluate
from fgbg.evaluation.wrong_plates import WRONG_PLATES, summarise_wrong_plates
from generator.reading.dataset import open_dataset
from generator.reading.split import Split
from training.evaluation.evaluate import Evaluation
from training.evaluation.evaluate import evaluate as measure
from training.models import Prediction
from training.target import target_of


def difference(bg: torch.Tensor | None, fg_bg: torch.Tensor) -> Prediction:
    """A network that marks what differs from the background; everything, without one."""
    seen = torch.ones_like(fg_bg) if bg is None else (fg_bg - bg).abs()
    return Prediction(seen.amax(dim=1, keepdim=True) * 100 - 1, None)


def measured(split: Split) -> tuple[Evaluation, dict[str, Any]]:
    rows, target = np.arange(len(split)), target_of(split.mask)
    further = {WRONG_PLATES: wrong_plates.wrong_plates(split, rows, difference, target)}
    evaluation = measure(split, rows, difference, target, 32, torch.device("cpu"), further=further)
    return evaluation, summarise_wrong_plates(evaluation)


def test_backgrounds_that_do_not_fit_are_as_good_as_none(unrendered: Path) -> None:
    split = open_dataset(unrendered)["val"]
    evaluation, found = measured(split)
    assert found["samples"] == len(split)
    absent = evaluation.network["absent"]["iou"].mean()
    assert found["without"]["iou"].value == pytest.approx(absent)
    itself = found["kinds"]["picture itself"]
    assert itself["used"] == 0 and itself["iou"].value == pytest.approx(absent)
    # The difference from the background itself is the object, on its edge as well.
    assert found["kinds"]["clean"]["iou"].value > absent
    for kind in found["kinds"].values():
        assert 0 <= kind["used"] <= 1 and kind["iou"].samples == len(split)


def test_a_background_that_is_used_is_what_the_network_gets(
    unrendered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Fits:
        misfit = None

    monkeypatch.setattr(wrong_plates, "plate_fit", lambda bg, fg_bg: Fits())
    split = open_dataset(unrendered)["val"]
    evaluation, found = measured(split)
    assert all(kind["used"] == 1 for kind in found["kinds"].values())
    for condition in ("clean", "perturbed"):
        expected = evaluation.network[condition]["iou"].mean()
        assert found["kinds"][condition]["iou"].value == pytest.approx(expected)
    # Nothing differs from the picture itself.
    assert found["kinds"]["picture itself"]["iou"].value == 0


def test_figures_have_them_and_a_network_without_backgrounds_has_none(
    trained: Path, trained_for_masks: Path, unrendered: Path
) -> None:
    figures = evaluate(trained, unrendered, samples=2, device="cpu", progress=False)
    assert figures["wrong_backgrounds"]["samples"] == 2
    assert set(figures["wrong_backgrounds"]["kinds"]) >= {"clean", "perturbed", "shifted", "zoomed"}
    figures = evaluate(trained_for_masks, unrendered, samples=2, device="cpu", progress=False)
    assert figures["wrong_backgrounds"] == {} and figures["depth_with_background"] is None
