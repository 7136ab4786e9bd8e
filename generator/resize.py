"""Resizing pictures and depth to the size that a dataset or a network needs."""

from collections.abc import Iterator

import cv2
import numpy as np

MAX_ENLARGEMENT = 2.0
_STRIP_ROWS = 64
_STRIP = 2**20
"""Pixels of a strip, small beside a large picture."""


def strips(height: int, width: int) -> Iterator[slice]:
    """The rows of a picture in strips of about a million pixels, from the top; one strip if it is small."""
    rows = max(1, _STRIP // width)
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))


def scaled_size(height: int, width: int, res: int) -> tuple[int, int]:
    """Height and width with the longer side `res`, the aspect kept."""
    factor = res / max(height, width)
    return max(1, round(height * factor)), max(1, round(width * factor))


def scale_sprite(rgba: np.ndarray, longer_side: int) -> np.ndarray:
    """Scale a cut-out so that its longer side is `longer_side`, but enlarge it at most by 2.

    Colours are weighted by their alpha, so that hidden colours of transparent pixels leave no fringe.

    Args:
        rgba: (H, W, 4) uint8, straight alpha.
        longer_side: in pixels.

    Returns:
        (h, w, 4) uint8, straight alpha; colour 0 where alpha is 0.
    """
    height, width = rgba.shape[:2]
    factor = min(longer_side / max(height, width), MAX_ENLARGEMENT)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    if size == (width, height):
        whole = rgba.copy()
        whole[rgba[..., 3] == 0] = 0
        return whole
    return straighten(_premultiplied_and_scaled(rgba, size, _area_or_linear(factor)))


def premultiply(rgba: np.ndarray) -> np.ndarray:
    """(H, W, 4) uint8 straight alpha -> float32 in [0, 255] with colours weighted by alpha."""
    alpha = rgba[..., 3:].astype(np.float32)
    premultiplied: np.ndarray = np.concatenate([rgba[..., :3] * (alpha / 255), alpha], axis=2)
    return premultiplied


def straighten(premultiplied: np.ndarray) -> np.ndarray:
    """The inverse of `premultiply`: (H, W, 4) uint8 straight alpha, colour 0 where alpha is 0."""
    alpha = premultiplied[..., 3:]
    colour = premultiplied[..., :3] * (255 / np.maximum(alpha, 1e-3))
    straight: np.ndarray = np.rint(np.concatenate([colour, alpha], axis=2)).clip(0, 255).astype(np.uint8)
    straight[straight[..., 3] == 0] = 0
    return straight


def _premultiplied_and_scaled(rgba: np.ndarray, size: tuple[int, int], method: int) -> np.ndarray:
    """`premultiply` and resize to (width, height), with 4 bytes of memory a pixel instead of 40."""
    height, width = rgba.shape[:2]
    scaled = np.empty((size[1], size[0], 4), np.float32)
    if method == cv2.INTER_AREA and (width, height) == (2 * size[0], 2 * size[1]):
        # With one channel OpenCV adds up the four pixels in another order, so this takes all channels in
        # strips.
        for top in range(0, size[1], _STRIP_ROWS):
            strip = scaled[top : top + _STRIP_ROWS]
            part = premultiply(rgba[2 * top : 2 * (top + len(strip))])
            strip[...] = cv2.resize(part, (size[0], len(strip)), interpolation=method)
        return scaled
    plane = rgba[..., 3].astype(np.float32)
    scaled[..., 3] = cv2.resize(plane, size, interpolation=method)
    for channel in range(3):
        for top in range(0, height, _STRIP_ROWS):
            strip = rgba[top : top + _STRIP_ROWS]
            np.multiply(
                strip[..., channel], strip[..., 3] / np.float32(255), out=plane[top : top + len(strip)]
            )
        scaled[..., channel] = cv2.resize(plane, size, interpolation=method)
    return scaled


def fit_picture(rgb: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Crop a picture centrally to the aspect ratio of `size` and resize it by area averaging.

    Args:
        rgb: (H, W, 3) uint8.
        size: (width, height).

    Returns:
        (size[1], size[0], 3) uint8.
    """
    cropped = _crop_to_aspect(rgb, size)
    factor = size[0] / cropped.shape[1]
    if factor == 1 and cropped.shape[0] == size[1]:
        return cropped
    resized: np.ndarray = cv2.resize(cropped, size, interpolation=_area_or_linear(factor))
    return resized


def fit_depth(depth: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """As `fit_picture`, for depth (H, W) uint16, by nearest pixel, so that no new depth appears at edges."""
    cropped = _crop_to_aspect(depth, size)
    resized: np.ndarray = cv2.resize(cropped, size, interpolation=cv2.INTER_NEAREST_EXACT)
    return resized


def fit_map(depth: np.ndarray, picture: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    """As `fit_picture`, for depth that covers the same view in another resolution or aspect ratio.

    Args:
        depth: (h, w) uint16, 0 unknown.
        picture: (width, height) of the picture that `fit_picture` gets.
        size: (width, height) of the canvas.

    Returns:
        (size[1], size[0]) uint16, resized by `scale_depth`.
    """
    kept_width, kept_height = kept_size(picture, size)
    height, width = depth.shape
    part_width = max(1, round(width * kept_width / picture[0]))
    part_height = max(1, round(height * kept_height / picture[1]))
    return scale_depth(_crop(depth, (part_width, part_height)), size)


def scale_depth(depth: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize smooth depth, by area averaging or linearly, from known pixels only.

    Args:
        depth: (h, w) uint16, 0 unknown.
        size: (width, height).

    Returns:
        (size[1], size[0]) uint16; 0 where less than half of the pixels averaged are known.
    """
    if depth.shape == (size[1], size[0]):
        return depth
    known = stretch((depth > 0).astype(np.float32), size)
    total = stretch(depth.astype(np.float32), size)
    mean = np.divide(total, known, out=np.zeros_like(total), where=known >= 0.5)
    rounded: np.ndarray = np.rint(mean).astype(np.uint16)
    return rounded


def stretch(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize to `size` (width, height) without keeping the aspect ratio.

    It averages areas if no side grows, and interpolates linearly otherwise.
    """
    height, width = picture.shape[:2]
    if (width, height) == size:
        return picture
    grows = size[0] > width or size[1] > height
    resized: np.ndarray = cv2.resize(
        picture, size, interpolation=cv2.INTER_LINEAR if grows else cv2.INTER_AREA
    )
    return resized


def shrink(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """As `stretch`, but twice as fast between the full size and half of it.

    There it interpolates to twice the size that is wanted, and averages 2 x 2 pixels, for which OpenCV has
    vector code. The result differs from area averaging by less than a level on average.
    """
    height, width = picture.shape[:2]
    twice = 2 * size[0], 2 * size[1]
    if not (size[0] < width < twice[0] and size[1] < height < twice[1]):
        return stretch(picture, size)
    doubled = cv2.resize(picture, twice, interpolation=cv2.INTER_LINEAR)
    halved: np.ndarray = cv2.resize(doubled, size, interpolation=cv2.INTER_AREA)
    return halved


def _crop_to_aspect(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return _crop(picture, kept_size((picture.shape[1], picture.shape[0]), size))


def kept_size(picture: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """(width, height) of the largest part of a picture that has the aspect ratio of `size`."""
    width, height = picture
    kept_width = min(width, max(1, round(height * size[0] / size[1])))
    return kept_width, min(height, max(1, round(width * size[1] / size[0])))


def _crop(picture: np.ndarray, kept: tuple[int, int]) -> np.ndarray:
    """The middle (width, height) pixels."""
    top, left = (picture.shape[0] - kept[1]) // 2, (picture.shape[1] - kept[0]) // 2
    return np.ascontiguousarray(picture[top : top + kept[1], left : left + kept[0]])


def _area_or_linear(factor: float) -> int:
    return cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
