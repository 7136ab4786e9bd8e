"""The alpha of an object, from a mask of labels."""

from pathlib import Path

import cv2
import numpy as np

from generator.assets.flaws import looks_inverted
from generator.assets.foreground import Foreground, LabelChoice, Matte, Note
from generator.assets.labels import Labels
from generator.assets.mask_conventions import find_void, is_shaded
from generator.errors import EmptyMaskError, ImageError
from generator.format.pixels import OPAQUE


def alpha_of_labels(path: Path, labels: Labels, foreground: Foreground) -> Matte:
    """The alpha of the object that a mask of labels shows; transparent parts of the mask are no object.

    Args:
        path: of the mask, for errors.
        labels: its values.
        foreground: which of them are the object.

    Raises:
        EmptyMaskError: no pixel has a wanted value.
        ImageError: the mask does not tell: no value is 0 and none was chosen; a colour was chosen in a grey
            mask, a value in a coloured one, or an exact value in a lossy one; or no alpha reaches 128.
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


def _grey_as_alpha(path: Path, labels: Labels, notes: list[Note]) -> np.ndarray:
    if labels.shape_is_opacity:
        assert labels.opacity is not None
        notes.append(Note.OPACITY)
        return labels.opacity
    if labels.values.ndim == 3 or labels.palette is not None:
        kind = "colours" if labels.values.ndim == 3 else "a palette"
        raise ImageError(path, "grey values as alpha", kind, "choose the object with `foreground` instead")
    if labels.values.dtype == np.uint16:
        return (labels.values >> 8).astype(np.uint8)
    return labels.values


def _alpha_of_named(path: Path, labels: Labels, foreground: Foreground) -> np.ndarray:
    _require_exact(path, labels)
    if labels.shape_is_opacity and not labels.counts[1:].any():
        assert labels.opacity is not None  # black everywhere: the labels are in the alpha channel
        labels = Labels(labels.opacity)
    solid = _any_of(path, labels, foreground.solid)
    return _faded(solid, _any_of(path, labels, foreground.soft) & ~solid)


def _alpha_of_all(path: Path, labels: Labels, foreground: Foreground, notes: list[Note]) -> np.ndarray:
    """Alpha when no label was chosen as solid: every value that can be an object is."""
    if foreground.soft:
        _require_exact(path, labels)
    soft = _any_of(path, labels, foreground.soft)
    void = find_void(labels)
    halved = void is None and (bool(labels.lossy) or is_shaded(labels))
    if void is None and not halved and labels.values.ndim == 3 and labels.has_many_colours:
        fix = "give masks, not photos, or save the mask as PNG in black and white"
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
        raise ImageError(
            path, "exact labels", found, "save masks as PNG, or leave `foreground` and `soft` out"
        )


def _not_zero(path: Path, labels: Labels, least: int) -> np.ndarray:
    """(H, W) bool: where the value, or the brightest channel of a colour, is at least `least`."""
    brightest = labels.values.max(axis=2) if labels.values.ndim == 3 else labels.values
    chosen: np.ndarray = brightest >= least
    if labels.opacity is None and chosen.all():
        expected = "0 where the background is"
        raise ImageError(path, expected, _named(labels), "choose the values of the object with `foreground`")
    return chosen


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
            fix = "choose a colour, such as `foreground=255,0,255`"
            raise ImageError(path, f"grey or a palette for value {choice}", "colours", fix)
        return np.asarray(values == choice)
    if values.ndim == 3:
        return np.asarray((values == choice).all(axis=2))
    if labels.palette is not None:
        return np.isin(values, np.flatnonzero((labels.palette == choice).all(axis=1)))
    if len(set(choice)) == 1:
        return np.asarray(values == choice[0])
    if not labels.counts[1:].any():
        return np.zeros(values.shape, bool)  # black everywhere: a mask of colours without an object
    raise ImageError(
        path, f"colours to find {_spelled(choice)}", _named(labels), "choose a value, such as `foreground=1`"
    )


def _faded(solid: np.ndarray, soft: np.ndarray) -> np.ndarray:
    """255 where solid, 0 outside both; where soft, by the distances to the solid part and to the outside."""
    alpha = solid.astype(np.uint8) * np.uint8(255)
    if not soft.any():
        return alpha
    nearness = cv2.distanceTransform((solid | soft).view(np.uint8), cv2.DIST_L2, 5)[soft]
    distance = cv2.distanceTransform((~solid).view(np.uint8), cv2.DIST_L2, 5)[soft]
    alpha[soft] = np.rint(255 * (nearness / np.maximum(distance + nearness, 1e-6)))
    return alpha


def _refuse_faint(path: Path, labels: Labels, foreground: Foreground, highest: int) -> None:
    """Raise the error that says why no pixel is opaque."""
    if highest == 0 and not labels.lossy:
        wanted = " or ".join(_spelled(choice) for choice in foreground.solid)
        expected = f"some foreground ({wanted})" if wanted else "some foreground"
        raise EmptyMaskError(path, expected, f"none among {_named(labels)}", "skipped")
    if highest == 0:
        found = f"{labels.lossy} with {_named(labels)}"
        fix = "save masks of labels as PNG: values are approximate in lossy formats"
        raise ImageError(path, f"values of {OPAQUE} or more", found, fix)
    fix = "make the mask brighter: a foreground needs pixels that are at least half opaque"
    raise ImageError(path, f"alpha of {OPAQUE} or more", f"at most {highest}", fix)


def _spelled(choice: LabelChoice) -> str:
    return str(choice) if isinstance(choice, int) else ",".join(map(str, choice))


def _named(labels: Labels) -> str:
    """Up to 8 values of the mask, in words."""
    if labels.values.ndim == 3:
        return "colours"
    there = np.flatnonzero(labels.counts)
    return "values " + ", ".join(map(str, there[:8])) + (", ..." if len(there) > 8 else "")
