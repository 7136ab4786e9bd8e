"""From a picture and what is known of an object in it to a cut-out: arrays in, arrays out."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import cv2
import numpy as np

from generator.assets.edges import REACH, estimate_colours
from generator.assets.flaws import looks_inverted
from generator.assets.labels import Labels
from generator.errors import ConfigError, EmptyMaskError, ImageError
from generator.format.pixels import OPAQUE

LabelChoice = int | tuple[int, int, int]
"""A label's value, or its colour (red, green, blue)."""

MARGIN = 2
LOWEST_VOID = 250
"""Label masks hold 255, or nearly that, where nobody knows what is there."""

_VOID_COLOUR = (224, 224, 192)
_HIGHEST_LABEL_BESIDE_VOID = 50
_LEAST_LABELS_PER_VOID = 0.05
_FEWEST_SHADES = 16
_NEAR_BLACK, _NEAR_WHITE = 16, 239
_LEAST_BETWEEN = 0.9
_MOST_FLAT = 0.5
_MOST_CHROMA = 32
_GRABCUT_ROUNDS = 5
_GRABCUT_COLOURS = 5
_GRABCUT_LONGER_SIDE = 500
_HEM = 4


class Note(Enum):
    """What was assumed about a mask, as a user should read it."""

    OPACITY = "the shape is taken from the mask's alpha channel"
    VOID = (
        "255 (or 250 and more) beside labels up to 50 or in a palette is unknown (void), not the object;"
        " `foreground` names the object"
    )
    LIGHTER_HALF = (
        "shades of grey, as lossy formats and soft edges have: the lighter half is the object;"
        " `grey_is_alpha` keeps the shades"
    )
    SEVERAL = (
        "several values together count as the object; `foreground` names one, `grey_is_alpha` keeps shades"
    )
    INVERTED = "looks inverted, the object fills all four borders; if the object is black, use `foreground=0`"


@dataclass(frozen=True)
class Foreground:
    """Which labels are the object.

    Attributes:
        solid: opaque ones; none means every value but 0, but void, and of shades the lighter half.
        soft: ones that fade from the solid side to the background's, such as the border of a trimap.
        grey_is_alpha: instead of both, grey 0 to 255 is the alpha as it is.
    """

    solid: tuple[LabelChoice, ...] = ()
    soft: tuple[LabelChoice, ...] = ()
    grey_is_alpha: bool = False

    def __post_init__(self) -> None:
        if self.grey_is_alpha and (self.solid or self.soft):
            raise ConfigError(
                "`grey_is_alpha`", "no `foreground` and no `soft` beside it", "both", "leave one of them out"
            )


@dataclass(frozen=True)
class Matte:
    """An object's alpha (H, W) uint8, and what was assumed about the mask it comes from."""

    alpha: np.ndarray
    notes: tuple[Note, ...] = ()


def alpha_of_labels(path: Path, labels: Labels, foreground: Foreground) -> Matte:
    """The object's alpha by a label picture; what its alpha channel has transparent is no object.

    Args:
        path: of the label picture, for errors.
        labels: its values.
        foreground: which of them are the object.

    Raises:
        EmptyMaskError: no pixel has a wanted value.
        ImageError: the labels cannot answer: no value is 0 and none was named, a colour is asked of grey
            or a value of colours, exact values of a lossy picture, or no alpha is at least 128.
    """
    notes: list[Note] = []
    if foreground.grey_is_alpha:
        alpha = _grey_as_alpha(path, labels, notes)
    elif foreground.solid:
        alpha = _alpha_of_named(path, labels, foreground)
    elif labels.shape_is_opacity:
        assert labels.opacity is not None
        notes.append(Note.OPACITY)
        alpha = labels.opacity
    else:
        alpha = _alpha_of_all(path, labels, foreground, notes)
    if labels.opacity is not None:
        alpha = np.minimum(alpha, labels.opacity)
    if alpha.max() < OPAQUE:
        _refuse_faint(path, labels, foreground, int(alpha.max()))
    if looks_inverted(alpha):
        notes.append(Note.INVERTED)
    return Matte(alpha, tuple(notes))


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
        raise ConfigError("`box`", f"a box inside the {width} x {height} of {path}", found, "move the box")
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
                "`box`", f"at least {_GRABCUT_COLOURS} pixels {place}", f"{pixels}", "change it"
            )
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(reduced, marks, (0, 0, 0, 0), *models, _GRABCUT_ROUNDS, cv2.GC_INIT_WITH_MASK)
    found_there = np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8) * 255
    if not found_there.any():
        raise ImageError(path, "an object in the box", "only what is around it", "choose another `box`")
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
    wide = _window(rows, columns, REACH + _HEM, alpha.shape)
    colours = estimate_colours(rgb[wide], alpha[wide])
    near = cv2.dilate((alpha[wide] > 0).astype(np.uint8), np.ones((2 * _HEM + 1,) * 2, np.uint8))
    rgba = np.dstack([colours * near[..., None], alpha[wide]])
    inner = _window(rows - wide[0].start, columns - wide[1].start, margin, rgba.shape)
    return np.ascontiguousarray(rgba[inner])


def _window(
    rows: np.ndarray, columns: np.ndarray, margin: int, shape: tuple[int, ...]
) -> tuple[slice, slice]:
    """From the first to the last of rows and columns, with a margin that stays inside `shape`."""
    first, last = (
        (max(0, int(lines[0]) - margin), min(end, int(lines[-1]) + 1 + margin))
        for lines, end in ((rows, shape[0]), (columns, shape[1]))
    )
    return slice(*first), slice(*last)


def _grey_as_alpha(path: Path, labels: Labels, notes: list[Note]) -> np.ndarray:
    if labels.shape_is_opacity:
        assert labels.opacity is not None
        notes.append(Note.OPACITY)
        return labels.opacity
    if labels.values.ndim == 3 or labels.palette is not None:
        kind = "colours" if labels.values.ndim == 3 else "a palette"
        raise ImageError(path, "grey values as alpha", kind, "name the `foreground` instead")
    if labels.values.dtype == np.uint16:
        return (labels.values >> 8).astype(np.uint8)
    return labels.values


def _alpha_of_named(path: Path, labels: Labels, foreground: Foreground) -> np.ndarray:
    _require_exact(path, labels)
    if labels.shape_is_opacity and not labels.counts[1:].any():
        assert labels.opacity is not None  # black all over: the labels stand in the alpha channel
        labels = Labels(labels.opacity)
    solid = _any_of(path, labels, foreground.solid)
    return _faded(solid, _any_of(path, labels, foreground.soft) & ~solid)


def _alpha_of_all(path: Path, labels: Labels, foreground: Foreground, notes: list[Note]) -> np.ndarray:
    """Alpha where no label was named as solid: of every value that can be an object."""
    if foreground.soft:
        _require_exact(path, labels)
    soft = _any_of(path, labels, foreground.soft)
    void = _void(labels)
    halved = void is None and (bool(labels.lossy) or _is_shaded(labels))
    if void is None and not halved and labels.values.ndim == 3 and labels.has_many_colours:
        fix = "give masks, not pictures, or save the mask as PNG in black and white"
        raise ImageError(path, "a mask with a colour for each label", "a picture of many colours", fix)
    solid = _not_zero(path, labels, OPAQUE if halved else 1) & ~soft
    if void is not None:
        solid &= ~void
        if (void & ~soft).any():
            notes.append(Note.VOID)
    if halved:
        notes.append(Note.LIGHTER_HALF)
    elif labels.values.ndim == 2 and solid.any() and np.ptp(labels.values[solid]) > 0:
        notes.append(Note.SEVERAL)
    return _faded(solid, soft)


def _require_exact(path: Path, labels: Labels) -> None:
    if labels.lossy:
        found = f"{labels.lossy}, whose values are approximate"
        raise ImageError(path, "exact labels", found, "save masks as PNG, or name no `foreground`")


def _not_zero(path: Path, labels: Labels, least: int) -> np.ndarray:
    """Every value (of colours, the brightest channel's) from `least` on."""
    brightest = labels.values.max(axis=2) if labels.values.ndim == 3 else labels.values
    chosen: np.ndarray = brightest >= least
    if labels.opacity is None and chosen.all():
        expected = "0 where the background is"
        raise ImageError(path, expected, _named(labels), "say which are the object with `foreground`")
    return chosen


def _void(labels: Labels) -> np.ndarray | None:
    """(H, W) bool: where a mask of labels says that nobody knows; None where it says nothing of the kind.

    By Pascal VOC's convention: 255 in a palette of colours, or its colour; or 250 to 255, or 65535, beside
    small grey values, which no soft edge of a mask in black and white leaves.
    """
    if labels.lossy:
        return None
    if labels.values.ndim == 3:
        void: np.ndarray = (labels.values == _VOID_COLOUR).all(axis=2)
        return void if void.any() and labels.values[~void].any() else None
    counts = labels.counts
    if labels.palette is not None:
        last = len(labels.palette) == 256 and tuple(labels.palette[-1]) == _VOID_COLOUR
        return labels.values == 255 if counts[-1] and (last or counts[1:-1].any()) else None
    there = np.flatnonzero(counts)
    small = there[(there > 0) & (there <= _HIGHEST_LABEL_BESIDE_VOID)]
    large = there[there > _HIGHEST_LABEL_BESIDE_VOID]
    if large.size != 1 or not (LOWEST_VOID <= large[0] <= 255 or large[0] == 65535):
        return None
    if counts[small].sum() >= _LEAST_LABELS_PER_VOID * counts[large].sum():
        return np.asarray(labels.values == large[0])
    return None


def _is_shaded(labels: Labels) -> bool:
    """Whether grey is a mask in black and white with shades between: soft edges, or a JPEG's saved as PNG.

    Shades are thin, between black and white, or change from pixel to pixel; labels are flat. Where there are
    none, several values near black and near white tell a JPEG's.
    """
    if labels.palette is not None or labels.values.dtype != np.uint8:
        return False
    grey = labels.values
    if grey.ndim == 3:
        grey = grey.max(axis=2)
        if (grey - labels.values.min(axis=2)).max() > _MOST_CHROMA:
            return False
    counts = labels.counts
    near_black, near_white = counts[1 : _NEAR_BLACK + 1].any(), counts[_NEAR_WHITE:255].any()
    shades = np.count_nonzero(counts[_NEAR_BLACK + 1 : _NEAR_WHITE])
    if not counts[_NEAR_WHITE:].any() or not shades:
        return bool(near_black and near_white)
    shade = (grey > _NEAR_BLACK) & (grey < _NEAR_WHITE)
    window = np.ones((5, 5), np.uint8)
    between = (cv2.erode(grey, window) <= _NEAR_BLACK) & (cv2.dilate(grey, window) >= _NEAR_WHITE)
    number = np.count_nonzero(shade)
    if np.count_nonzero(between & shade) >= _LEAST_BETWEEN * number:
        return True
    flat = np.count_nonzero(shade[:, 1:] & (grey[:, 1:] == grey[:, :-1]))
    return bool(shades >= _FEWEST_SHADES and flat < _MOST_FLAT * number)


def _any_of(path: Path, labels: Labels, choices: tuple[LabelChoice, ...]) -> np.ndarray:
    """(H, W) bool: where one of the labels is."""
    found = np.zeros(labels.values.shape[:2], bool)
    for choice in choices:
        found |= _chosen(path, labels, choice)
    return found


def _chosen(path: Path, labels: Labels, choice: LabelChoice) -> np.ndarray:
    """(H, W) bool: where a label is."""
    values = labels.values
    if isinstance(choice, int):
        if values.ndim == 3:
            fix = "name the colour, like `foreground=255,0,255`"
            raise ImageError(path, f"grey or a palette for value {choice}", "colours", fix)
        return np.asarray(values == choice)
    if values.ndim == 3:
        return np.asarray((values == choice).all(axis=2))
    if labels.palette is not None:
        return np.isin(values, np.flatnonzero((labels.palette == choice).all(axis=1)))
    if len(set(choice)) == 1:
        return np.asarray(values == choice[0])
    if not labels.counts[1:].any():
        return np.zeros(values.shape, bool)  # black all over, as a mask of colours is without any object
    raise ImageError(
        path, f"colours to find {_spelled(choice)}", _named(labels), "name a value, like `foreground=1`"
    )


def _faded(solid: np.ndarray, soft: np.ndarray) -> np.ndarray:
    """255 where solid, 0 outside both, and between them by the distances to the one and the other."""
    alpha = solid.astype(np.uint8) * np.uint8(255)
    if not soft.any():
        return alpha
    nearness = cv2.distanceTransform((solid | soft).view(np.uint8), cv2.DIST_L2, 5)[soft]
    distance = cv2.distanceTransform((~solid).view(np.uint8), cv2.DIST_L2, 5)[soft]
    alpha[soft] = np.rint(255 * (nearness / np.maximum(distance + nearness, 1e-6)))
    return alpha


def _refuse_faint(path: Path, labels: Labels, foreground: Foreground, highest: int) -> None:
    """Say why no pixel is opaque."""
    if highest == 0 and not labels.lossy:
        wanted = " or ".join(_spelled(choice) for choice in foreground.solid)
        expected = f"some foreground ({wanted})" if wanted else "some foreground"
        raise EmptyMaskError(path, expected, f"none among {_named(labels)}", "skipped")
    if highest == 0:
        found = f"{labels.lossy} with {_named(labels)}"
        fix = "save masks of labels as PNG, the values of a lossy format are approximate"
        raise ImageError(path, f"values of {OPAQUE} or more", found, fix)
    fix = "make the mask stronger: foregrounds need some pixels that are at least half opaque"
    raise ImageError(path, f"alpha of {OPAQUE} or more", f"at most {highest}", fix)


def _spelled(choice: LabelChoice) -> str:
    return str(choice) if isinstance(choice, int) else ",".join(map(str, choice))


def _named(labels: Labels) -> str:
    """Up to 8 of the values that are there, in words."""
    if labels.values.ndim == 3:
        return "colours"
    there = np.flatnonzero(labels.counts)
    return "values " + ", ".join(map(str, there[:8])) + (", ..." if len(there) > 8 else "")
