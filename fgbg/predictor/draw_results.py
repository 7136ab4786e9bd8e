"""Results to look at: the mask over the picture, the cut-out, and all results side by side."""

from collections.abc import Sequence

import cv2
import numpy as np

from fgbg.predictor.predicted import Predicted
from generator.assets.edges import estimate_colours
from generator.errors import ConfigError
from generator.format.manifest import AlphaMask
from generator.look.colours import colour_depth, colour_mask
from generator.look.contact_sheet import Key, class_keys, draw_legend
from generator.resize import strips

PANEL = 1024
"""Longest side in pixels of a picture in `side_by_side`."""

TINT_SHARE = 0.45
"""How strong the tint of an overlay is, from 0 (the picture alone) to 1."""

_TINT = 255, 40, 120
_PLAIN_TEXT = 320
"""Longest side in pixels of panels whose legend has text of the usual size; it grows with larger panels."""
_GAP = 8
_SQUARES = 32
"""Squares of a checkerboard along the longer side."""
_LIGHT, _DARK = 255, 205


def overlay(picture: np.ndarray, predicted: Predicted, strength: float = TINT_SHARE) -> np.ndarray:
    """The picture with its mask as a tint of a strength from 0 to 1: (H, W, 3) uint8.

    A soft mask has one colour and an outline at half coverage; classes have their own colours.
    """
    mask, classes = predicted.mask, predicted.classes
    if classes is not None:
        mixed: np.ndarray = cv2.addWeighted(picture, 1 - strength, colour_mask(mask, classes), strength, 0)
        return mixed
    tinted = np.array(picture)
    left, top, width, height = cv2.boundingRect(mask)  # often a small part of the picture
    shares = np.arange(256, dtype=np.float32) * np.float32(strength / 255)
    for rows in strips(height, max(1, width)):
        part = np.s_[top + rows.start : top + rows.stop, left : left + width]
        tint = np.full(tinted[part].shape, _TINT, np.uint8)
        share = cv2.LUT(np.ascontiguousarray(mask[part]), shares)
        tinted[part] = cv2.blendLinear(np.ascontiguousarray(tinted[part]), tint, 1 - share, share)
    outlines, _ = cv2.findContours((mask >= 128).view(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    thickness = max(1, round(max(mask.shape) / 400))
    drawn: np.ndarray = cv2.drawContours(tinted, outlines, -1, _TINT, thickness)
    return drawn


def cut_out(picture: np.ndarray, predicted: Predicted) -> np.ndarray:
    """The object with straight alpha, in its own colours: no colour of the background stays in soft edges.

    Args:
        picture: (H, W, 3) uint8.
        predicted: its mask.

    Returns:
        (H, W, 4) uint8 RGBA; transparent pixels are 0.

    Raises:
        ConfigError: the mask has classes.
    """
    if predicted.classes is not None:
        found = f"{len(predicted.classes.names)} classes"
        raise ConfigError("`write=cutout`", "a network of soft masks", found, "leave cutout out")
    alpha = predicted.mask
    rgba = np.zeros((*alpha.shape, 4), np.uint8)
    rgba[..., :3] = estimate_colours(picture, alpha)
    rgba[..., 3] = alpha
    for rows in strips(*alpha.shape):
        rgba[rows][alpha[rows] == 0] = 0
    return rgba


def side_by_side(
    picture: np.ndarray, predicted: Predicted, cutout: np.ndarray | None = None, all_classes: bool = False
) -> np.ndarray:
    """Picture, mask, depth in colours, and the overlay or the cut-out on a checkerboard, in a row.

    Args:
        picture: (H, W, 3) uint8.
        predicted: its mask and depth; without depth there are three panels.
        cutout: (H, W, 4) uint8; None: the overlay is shown.
        all_classes: name all classes, without shares: then every frame of a video has the same size.

    Returns:
        (h, w, 3) uint8; each panel has the picture's size, at most `PANEL` on its longer side. Below them are
        the colours of the classes that were found, if there are classes, the largest first.
    """
    height, width = predicted.mask.shape
    scale = min(1.0, PANEL / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))

    def fitted(pixels: np.ndarray) -> np.ndarray:
        shrunk: np.ndarray = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        return shrunk

    if predicted.classes is None:
        mask = colour_mask(fitted(predicted.mask), AlphaMask())
    else:
        labels = cv2.resize(predicted.mask, size, interpolation=cv2.INTER_NEAREST)
        mask = colour_mask(labels, predicted.classes)
    panels = [fitted(picture), mask]
    if predicted.depth is not None:
        panels.append(colour_depth(fitted(predicted.depth)))
    if cutout is None:
        panels.append(fitted(overlay(picture, predicted)))
    else:
        panels.append(on_checkerboard(cutout, size))
    gap = np.full((size[1], _GAP, 3), 255, np.uint8)
    row = [part for panel in panels for part in (panel, gap)][:-1]
    shown = np.hstack(row)
    if predicted.classes is None:
        return shown
    text_scale = max(1, round(max(size) / _PLAIN_TEXT))
    keys = class_keys(predicted.classes)
    if not all_classes:
        keys = _found_classes(predicted.mask, keys)
    legend = draw_legend(keys, shown.shape[1], text_scale)
    return np.vstack([shown, legend])


def _found_classes(mask: np.ndarray, keys: Sequence[Key]) -> list[Key]:
    """The legend of the classes in a mask, the largest first, with their shares of the picture."""
    counts = np.bincount(mask.ravel(), minlength=len(keys))
    order = np.argsort(-counts[: len(keys)], kind="stable").tolist()
    found = [(keys[number], counts[number] / mask.size) for number in order if counts[number]]
    return [Key(key.patch, f"{key.text} {share:.1%}") for key, share in found]


def on_checkerboard(rgba: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A cut-out (H, W, 4) uint8 with straight alpha, shrunk to (width, height): (h, w, 3) uint8."""
    weighted = np.empty_like(rgba)  # only colours that are multiplied by alpha can be averaged
    for rows in strips(*rgba.shape[:2]):
        weighted[rows] = _premultiplied(rgba[rows])
    shrunk = cv2.resize(weighted, size, interpolation=cv2.INTER_AREA)
    square = max(1, max(size) // _SQUARES)
    down, along = (np.arange(side) // square for side in size[::-1])
    board = np.where((down[:, None] + along) % 2, np.uint8(_DARK), np.uint8(_LIGHT))
    return _over(shrunk, cv2.merge([board] * 3))


def lay_over(rgba: np.ndarray, behind: np.ndarray) -> np.ndarray:
    """A cut-out (H, W, 4) uint8 with straight alpha over a picture (H, W, 3) uint8: (H, W, 3) uint8."""
    return _over(_premultiplied(rgba), behind)


def _premultiplied(rgba: np.ndarray) -> np.ndarray:
    weighted: np.ndarray = cv2.cvtColor(np.ascontiguousarray(rgba), cv2.COLOR_RGBA2mRGBA)
    return weighted


def _over(premultiplied: np.ndarray, behind: np.ndarray) -> np.ndarray:
    """(H, W, 4) uint8 with colours multiplied by alpha, over (H, W, 3) uint8."""
    mixed = np.empty(behind.shape, np.uint8)
    for rows in strips(*behind.shape[:2]):
        clear = cv2.bitwise_not(premultiplied[rows, :, 3])
        rest = cv2.multiply(np.ascontiguousarray(behind[rows]), cv2.merge([clear] * 3), scale=1 / 255)
        mixed[rows] = cv2.add(rest, cv2.cvtColor(premultiplied[rows], cv2.COLOR_RGBA2RGB))
    return mixed
