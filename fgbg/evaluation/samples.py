"""The worst, median and best samples of an evaluation: predictions and their errors."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from fgbg.evaluation.evaluate import Measurement
from generator.format.manifest import MaskEntry
from generator.look.colours import Colour, colour_mask, colour_shares, depth_scale
from generator.look.contact_sheet import (
    DEPTH_KEY,
    Column,
    Key,
    Row,
    colour_key,
    draw_contact_sheet,
    enlargement,
    fitted,
    mask_keys,
)
from training.batches.prepare import Prepared
from training.evaluation.evaluate import comparable
from training.evaluation.read_samples import Condition, Samples, looked_at
from training.evaluation.ready_made import found_at
from training.models import Prediction
from training.target import Target, answer_of

EACH = 3
"""Number of samples of each kind."""
FULL_DEPTH_ERROR = 0.25
"""Depth errors of this size and larger have the brightest colour."""

OVERLAP, MISSED, FALSE_ALARM = (60, 180, 75), (40, 120, 250), (235, 60, 45)
"""RGB of a mask compared with the truth: in both, only in the truth, only in the prediction."""


@dataclass(frozen=True)
class ShownSample:
    """A sample of an evaluation.

    Attributes:
        caption: its rank, number, background and IoU.
        pictures: (h, w, 3) uint8 at the network's resolution, by title.
    """

    caption: str
    pictures: dict[str, np.ndarray]


def shown_samples(measured: Measurement, condition: Condition) -> list[ShownSample]:
    """The worst, median and best samples by IoU, from worst to best.

    Each shows the background that was given, fg_bg, the true mask, the predicted mask and both compared (in
    both green, missed blue, false alarms red, over the picture in grey). Without a background, also the mask
    before training, if there is one. Where the network has a depth head, also the true depth, the predicted
    depth and its error (black where the depth is unknown).

    Args:
        measured: the evaluation.
        condition: in which the samples are ranked and shown.
    """
    evaluation = measured.evaluation
    ious = evaluation.network[condition]["iou"]
    ranked = extremes(ious)
    pictures = _answers(measured, evaluation.rows[[place for _, place in ranked]], condition)
    return [
        ShownSample(
            f"{kind}: sample {measured.split.caption(evaluation.rows[place])}, "
            f"background {condition}, IoU {ious[place]:.4f}{_before(measured, condition, place)}",
            of_sample,
        )
        for (kind, place), of_sample in zip(ranked, pictures, strict=True)
    ]


def _before(measured: Measurement, condition: Condition, place: int) -> str:
    """The end of a caption: the IoU before training, if it is shown."""
    if measured.before is None or condition != "absent":
        return ""
    return f", before training {measured.before.found.measures['iou'][place]:.4f}"


def draw_samples(samples: Sequence[ShownSample], entry: MaskEntry) -> np.ndarray:
    """The samples as one contact sheet: (H, W, 3) uint8, a row per sample.

    Args:
        samples: at least one.
        entry: what their masks mean.
    """
    titles = list(samples[0].pictures)
    height, width = samples[0].pictures["fg_bg"].shape[:2]
    factor = enlargement(width, height)
    rows = [
        Row(
            [fitted(sample.pictures[title], (width * factor, height * factor)) for title in titles],
            sample.caption,
        )
        for sample in samples
    ]
    legend = mask_keys(entry) + [colour_key(colour, text) for colour, text in comparison_key(entry)]
    if "true depth" in titles:
        legend += [DEPTH_KEY, Key(depth_scale(), f"depth error, from 0 to {FULL_DEPTH_ERROR} or more")]
    return draw_contact_sheet([Column(title) for title in titles], rows, legend)


def comparison_key(entry: MaskEntry) -> list[tuple[Colour, str]]:
    """The colours of compared masks and what they mean."""
    if entry.kind == "classes" and len(entry.names) > 2:
        return [(MISSED, "masks compared: wrong class")]
    return [(OVERLAP, "masks compared: right"), (MISSED, "missed"), (FALSE_ALARM, "false alarm")]


def extremes(values: np.ndarray, each: int = EACH) -> list[tuple[str, int]]:
    """The worst, median and best of (n,) values, ascending: kind and index; no index stands twice.

    NaN is left out, unless there is nothing else.
    """
    order = np.argsort(values, kind="stable").tolist()
    order = order[: np.count_nonzero(~np.isnan(values))] or order[:1]
    middle = max(0, (len(order) - each) // 2)
    kinds = {
        "worst": order[:each],
        "best": order[max(0, len(order) - each) :],
        "median": order[middle : middle + each],
    }
    named: dict[int, str] = {}
    for kind, places in kinds.items():
        for place in places:
            named.setdefault(place, kind)
    return [(named[place], place) for place in order if place in named]


@torch.inference_mode()
def _answers(measured: Measurement, rows: np.ndarray, condition: Condition) -> list[dict[str, np.ndarray]]:
    """The pictures (h, w, 3) uint8 of each sample, by title."""
    engine = measured.engine

    def look(batch: Samples) -> list[dict[str, np.ndarray]]:
        bg = batch.backgrounds[condition]
        prediction = comparable(engine.infer(bg, batch.fg_bg, measured.mirror), measured.split)
        before = None
        if measured.before is not None and condition == "absent":
            pictures = batch.stored.fg_bg.cpu().numpy()
            before = found_at(measured.before.network.find, pictures, engine.res)
        return [
            _line(measured.target, condition, batch, bg, prediction, before, place)
            for place in range(len(batch.numbers))
        ]

    batches = looked_at(measured.split, rows, measured.target, engine.res, engine.place, look)
    return [line for _, lines in batches for line in lines]


def _line(
    target: Target,
    condition: Condition,
    batch: Prepared,
    bg: Tensor | None,
    prediction: Prediction,
    before: Prediction | None,
    place: int,
) -> dict[str, np.ndarray]:
    """The pictures of one sample of a batch."""
    picture = _levels(batch.fg_bg[place])
    truth = target.levels(batch.truth.mask[place : place + 1])[0]
    answer = target.read(prediction.mask_logits[place : place + 1])[0]
    line = {} if bg is None else {f"bg, {condition}": _levels(bg[place])}
    line |= {
        "fg_bg": picture,
        "true mask": target.picture(truth),
        "predicted mask": colour_mask(answer, answer_of(target.entry)),
        "masks compared": compared_masks(picture, target, answer, truth),
    }
    if before is not None:
        earlier = target.read(before.mask_logits[place : place + 1])[0]
        line["mask before training"] = colour_mask(earlier, answer_of(target.entry))
        line["compared before training"] = compared_masks(picture, target, earlier, truth)
    if prediction.depth is not None:
        depth, known = (_plane(part[place]) for part in (batch.truth.depth, batch.truth.known))
        found = _plane(prediction.depth[place].float())
        line["true depth"] = _where(known, colour_shares(depth))
        line["predicted depth"] = colour_shares(found)
        errors = np.minimum(np.abs(found - depth) / FULL_DEPTH_ERROR, 1)
        line["depth error"] = _where(known, colour_shares(errors))
    return line


def compared_masks(
    picture: np.ndarray, target: Target, predicted: np.ndarray, truth: np.ndarray
) -> np.ndarray:
    """The picture in pale grey, with colours for the object and for errors: (h, w, 3) uint8.

    Objects that were found are green with the picture visible in them; errors cover the picture. With more
    than two classes, only errors have a colour, which is that of missed pixels.

    Args:
        picture: (h, w, 3) uint8.
        target: the meaning of the masks.
        predicted, truth: (h, w) uint8.
    """
    missed, false = target.mistakes(predicted, truth)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None].repeat(3, axis=2)
    shown: np.ndarray = grey // 2 + 96
    if (objects := target.objects(truth)) is not None:
        found = objects & ~missed
        shown[found] = shown[found] // 3 + np.array(OVERLAP, np.uint8) // 3 * 2
    shown[missed] = MISSED
    shown[false] = FALSE_ALARM
    return shown


def _levels(picture: Tensor) -> np.ndarray:
    levels: np.ndarray = ((picture + 1) * 127.5).round().byte().permute(1, 2, 0).contiguous().cpu().numpy()
    return levels


def _plane(values: Tensor) -> np.ndarray:
    plane: np.ndarray = values[0].cpu().numpy()
    return plane


def _where(known: np.ndarray, colours: np.ndarray) -> np.ndarray:
    return np.where(known[..., None], colours, np.uint8(0))
