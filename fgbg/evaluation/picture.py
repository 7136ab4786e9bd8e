"""Worst, median and best samples of an evaluation, with what the network answered and where it is wrong."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from fgbg.predictor import Predictor
from generator.errors import printable
from generator.look.colours import colour_shares, font
from generator.reading.dataset import Split
from training.batches.prepare import Prepared
from training.evaluation.evaluate import Backgrounds, Condition, Evaluation, looked_at
from training.evaluation.metrics import THRESHOLD
from training.models import Prediction

EACH = 3
"""Samples of each kind."""
FULL_DEPTH_ERROR = 0.25
"""Errors of depth from this on have the last colour."""

_SMALLEST_SIDE = 128
_GAP, _HEAD, _CAPTION = 4, 26, 20
_INK, _GREY = (0, 0, 0), (90, 90, 90)
_MISSED, _FALSE = (240, 80, 40), (40, 120, 250)


def draw_samples(
    split: Split, evaluation: Evaluation, condition: Condition, predictor: Predictor, names: Sequence[str]
) -> np.ndarray:
    """The sheet: (H, W, 3) uint8, a row per sample in the order of IoU.

    Shown are what was given as background, fg_bg, mask, answer and errors of the mask (missed orange, false
    alarms blue, over the picture in grey), and depth, answer and error where the network answers depth
    (unknown black).

    Args:
        split: that was measured.
        evaluation: of it.
        condition: whose IoU counts, and in which the network looks again.
        predictor: the network.
        names: of the bank's backgrounds.
    """
    ious = evaluation.network[condition]["iou"]
    shown = extremes(ious)
    places = [place for _, place in shown]
    lines = _answers(split, evaluation.rows[places], condition, predictor)
    titles = list(lines[0])
    height, width = lines[0]["fg_bg"].shape[:2]
    factor = max(1, -(-_SMALLEST_SIDE // min(height, width)))
    size = width * factor, height * factor
    row_height = size[1] + _CAPTION + _GAP
    sheet = Image.new(
        "RGB", (len(titles) * (size[0] + _GAP) + _GAP, _HEAD + len(lines) * row_height + _GAP), "white"
    )
    draw = ImageDraw.Draw(sheet)
    for column, title in enumerate(titles):
        draw.text((_GAP + column * (size[0] + _GAP), 5), title, _INK, font(15))
    for line, ((kind, place), pictures) in enumerate(zip(shown, lines, strict=True)):
        top = _HEAD + line * row_height
        for column, title in enumerate(titles):
            picture = cv2.resize(pictures[title], size, interpolation=cv2.INTER_NEAREST)
            sheet.paste(Image.fromarray(picture), (_GAP + column * (size[0] + _GAP), top))
        caption = (
            f"{kind}: sample {evaluation.rows[place]} on {names[evaluation.bgs[place]]}, background "
            f"{condition}, IoU {ious[place]:.4f}"
        )
        draw.text((_GAP, top + size[1] + 3), printable(caption), _GREY, font(12))
    return np.asarray(sheet)


def extremes(values: np.ndarray, each: int = EACH) -> list[tuple[str, int]]:
    """Which of (n,) values are the worst, median and best, ascending: kind and place, no place twice."""
    order = np.argsort(values, kind="stable").tolist()
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
def _answers(
    split: Split, rows: np.ndarray, condition: Condition, predictor: Predictor
) -> list[dict[str, np.ndarray]]:
    """For each sample (h, w, 3) uint8 pictures by title."""

    def look(numbers: np.ndarray, batch: Prepared, backgrounds: Backgrounds) -> list[dict[str, np.ndarray]]:
        bg = backgrounds[condition]
        prediction = predictor.see(bg, batch.fg_bg)
        return [_line(condition, batch, bg, prediction, place) for place in range(len(numbers))]

    batches = looked_at(split, rows, predictor.res, predictor.device, look)
    return [line for _, lines in batches for line in lines]


def _line(
    condition: Condition, batch: Prepared, bg: Tensor | None, prediction: Prediction, place: int
) -> dict[str, np.ndarray]:
    """The pictures of one sample of a batch."""
    picture = _levels(batch.fg_bg[place])
    truth, answer = _plane(batch.truth.mask[place]), _plane(prediction.mask_logits[place].float().sigmoid())
    line = {} if bg is None else {f"bg, {condition}": _levels(bg[place])}
    line |= {
        "fg_bg": picture,
        "mask": _grey(truth),
        "answer": _grey(answer),
        "errors": mask_errors(picture, answer >= THRESHOLD, truth >= THRESHOLD),
    }
    if prediction.depth is not None:
        depth, known = (_plane(part[place]) for part in (batch.truth.depth, batch.truth.known))
        found = _plane(prediction.depth[place].float())
        line["depth"] = _where(known, colour_shares(depth))
        line["depth answer"] = colour_shares(found)
        errors = np.minimum(np.abs(found - depth) / FULL_DEPTH_ERROR, 1)
        line[f"error, 0 to {FULL_DEPTH_ERROR}"] = _where(known, colour_shares(errors))
    return line


def mask_errors(picture: np.ndarray, predicted: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """A picture (h, w, 3) uint8 in pale grey, and in colour where masks (h, w) bool differ."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None].repeat(3, axis=2)
    shown: np.ndarray = grey // 2 + 96
    shown[actual & ~predicted] = _MISSED
    shown[predicted & ~actual] = _FALSE
    return shown


def _levels(picture: Tensor) -> np.ndarray:
    levels: np.ndarray = ((picture + 1) * 127.5).round().byte().permute(1, 2, 0).contiguous().cpu().numpy()
    return levels


def _plane(values: Tensor) -> np.ndarray:
    plane: np.ndarray = values[0].cpu().numpy()
    return plane


def _grey(mask: np.ndarray) -> np.ndarray:
    grey: np.ndarray = cv2.merge([np.rint(mask * 255).astype(np.uint8)] * 3)
    return grey


def _where(known: np.ndarray, colours: np.ndarray) -> np.ndarray:
    return np.where(known[..., None], colours, np.uint8(0))
