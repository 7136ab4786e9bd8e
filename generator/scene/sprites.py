"""Sprites: a foreground in its prepared appearances, and its contact shadow.

Size, rotation, colour and edge are computed here, once. Pasting a sprite later is integer arithmetic alone.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np

from generator.config import GenerateConfig
from generator.format.pixels import OPAQUE
from generator.resize import premultiply, scale_sprite, straighten

_SHADOW_ALPHA = 150
NARROWEST_SHADOW = 3
_SHADOW_FLATNESS = 0.3
_FEATHER = 0.01

Appearance = Callable[[np.ndarray, int], np.ndarray]


def sprites_per_fg(config: GenerateConfig) -> int:
    """How many sprites each foreground has, without shadows."""
    return config.variants * len(_edges(config))


def make_sprites(rgba: np.ndarray, config: GenerateConfig, words: Sequence[int]) -> list[np.ndarray]:
    """All sprites of a foreground: for each variant, each of its edges.

    Args:
        rgba: (H, W, 4) uint8, straight alpha.
        config: the ranges that appearances are drawn from.
        words: one random word for each variant.

    Returns:
        (h, w, 4) uint8 each, straight alpha, colour 0 where alpha is 0.
    """
    base = scale_sprite(rgba, round(config.fg_size * config.scale[1]))
    appearance = _appearance(config) if config.varies else None
    looks = [base if appearance is None else appearance(base, word) for word in words]
    return [edge(look) for look in looks for edge in _edges(config)]


def shadow_widths(base: np.ndarray, side: int) -> np.ndarray:
    """The widths of shadows: 1.2 times the width of the object's base, from 3 pixels to `side`.

    Args:
        base: (..., 2) first and last opaque column near the ground, as `Bank.base` has them.
        side: side of the largest sprite, at least 3 pixels.

    Returns:
        (...) int64, in pixels.
    """
    standing = base[..., 1] - base[..., 0] + 1
    widths: np.ndarray = np.clip((6 * standing + 2) // 5, NARROWEST_SHADOW, side)
    return widths


def contact_shadow(width: int) -> np.ndarray:
    """A soft black ellipse, whose alpha falls from the middle to the edge: (h, width, 4) uint8."""
    height = max(NARROWEST_SHADOW, round(width * _SHADOW_FLATNESS))
    u = (np.arange(width) + 0.5) / width * 2 - 1
    v = (np.arange(height) + 0.5) / height * 2 - 1
    shadow = np.zeros((height, width, 4), np.uint8)
    shadow[..., 3] = np.rint(_SHADOW_ALPHA * np.clip(1 - u**2 - v[:, None] ** 2, 0, 1))
    return shadow


def _appearance(config: GenerateConfig) -> Appearance:
    """A function that draws size, rotation and colour from one random word and applies them."""
    with _without_torch():
        os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
        import albumentations

    def factor(spread: float) -> tuple[float, float]:
        return 1 - spread, 1 + spread

    low, high = config.scale
    steps: list[Any] = []
    if low < high:
        area = cv2.INTER_AREA
        steps.append(
            albumentations.RandomScale((low / high - 1, 0), interpolation=area, mask_interpolation=area, p=1)
        )
    if config.rotate:
        turn = (-config.rotate, config.rotate)
        steps.append(
            albumentations.Affine(rotate=turn, fit_output=True, mask_interpolation=cv2.INTER_LINEAR, p=1)
        )
    tint = albumentations.Compose(
        [
            albumentations.ColorJitter(
                brightness=factor(config.brightness),
                contrast=factor(config.contrast),
                saturation=factor(config.saturation),
                hue=(0, 0),
                p=1,
            )
        ]
    )
    pose = albumentations.Compose(steps)

    def draw(base: np.ndarray, word: int) -> np.ndarray:
        tint.set_random_seed(word % 2**31)
        pose.set_random_seed((word >> 32) % 2**31)
        alpha = base[..., 3]
        # Contrast is changed around the picture's mean, which transparent pixels must not darken.
        colour = np.where(alpha[..., None] > 0, base[..., :3], cv2.mean(base, (alpha > 0).view(np.uint8))[:3])
        tinted = tint(image=colour.astype(np.uint8))["image"]
        whole = premultiply(np.dstack([tinted, alpha]))
        posed = pose(image=whole[..., :3], mask=whole[..., 3])
        sprite = straighten(np.dstack([posed["image"], posed["mask"]]))
        left, top, width, height = cv2.boundingRect(np.ascontiguousarray(sprite[..., 3]))
        return sprite[top : top + height, left : left + width] if config.rotate else sprite

    return draw


def _edges(config: GenerateConfig) -> tuple[Callable[[np.ndarray], np.ndarray], ...]:
    """The edges that each appearance gets; training on several teaches a network not to look for seams.

    Source: Dwibedi et al. 2017, "Cut, Paste and Learn".
    """
    return {"alpha": (_as_it_is,), "feather": (_feather,), "mixed": (_as_it_is, _feather)}[config.blend]


def _as_it_is(sprite: np.ndarray) -> np.ndarray:
    return sprite


def _feather(sprite: np.ndarray) -> np.ndarray:
    """Soften the edge inwards, because pixels outside have no colour."""
    alpha = sprite[..., 3]
    width = max(1, round(max(alpha.shape) * _FEATHER))
    framed = cv2.copyMakeBorder(alpha, width, width, width, width, cv2.BORDER_CONSTANT, value=0)
    inner = cv2.erode(framed, np.ones((2 * width + 1, 2 * width + 1), np.uint8))
    soft = cv2.GaussianBlur(inner, (4 * width + 1, 4 * width + 1), width)[width:-width, width:-width]
    feathered = sprite.copy()
    feathered[..., 3] = np.minimum(alpha, soft)
    # A cut-out thinner than the soft edge would vanish, so it keeps its own edge.
    return feathered if (feathered[..., 3] >= OPAQUE).any() else sprite


@contextmanager
def _without_torch() -> Iterator[None]:
    """Keep Albumentations from importing torch, which takes seconds and 500 MB and is not used here."""
    if "torch" in sys.modules:
        yield
        return
    sys.modules["torch"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["torch"]
