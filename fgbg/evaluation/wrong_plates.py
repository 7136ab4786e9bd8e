"""What `fgbg predict` does with backgrounds that do not fit: which ones it uses, and how good masks are."""

from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from fgbg.predictor.plate_fit import plate_fit
from generator.reading.split import Split
from training.batches.prepare import to_network
from training.evaluation.bootstrap import estimate
from training.evaluation.evaluate import Columns, Evaluation, Further, Predictions, See
from training.evaluation.read_samples import Samples
from training.target import Target

WRONG_PLATES = "wrong plates"
"""The name of this measure."""
SHIFT = 8 / 192
"""Of a shifted background, to the right, as a share of the longer side."""
ZOOM = 1.1
"""Of a zoomed background."""

Pictures = np.ndarray
"""(B, H, W, 3) uint8."""


def wrong_plates(split: Split, rows: np.ndarray, see: See, target: Target) -> Further:
    """Measure the IoU with each kind of background, which is left out where it does not fit, as by `predict`.

    Backgrounds are not aligned: `fgbg predict` moves shifted and zoomed ones first, unless it is told not to.

    Args:
        split: that the samples are of; it has backgrounds.
        rows: (n,) int64, ascending, the samples.
        see, target: as for `training.evaluation.evaluate.evaluate`.

    Returns:
        Gives for each kind (B, 2) float: whether the background is used, and the IoU.
    """
    others = _other_places(split, rows)

    def look(batch: Samples, predictions: Predictions) -> Columns:
        assert batch.stored.bg is not None and batch.perturbed is not None
        bg, fg_bg = (pictures.cpu().numpy() for pictures in (batch.stored.bg, batch.stored.fg_bg))
        kinds = {
            "clean": bg,
            "perturbed": _levels(batch.perturbed),
            "shifted": _moved(bg, SHIFT, 1),
            "zoomed": _moved(bg, 0, ZOOM),
            "picture itself": fg_bg,
        }
        if others is not None:
            kinds["other place"] = split.read(others[np.searchsorted(rows, batch.numbers)]).bg
        known = {
            str(name): target.iou(prediction.mask_logits, batch.truth.mask).cpu().numpy()
            for name, prediction in predictions.items()
        }
        columns = {}
        for kind, plates in kinds.items():
            pairs = zip(plates, fg_bg, strict=True)
            used = np.array([plate_fit(plate, picture).misfit is None for plate, picture in pairs])
            ious = known["absent"].copy()
            if kind in known:
                ious[used] = known[kind][used]
            elif used.any():
                some = torch.from_numpy(used).to(batch.fg_bg.device)
                plates_used = torch.from_numpy(plates[used]).to(batch.fg_bg.device)
                prediction = see(to_network(plates_used, batch.size), batch.fg_bg[some])
                ious[used] = target.iou(prediction.mask_logits, batch.truth.mask[some]).cpu().numpy()
            columns[kind] = np.stack([used, ious], axis=1)
        return columns

    return look


def summarise_wrong_plates(evaluation: Evaluation) -> dict[str, Any]:
    """What docs/evaluate.md says of `wrong_backgrounds`; empty where they were not measured."""
    measures = evaluation.further.get(WRONG_PLATES)
    if measures is None:
        return {}
    samples = len(measures["clean"])
    return {
        "samples": samples,
        "without": {"iou": estimate(evaluation.network["absent"]["iou"][:samples])},
        "kinds": {
            kind: {"used": float(used.mean()), "iou": estimate(ious)}
            for kind, (used, ious) in ((kind, column.T) for kind, column in measures.items())
        },
    }


def _other_places(split: Split, rows: np.ndarray) -> np.ndarray | None:
    """For each sample the next one of another scene; None if all show the same."""
    scenes = split.scenes[rows]
    if (scenes == scenes[0]).all():
        return None
    others = np.roll(rows, -1)
    while (same := split.scenes[others] == scenes).any():
        others[same] = np.roll(others, -1)[same]
    return others


def _levels(pictures: Tensor) -> Pictures:
    """(B, 3, H, W) float in [-1, 1] -> uint8."""
    levels: np.ndarray = ((pictures + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()
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
