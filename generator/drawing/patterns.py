"""Keyed randomness, colours, noise and patterns, for drawn cut-outs and drawn scenes."""

import colorsys

import cv2
import numpy as np

TILE = 256

TONES = {  # ranges of hue, saturation, value
    "bright": ((0.0, 1.0), (0.6, 1.0), (0.6, 1.0)),
    "pale": ((0.0, 1.0), (0.05, 0.3), (0.75, 1.0)),
    "muted": ((0.0, 1.0), (0.15, 0.45), (0.35, 0.75)),
    "dark": ((0.0, 1.0), (0.2, 0.8), (0.1, 0.35)),
    "grey": ((0.0, 1.0), (0.0, 0.08), (0.15, 0.95)),
    "fur": ((0.04, 0.11), (0.1, 0.7), (0.15, 0.95)),
    "leaf": ((0.16, 0.4), (0.4, 0.85), (0.25, 0.75)),
    "autumn": ((0.0, 0.14), (0.6, 0.95), (0.45, 0.85)),
    "wood": ((0.04, 0.1), (0.35, 0.7), (0.25, 0.7)),
    "metal": ((0.52, 0.65), (0.0, 0.12), (0.45, 0.9)),
    "skin": ((0.03, 0.08), (0.25, 0.6), (0.35, 0.95)),
    "earth": ((0.05, 0.12), (0.2, 0.55), (0.3, 0.75)),
    "stone": ((0.05, 0.65), (0.02, 0.15), (0.3, 0.75)),
    "snow": ((0.55, 0.65), (0.0, 0.12), (0.85, 1.0)),
    "water": ((0.45, 0.62), (0.3, 0.8), (0.25, 0.7)),
}
SURFACE_TONES = ("bright", "bright", "pale", "muted", "dark", "grey")


def keyed_rng(stream: int, seed: int, index: int) -> np.random.Generator:
    """The random generator of one drawing; it depends only on these three numbers."""
    words = np.array([seed & (2**64 - 1), (stream << 48) ^ index], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=words))


def hsv(hue: float, saturation: float, value: float) -> np.ndarray:
    """A colour, (3,) float32 RGB in 0..1."""
    return np.array(colorsys.hsv_to_rgb(hue % 1.0, saturation, value), dtype=np.float32)


def draw_colour(rng: np.random.Generator, tone: str) -> np.ndarray:
    """A random colour of a tone named in TONES, (3,) float32 RGB in 0..1."""
    return hsv(*(float(rng.uniform(low, high)) for low, high in TONES[tone]))


def mix(first: np.ndarray, second: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Blend two colours, (3,) or (h, w, 3), by the share (h, w) of the second."""
    blended = np.empty((*share.shape, 3), np.float32)
    for channel in range(3):  # far faster than broadcasting over a last axis of 3
        start, end = first[..., channel], second[..., channel]
        blended[..., channel] = start + (end - start) * share
    return blended


def tint(colour: np.ndarray, shade: np.ndarray) -> np.ndarray:
    """Multiply a colour, (3,) or (h, w, 3), by a shade (h, w)."""
    tinted = np.empty((*shade.shape, 3), np.float32)
    for channel in range(3):
        np.multiply(colour[..., channel], shade, out=tinted[..., channel], casting="same_kind")
    return tinted


def soft_step(value: np.ndarray, sharpness: float) -> np.ndarray:
    """0 well below zero, 1 well above, linear over a width of 1 / sharpness."""
    step: np.ndarray = np.clip(value * np.float32(sharpness) + np.float32(0.5), 0, 1)
    return step


def noise_tile(rng: np.random.Generator) -> np.ndarray:
    """Cloudy noise that repeats seamlessly: (TILE, TILE) float32, mean 0.5, mostly in 0..1."""
    total = np.zeros((TILE, TILE), np.float32)
    for cells in (4, 8, 16, 32, 64, 128):
        grid = np.pad(rng.random((cells, cells), dtype=np.float32), 2, mode="wrap")
        step = TILE // cells
        large = cv2.resize(grid, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
        total += large[2 * step : -2 * step, 2 * step : -2 * step] * (4.0 / cells) ** 0.8
    total -= total.mean()
    return np.float32(0.5) + total * np.float32(0.2 / total.std())


def sample_noise(tile: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Noise at coordinates counted in tiles, of any sign and size. Float32 of their common shape."""
    u, v = np.broadcast_arrays(np.asarray(u, np.float32), np.asarray(v, np.float32))
    columns, rows = (u - np.floor(u)) * np.float32(TILE), (v - np.floor(v)) * np.float32(TILE)
    return cv2.remap(tile, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)


def _cell_value(tile: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """A fixed pseudo-random value per integer cell."""
    i, j = i.astype(np.int32), j.astype(np.int32)
    value: np.ndarray = tile[(i * 37 + j * 101) & (TILE - 1), (j * 53 + i * 171) & (TILE - 1)]
    return value


def _spots(u: np.ndarray, v: np.ndarray, tile: np.ndarray) -> np.ndarray:
    i, j = np.floor(u), np.floor(v)
    across = u - i - np.float32(0.5) - (_cell_value(tile, i, j) - np.float32(0.5)) * np.float32(0.6)
    along = v - j - np.float32(0.5) - (_cell_value(tile, j + 9, i) - np.float32(0.5)) * np.float32(0.6)
    radius = np.float32(0.12) + np.float32(0.3) * _cell_value(tile, i, j + 31)
    return soft_step(radius - np.hypot(across, along), 12)


def _courses(u: np.ndarray, v: np.ndarray, tile: np.ndarray, length: float, joint: float) -> np.ndarray:
    """Rows of bricks, planks or tiles: 1 in the joints, a value of its own below 0.7 in each piece."""
    row = np.floor(v)
    shift = {1.0: 0.0, 2.0: 0.5}.get(length)
    along = u / np.float32(length) + (_cell_value(tile, row, row) * 7 if shift is None else row * shift)
    piece = np.floor(along)
    edge = np.minimum(v - row, (along - piece) * np.float32(length))
    value = _cell_value(tile, piece, row) * np.float32(0.7)
    return np.where(edge < joint, np.float32(1), np.clip(value, 0, 0.7))


def pattern(kind: str, u: np.ndarray, v: np.ndarray, tile: np.ndarray) -> np.ndarray:
    """A pattern of about one cell per unit.

    Args:
        kind: plain, gradient, stripes, checks, spots, noise, patches, marble, rows, bricks, tiles or planks.
        u, v: (h, w) float32 coordinates.
        tile: what `noise_tile` made.

    Returns:
        (h, w) float32 in 0..1, the share of a second colour.
    """
    if kind == "plain":
        return np.zeros_like(u)
    if kind == "gradient":
        return soft_step(np.sin(v * np.float32(0.7)), 0.5)
    if kind == "checks":
        return soft_step(np.sin(u * np.float32(np.pi)) * np.sin(v * np.float32(np.pi)), 6)
    if kind == "spots":
        return _spots(u, v, tile)
    if kind in ("bricks", "tiles", "planks"):
        length, joint = {"bricks": (2.0, 0.12), "tiles": (1.0, 0.05), "planks": (9.0, 0.06)}[kind]
        return _courses(u, v, tile, length, joint)
    noise = sample_noise(tile, u / 8 + v / 13, v / 8 - u / 13)  # rotated, which hides the grid
    if kind == "stripes":
        return soft_step(np.sin((u + noise) * np.float32(2 * np.pi)), 3)
    if kind == "rows":
        return soft_step(np.sin((u + noise * np.float32(0.2)) * np.float32(2 * np.pi)), 1)
    if kind == "noise":
        return soft_step(noise - np.float32(0.5), 1.3)
    if kind == "patches":
        return soft_step(noise - np.float32(0.5), 12)
    if kind == "marble":
        return np.float32(0.5) + np.float32(0.5) * np.sin(u + noise * np.float32(14))
    raise ValueError(f"pattern: expected a kind that the docstring names, found {kind!r}")
