"""The files that the page offers, made when somebody clicks."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fgbg.app.desk import Answer
from fgbg.app.view import Look
from fgbg.predictor.draw_results import cut_out, overlay
from fgbg.predictor.result_kinds import Wanted
from generator.encode import encode_png
from generator.own_results import PREDICTION, mark_png


@dataclass(frozen=True)
class Download:
    """A file in the size of the picture.

    Attributes:
        label: of its button.
        kind: of result, as `fgbg predict` names it.
        pixels: makes what PNG stores.
    """

    label: str
    kind: str
    pixels: Callable[[Answer, Look], np.ndarray]

    @property
    def suffix(self) -> str:
        """The end of its name."""
        return Wanted().suffix(self.kind)

    def content(self, answer: Answer, look: Look) -> bytes:
        """The PNG file, marked as a result of fgbg so that it is not taken for a picture to predict."""
        return mark_png(encode_png(self.pixels(answer, look)), PREDICTION)


def downloads(answer: Answer) -> list[Download]:
    """The files that there are of a prediction: mask, depth, cut-out, overlay."""
    files = [Download("Mask", "mask", _mask)]
    if answer.predicted.depth is not None:
        files.append(Download("Depth, 16 bits", "depth", _depth))
    if answer.predicted.classes is None:
        files.append(Download("Cut-out", "cutout", _cut_out))
    return [*files, Download("Overlay", "overlay", _overlay)]


def _mask(answer: Answer, look: Look) -> np.ndarray:
    return look.mask_of(answer.predicted).mask


def _depth(answer: Answer, look: Look) -> np.ndarray:
    assert answer.predicted.depth is not None
    return answer.predicted.depth


def _cut_out(answer: Answer, look: Look) -> np.ndarray:
    rgba = cut_out(answer.picture, answer.predicted)
    rgba[..., 3] = look.mask_of(answer.predicted).mask
    return rgba


def _overlay(answer: Answer, look: Look) -> np.ndarray:
    return overlay(answer.picture, look.mask_of(answer.predicted), look.strength)
