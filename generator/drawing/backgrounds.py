"""Draw backgrounds, outdoors and indoors, with their exact depth."""

import numpy as np

from generator.drawing.indoors import build_room
from generator.drawing.outdoors import build_place
from generator.drawing.patterns import keyed_rng
from generator.drawing.view import View

_STREAM = 2  # random numbers, independent of those of objects


def draw_scene(seed: int, index: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw one background and its depth.

    Args:
        seed: of the whole set.
        index: of the scene in the set, from 0; even ones are outdoors, odd ones indoors.
        size: side in pixels, 16..2048.

    Returns:
        The picture, (size, size, 3) uint8 RGB, and its relative inverse depth, (size, size) uint16, from 1,
        the farthest (the sky, where there is one), to 65535, the nearest; it is known everywhere. The same
        arguments give the same bytes.

    Raises:
        ValueError: the size or the index is out of range.
    """
    if not 16 <= size <= 2048 or index < 0:
        raise ValueError(f"expected a size of 16..2048 and an index from 0, found {size} and {index}")
    rng = keyed_rng(_STREAM, seed, index)
    step = 2 if size <= 512 else 1
    view = (build_room if index % 2 else build_place)(rng, index // 2, size * step)
    _develop(view, rng)
    return view.finish(step)


def _develop(view: View, rng: np.random.Generator) -> None:
    """What a camera adds: exposure, white balance, a darker rim and grain."""
    exposure = (rng.uniform(0.3, 0.6) / max(float(view.rgb.mean()), 0.05)) ** rng.uniform(0.4, 0.9)
    gain = (exposure * rng.uniform(0.95, 1.05, 3)).astype(np.float32)
    rim = 1 - np.float32(rng.uniform(0, 0.45)) * (view.u**2 + view.v**2) * np.float32(view.focal**2)
    grain = rng.standard_normal(view.inverse.shape, dtype=np.float32) * np.float32(rng.uniform(0.005, 0.035))
    view.rgb = view.rgb * rim[..., None] * gain + grain[..., None]
