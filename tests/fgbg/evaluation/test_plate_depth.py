from pathlib import Path

import numpy as np
import pytest
import torch

from fgbg.evaluation.plate_depth import PLATE_DEPTH, plate_depth, summarise_plate_depth
from generator.reading.dataset import open_dataset
from training.evaluation.evaluate import evaluate
from training.models import Prediction
from training.target import target_of


def flat(bg: torch.Tensor | None, fg_bg: torch.Tensor) -> Prediction:
    """A network that sees no object, and the same depth everywhere."""
    nothing = torch.full_like(fg_bg[:, :1], -9)
    return Prediction(nothing, torch.full_like(nothing, 0.25))


def test_the_depth_of_backgrounds_with_and_without_objects(unrendered: Path) -> None:
    split = open_dataset(unrendered)["val"]
    rows, target, device = np.arange(len(split)), target_of(split.mask), torch.device("cpu")
    batch, plates = split.read(rows), split.scene_depth(rows)
    assert plates is not None

    def perfect(bg: torch.Tensor | None, fg_bg: torch.Tensor) -> Prediction:
        masks = torch.from_numpy(batch.mask[: len(fg_bg)])[:, None].float()
        return Prediction(masks / 255 * 20 - 10, torch.full_like(masks, 0.25))

    errors = np.abs(plates.astype(float) - batch.depth) / 65534
    own = np.sqrt((errors**2).mean(axis=(1, 2)))
    for see, best in ((flat, False), (perfect, True)):
        further = {PLATE_DEPTH: plate_depth(split, target)}
        evaluation = evaluate(split, rows, see, target, 32, device, further=further)
        found = summarise_plate_depth(evaluation)
        assert found is not None and found["samples"] == len(split)
        assert found["bg_depth"]["depth_rmse"].value == pytest.approx(own.mean(), rel=1e-4)
        assert found["network"]["depth_rmse"].value == pytest.approx(
            evaluation.network["clean"]["depth_rmse"].mean(), rel=1e-4
        )
        with_bg = found["with_background"]
        if best:
            assert with_bg["depth_rmse"].value < 0.5 * found["bg_depth"]["depth_rmse"].value
            inside = found["bg_depth"]["depth_rmse_objects"].value
            assert with_bg["depth_rmse_objects"].value < 0.5 * inside
        else:
            assert with_bg["depth_rmse"].value == found["bg_depth"]["depth_rmse"].value
