"""Draw cut-outs: solid-looking things of many families, as RGBA with straight alpha."""

from collections.abc import Callable

import cv2
import numpy as np

from generator.drawing import creatures, things
from generator.drawing.easel import Easel
from generator.drawing.patterns import keyed_rng

FAMILIES: dict[str, Callable[[Easel], None]] = {
    "quadruped": creatures.draw_quadruped,
    "mug": things.draw_mug,
    "bird": creatures.draw_bird,
    "chair": things.draw_chair,
    "sitter": creatures.draw_sitter,
    "gear": things.draw_gear,
    "fish": creatures.draw_fish,
    "plant": things.draw_plant,
    "furball": creatures.draw_furball,
    "vase": things.draw_vase,
    "person": creatures.draw_person,
    "bicycle": things.draw_bicycle,
    "mushroom": things.draw_mushroom,
    "car": things.draw_car,
    "umbrella": things.draw_umbrella,
    "tree": things.draw_tree,
    "teapot": things.draw_teapot,
    "key": things.draw_key,
    "cactus": things.draw_cactus,
    "lamp": things.draw_lamp,
}

_STREAM = 1  # random numbers, independent of those of scenes


def draw_object(seed: int, index: int, size: int) -> np.ndarray:
    """Draw one cut-out.

    Args:
        seed: of the whole set.
        index: of the object in the set, from 0; its family is `family_of(index)`.
        size: side in pixels, 16..2048.

    Returns:
        (size, size, 4) uint8 RGBA with straight alpha, RGB 0 where alpha is 0. The longer side of the object
        nearly fills the square, and it stands on the bottom. The same arguments give the same bytes.

    Raises:
        ValueError: the size or the index is out of range.
    """
    if not 16 <= size <= 2048 or index < 0:
        raise ValueError(f"expected a size of 16..2048 pixels and an index from 0, found {size} and {index}")
    rng = keyed_rng(_STREAM, seed, index)
    easel = Easel(rng, round(size * (2.4 if size <= 512 else 1.25)))
    FAMILIES[family_of(index)](easel)
    rgba = easel.rgba[:, ::-1] if rng.random() < 0.5 else easel.rgba
    fitted = _fit(rgba, size)
    blur = float(rng.uniform(0, 0.004)) * size
    if blur > 0.3:
        fitted = cv2.GaussianBlur(fitted, (0, 0), blur, borderType=cv2.BORDER_CONSTANT)
    alpha = np.clip(fitted[..., 3:], 0, 1)
    straight = fitted[..., :3] / np.maximum(alpha, 1e-6)
    pixels: np.ndarray = np.rint(np.clip(np.concatenate([straight, alpha], -1), 0, 1) * 255).astype(np.uint8)
    pixels[pixels[..., 3] == 0] = 0
    return pixels


def family_of(index: int) -> str:
    """The name of the family that an index draws."""
    return list(FAMILIES)[index % len(FAMILIES)]


def _fit(rgba: np.ndarray, size: int) -> np.ndarray:
    """Crop premultiplied RGBA to its visible part and scale it to the bottom of a square."""
    x, y, width, height = cv2.boundingRect((rgba[..., 3] > 0.02).astype(np.uint8))
    margin = size // 64
    scale = (size - 2 * margin) / max(width, height)
    w, h = max(1, round(width * scale)), max(1, round(height * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(rgba[y : y + height, x : x + width], (w, h), interpolation=method)
    fitted = np.zeros((size, size, 4), np.float32)
    bottom, left = size - margin, (size - w) // 2
    fitted[bottom - h : bottom, left : left + w] = small
    return fitted
