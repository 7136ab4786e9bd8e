"""From a picture and what is known of an object in it to a cut-out: arrays in, arrays out."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from generator.errors import ConfigError, ImageError
from generator.images import Labels

LabelChoice = int | tuple[int, int, int]
"""A label's value, or its colour (red, green, blue)."""

MARGIN = 2
_LOSSY_THRESHOLD = 128
_GRABCUT_ROUNDS = 5
_GRABCUT_COLOURS = 5
_GRABCUT_LONGER_SIDE = 500
_BLUR_SIDES = (90, 6)
_REACH = 4


@dataclass(frozen=True)
class Foreground:
    """Which labels are the object.

    Attributes:
        solid: opaque ones; none means every value but 0.
        soft: ones that fade from the solid side to the background's, such as the border of a trimap.
        grey_is_alpha: instead of both, grey 0 to 255 is the alpha as it is.
    """

    solid: tuple[LabelChoice, ...] = ()
    soft: tuple[LabelChoice, ...] = ()
    grey_is_alpha: bool = False

    def __post_init__(self) -> None:
        if self.grey_is_alpha and (self.solid or self.soft):
            raise ConfigError(
                "--grey-is-alpha", "no --foreground and no --soft beside it", "both", "leave one of them out"
            )


def alpha_of_labels(path: Path, labels: Labels, foreground: Foreground) -> np.ndarray:
    """The object's alpha by a label picture: (H, W) uint8.

    Args:
        path: of the label picture, for errors.
        labels: its values.
        foreground: which of them are the object.

    Raises:
        ImageError: the labels cannot answer: no value is 0 and none was named, a colour is asked of grey
            or a value of colours, exact values of a JPEG, or nothing is opaque.
    """
    values = labels.values
    if foreground.grey_is_alpha:
        alpha = _grey_as_alpha(path, labels)
    else:
        if not labels.exact and (foreground.solid or foreground.soft):
            found = "JPEG, whose values are approximate"
            raise ImageError(path, "exact labels", found, "save masks as PNG, or name no --foreground")
        nothing = np.zeros(values.shape[:2], bool)
        soft = nothing.copy()
        for choice in foreground.soft:
            soft |= _chosen(path, labels, choice)
        solid = nothing.copy()
        for choice in foreground.solid:
            solid |= _chosen(path, labels, choice)
        if not foreground.solid:
            solid = _not_zero(path, labels) & ~soft
        alpha = _faded(solid, soft & ~solid)
    if not (alpha >= 128).any():
        raise ImageError(path, "some foreground", f"none among {_named(labels)}", "mend or remove the mask")
    return alpha


def alpha_in_box(path: Path, rgb: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """The alpha of the object in a box, by GrabCut; the same at every call.

    Works on at most 500 pixels a side (GrabCut takes seconds beyond); larger pictures get a smoothly
    enlarged mask.

    Args:
        path: of the picture, for errors.
        rgb: (H, W, 3) uint8.
        box: left, top, width, height in pixels; all outside it is background.

    Returns:
        (H, W) uint8, soft by one pixel at the edges.

    Raises:
        ConfigError: the box is empty, leaves the picture, or has too few pixels inside or around it (its
            colours are sorted into 5 kinds on either side).
        ImageError: nothing in the box differs from what is around it.

    Source: Rother, Kolmogorov and Blake 2004, "GrabCut", by OpenCV.
    """
    height, width = rgb.shape[:2]
    left, top, box_width, box_height = box
    if min(box_width, box_height) < 1 or left + box_width > width or top + box_height > height:
        found = f"{left},{top},{box_width},{box_height}"
        raise ConfigError("--box", f"a box inside the {width} x {height} of {path}", found, "move the box")
    factor = min(1, _GRABCUT_LONGER_SIDE / max(width, height))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    reduced = cv2.resize(rgb[..., ::-1], size, interpolation=cv2.INTER_AREA)
    columns, rows = (
        slice(int(start * factor), round((start + length) * factor))
        for start, length in ((left, box_width), (top, box_height))
    )
    marks = np.full(reduced.shape[:2], cv2.GC_BGD, np.uint8)
    marks[rows, columns] = cv2.GC_PR_FGD
    for place, mark in (("inside the box", cv2.GC_PR_FGD), ("around the box", cv2.GC_BGD)):
        pixels = int((marks == mark).sum())
        if pixels < _GRABCUT_COLOURS:
            raise ConfigError(
                "--box", f"at least {_GRABCUT_COLOURS} pixels {place}", f"{pixels}", "change it"
            )
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(reduced, marks, (0, 0, 0, 0), *models, _GRABCUT_ROUNDS, cv2.GC_INIT_WITH_MASK)
    found_there = np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8) * 255
    if not found_there.any():
        raise ImageError(path, "an object in the box", "only what is around it", "choose another --box")
    softened = cv2.GaussianBlur(found_there, (3, 3), 0)
    alpha: np.ndarray = cv2.resize(softened, (width, height), interpolation=cv2.INTER_LINEAR)
    return alpha


def cut_out(rgb: np.ndarray, alpha: np.ndarray, margin: int = MARGIN) -> np.ndarray:
    """Crop a picture to its object, with the object's own colours in its edges.

    Args:
        rgb: (H, W, 3) uint8.
        alpha: (H, W) uint8, somewhere above 0.
        margin: pixels around the object, as far as the picture goes.

    Returns:
        (h, w, 4) uint8, straight alpha. Partly transparent pixels, and transparent ones up to 4 pixels
        beside them, have the object's colours (`estimate_colours`), so that no background shines through
        and none is mixed in by scaling; farther out all is 0.
    """
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    # The background around the object takes part in the estimate.
    wide = _window(rows, columns, _BLUR_SIDES[0], alpha.shape)
    colours = estimate_colours(rgb[wide], alpha[wide])
    near = cv2.dilate((alpha[wide] > 0).astype(np.uint8), np.ones((2 * _REACH + 1,) * 2, np.uint8))
    rgba = np.dstack([colours * near[..., None], alpha[wide]])
    inner = _window(rows - wide[0].start, columns - wide[1].start, margin, rgba.shape)
    return np.ascontiguousarray(rgba[inner])


def estimate_colours(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The foreground's colours F where a picture is F alpha + B (1 - alpha): (H, W, 3) uint8.

    Where alpha is 255 these are the picture's own; where it is 0, those of the foreground nearby.

    Args:
        rgb: (H, W, 3) uint8.
        alpha: (H, W) uint8.

    Source: Forte 2021, "Approximate Fast Foreground Colour Estimation" (blur fusion, twice).
    """
    picture: np.ndarray = rgb.astype(np.float32)
    share: np.ndarray = (alpha.astype(np.float32) / 255)[..., None]
    front, back = picture, picture
    for side in _BLUR_SIDES:
        weight = _blurred(share, side)
        smooth_front = _blurred(front * share, side) / (weight + 1e-5)
        smooth_back = _blurred(back * (1 - share), side) / (1 - weight + 1e-5)
        missing = picture - share * smooth_front - (1 - share) * smooth_back
        front, back = np.clip(smooth_front + share * missing, 0, 255), smooth_back
    return np.where(alpha[..., None] == 255, rgb, np.rint(front)).astype(np.uint8)


def _blurred(plane: np.ndarray, side: int) -> np.ndarray:
    return cv2.blur(plane, (side, side)).reshape(plane.shape)


def _window(
    rows: np.ndarray, columns: np.ndarray, margin: int, shape: tuple[int, ...]
) -> tuple[slice, slice]:
    """From the first to the last of rows and columns, with a margin that stays inside `shape`."""
    first, last = (
        (max(0, int(lines[0]) - margin), min(end, int(lines[-1]) + 1 + margin))
        for lines, end in ((rows, shape[0]), (columns, shape[1]))
    )
    return slice(*first), slice(*last)


def _grey_as_alpha(path: Path, labels: Labels) -> np.ndarray:
    if labels.values.ndim == 3 or labels.palette is not None:
        kind = "colours" if labels.values.ndim == 3 else "a palette"
        raise ImageError(path, "grey values as alpha", kind, "name the --foreground instead")
    if labels.values.dtype == np.uint16:
        return (labels.values >> 8).astype(np.uint8)
    return labels.values


def _not_zero(path: Path, labels: Labels) -> np.ndarray:
    """Every value but 0 (black); of a JPEG, where 0 is not exactly 0, the lighter half."""
    brightest = labels.values.max(axis=2) if labels.values.ndim == 3 else labels.values
    chosen: np.ndarray = brightest >= (1 if labels.exact else _LOSSY_THRESHOLD)
    if chosen.all():
        expected = "0 where the background is"
        raise ImageError(path, expected, _named(labels), "say which are the object with --foreground")
    return chosen


def _chosen(path: Path, labels: Labels, choice: LabelChoice) -> np.ndarray:
    """(H, W) bool: where a label is."""
    values = labels.values
    if isinstance(choice, int):
        if values.ndim == 3:
            fix = "name the colour, like --foreground 255,0,255"
            raise ImageError(path, f"grey or a palette for value {choice}", "colours", fix)
        return np.asarray(values == choice)
    if values.ndim == 3:
        return np.asarray((values == choice).all(axis=2))
    if labels.palette is not None:
        return np.isin(values, np.flatnonzero((labels.palette == choice).all(axis=1)))
    if len(set(choice)) == 1:
        return np.asarray(values == choice[0])
    named = ",".join(map(str, choice))
    raise ImageError(path, f"colours to find {named}", _named(labels), "name a value, like --foreground 1")


def _faded(solid: np.ndarray, soft: np.ndarray) -> np.ndarray:
    """255 where solid, 0 outside both, and between them by the distances to the one and the other."""
    to_solid = cv2.distanceTransform((~solid).astype(np.uint8), cv2.DIST_L2, 5)
    to_nothing = cv2.distanceTransform((solid | soft).astype(np.uint8), cv2.DIST_L2, 5)
    share = to_nothing / np.maximum(to_solid + to_nothing, 1e-6)
    return np.where(solid, 255, np.where(soft, np.rint(255 * share), 0)).astype(np.uint8)


def _named(labels: Labels) -> str:
    """Up to 8 of the values that are there, in words."""
    if labels.values.ndim == 3:
        return "colours"
    there = np.unique(labels.values)
    return "values " + ", ".join(map(str, there[:8])) + (", ..." if len(there) > 8 else "")
