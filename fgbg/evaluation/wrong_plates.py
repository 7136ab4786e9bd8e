"""What `fgbg predict` does with backgrounds that do not fit: which ones it uses, and how good masks are."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import torch

from fgbg.predictor.plate_fit import plate_fit
from generator.reading.split import Split
from training.batches.prepare import Prepared, to_network
from training.evaluation.bootstrap import estimate
from training.evaluation.careless_camera import perturb_backgrounds
from training.evaluation.evaluate import Backgrounds, Evaluation, Measures, See, looked_at
from training.target import Target

MOST_SAMPLES = 1000
"""Samples that are measured: the first ones, of a split in random order."""
SHIFT = 8 / 192
"""Of a shifted background, to the right, as a share of the longer side."""
ZOOM = 1.1
"""Of a zoomed background."""

Pictures = np.ndarray
"""(B, H, W, 3) uint8."""


def measure_wrong_plates(
    split: Split, see: See, target: Target, res: int, device: torch.device, evaluation: Evaluation
) -> dict[str, Any]:
    """The mean IoU with each kind of background, which is left out where it does not fit, as by `predict`.

    Backgrounds are not aligned: `fgbg predict` moves shifted and zoomed ones first, unless it is told not to.

    Args:
        split, see, target, res, device: as for `training.evaluation.evaluate.evaluate`.
        evaluation: of samples of the split, of which the first `MOST_SAMPLES` are measured.

    Returns:
        What docs/evaluate.md says of `wrong_backgrounds`; empty if the network was given no backgrounds.
    """
    if "clean" not in evaluation.network:
        return {}
    rows, network = evaluation.rows[:MOST_SAMPLES], _by_name(evaluation)
    kinds: dict[str, Callable[[np.ndarray, Pictures, Pictures], Pictures]] = {
        "clean": lambda _, bg, __: bg,
        "perturbed": lambda numbers, bg, _: _perturbed(bg, numbers),
        "shifted": lambda _, bg, __: _moved(bg, SHIFT, 1),
        "zoomed": lambda _, bg, __: _moved(bg, 0, ZOOM),
        "picture itself": lambda _, __, fg_bg: fg_bg,
    }
    others = _other_places(split, rows)
    if others is not None:
        kinds["other place"] = lambda numbers, _, __: split.read(others[np.searchsorted(rows, numbers)]).bg
    absent = evaluation.network["absent"]["iou"][: len(rows)]

    def look(
        numbers: np.ndarray, batch: Prepared, _: Backgrounds
    ) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        integers, places = split.read(numbers), np.searchsorted(rows, numbers)
        found = {}
        for kind, make in kinds.items():
            plates = make(numbers, integers.bg, integers.fg_bg)
            pairs = zip(plates, integers.fg_bg, strict=True)
            used = np.array([plate_fit(plate, picture).misfit is None for plate, picture in pairs])
            ious = absent[places].copy()
            if kind in network:
                ious[used] = network[kind]["iou"][places][used]
            elif used.any():
                size = batch.fg_bg.shape[-2], batch.fg_bg.shape[-1]
                some = torch.from_numpy(used).to(device)
                bg = to_network(torch.from_numpy(plates[used]).to(device), size)
                prediction = see(bg, batch.fg_bg[some])
                ious[used] = target.iou(prediction.mask_logits, batch.truth.mask[some]).cpu().numpy()
            found[kind] = used, ious
        return found

    parts = [found for _, found in looked_at(split, rows, target, res, device, look)]
    return {
        "samples": len(rows),
        "without": {"iou": estimate(absent)},
        "kinds": {kind: _summed([part[kind] for part in parts]) for kind in kinds},
    }


def _by_name(evaluation: Evaluation) -> dict[str, Measures]:
    return {str(condition): measures for condition, measures in evaluation.network.items()}


def _summed(parts: list[tuple[np.ndarray, np.ndarray]]) -> dict[str, Any]:
    used, ious = (np.concatenate([part[place] for part in parts]) for place in (0, 1))
    return {"used": float(used.mean()), "iou": estimate(ious)}


def _other_places(split: Split, rows: np.ndarray) -> np.ndarray | None:
    """For each sample the next one of another scene; None if all show the same."""
    scenes = split.scenes[rows]
    if (scenes == scenes[0]).all():
        return None
    others = np.roll(rows, -1)
    while (same := split.scenes[others] == scenes).any():
        others[same] = np.roll(others, -1)[same]
    return others


def _perturbed(bg: Pictures, numbers: np.ndarray) -> Pictures:
    perturbed = perturb_backgrounds(to_network(torch.from_numpy(bg), bg.shape[1:3]), numbers)
    levels: np.ndarray = ((perturbed + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    return levels


def _moved(bg: Pictures, right: float, zoom: float) -> Pictures:
    """Backgrounds shifted by a share of the longer side, and zoomed around their middle."""
    height, width = bg.shape[1:3]
    motion = np.array(
        [
            [zoom, 0, (1 - zoom) * (width - 1) / 2 + right * max(height, width)],
            [0, zoom, (1 - zoom) * (height - 1) / 2],
        ]
    )
    return np.stack(
        [cv2.warpAffine(one, motion, (width, height), borderMode=cv2.BORDER_REFLECT_101) for one in bg]
    )
