"""False pixels of a network and of the threshold, in the three pictures of `test_evaluate`."""

from typing import Any

import numpy as np
import pytest
import torch

from tests.training.evaluation.test_evaluate import CPU, NAMES, Drawn, see
from training.evaluation import read_samples, threshold_masks
from training.evaluation.empty_scenes import EmptyScenes, FalsePixels, empty_scenes, false_pixels
from training.evaluation.evaluate import Evaluation, evaluate
from training.evaluation.summary import summarise
from training.evaluation.threshold_masks import measure_thresholds
from training.target import AlphaTarget

TARGET = AlphaTarget()


def evaluated(split: Any, rows: list[int], conditions: Any = ("clean", "perturbed", "absent")) -> Evaluation:
    evaluation = evaluate(split, np.array(rows), see, TARGET, 8, CPU, conditions)
    return measure_thresholds(evaluation, split, TARGET, 8, CPU)


def found(split: Any, evaluation: Evaluation) -> FalsePixels:
    scenes = empty_scenes(split, evaluation)
    assert scenes is not None
    return false_pixels(scenes, evaluation, split, see, TARGET, 8, CPU)


def test_the_threshold_has_every_measure_at_its_best_level() -> None:
    clean = evaluated(Drawn(), [0, 1, 2]).thresholds["clean"]
    # From 6 on, the faint pixel of the third sample is not taken for an object.
    assert clean.threshold == 6 and set(clean.measures) == {"iou", "dice", "pixel_accuracy", "boundary_f"}
    assert clean.measures["iou"] == pytest.approx([1, 0.5, 1])
    assert clean.measures["pixel_accuracy"] == pytest.approx([1, 60 / 64, 1])
    # All edges of the half object are within 2 pixels of those of the whole one, and the reverse.
    assert clean.measures["boundary_f"] == pytest.approx([1, 1, 1])


def test_only_the_first_samples_are_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    every = evaluated(Drawn(), [0, 1, 2]).thresholds["perturbed"].measures
    monkeypatch.setattr(threshold_masks, "MOST_SAMPLES", 2)
    first = evaluated(Drawn(), [0, 1, 2]).thresholds["perturbed"].measures
    assert list(first) == list(every) and first["iou"].tolist() == every["iou"].tolist()
    for name in ("dice", "pixel_accuracy", "boundary_f"):
        assert first[name][:2].tolist() == every[name][:2].tolist() and np.isnan(first[name][2])


def test_samples_without_an_object_are_empty_scenes() -> None:
    split = Drawn()
    split.fg_bg[2, 0, :3, 2] = 250  # seen in the empty sample by the network, and by any threshold
    false = found(split, evaluated(split, [0, 2, 1]))
    assert (false.scenes.kind, false.scenes.rows.tolist()) == ("samples", [2])
    assert false.network["clean"] == pytest.approx([3 / 64]) and false.network["absent"].tolist() == [1]
    assert false.thresholds["clean"] == pytest.approx([3 / 64])


def test_without_empty_samples_backgrounds_are_shown_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    def stripe(bg: torch.Tensor, _: np.ndarray) -> torch.Tensor:
        """Make one of 8 rows white."""
        striped = bg.clone()
        striped[:, :, 2] = 1
        return striped

    monkeypatch.setattr(read_samples, "perturb_backgrounds", stripe)
    split = Drawn()
    split.mask[2, :4, :4] = 255
    false = found(split, evaluated(split, [2, 0, 1]))
    # Samples 2 and 0 have the same background.
    assert (false.scenes.kind, false.scenes.rows.tolist()) == ("backgrounds", [2, 1])
    # Nothing differs from a background but its careless copy. Without it, `see` finds objects everywhere.
    assert false.network["clean"].tolist() == false.thresholds["clean"].tolist() == [0, 0]
    assert false.network["perturbed"].tolist() == false.thresholds["perturbed"].tolist() == [1 / 8, 1 / 8]
    assert false.network["absent"].tolist() == [1, 1]
    document = summarise(evaluated(split, [2, 0, 1]), NAMES, false=false)["empty_scenes"]
    assert (document["kind"], document["scenes"]) == ("backgrounds", 2)
    assert document["false_pixels"]["absent"]["mean"] == 1
    assert set(document["false_pixels"]) == {
        *("clean", "perturbed", "absent"),
        *("threshold_clean", "threshold_perturbed"),
    }


def test_a_network_without_background_sees_the_plain_background_alone() -> None:
    split = Drawn()
    split.mask[2, :4, :4] = 255
    false = found(split, evaluated(split, [0, 1, 2], ("absent",)))
    assert list(false.network) == ["absent"] and false.scenes == EmptyScenes("backgrounds", false.scenes.rows)


def test_without_empty_samples_and_backgrounds_there_is_no_empty_scene() -> None:
    split: Any = Drawn()
    split.mask[2, :4, :4] = 255
    evaluation = evaluated(split, [0, 1, 2])
    split.has_bg = False
    assert empty_scenes(split, evaluation) is None
    assert summarise(evaluation, NAMES)["empty_scenes"] is None
