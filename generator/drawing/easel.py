"""The easel that a cut-out is drawn on, part by part, from back to front."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from generator.drawing.patterns import (
    SURFACE_TONES,
    draw_colour,
    hsv,
    mix,
    noise_tile,
    pattern,
    sample_noise,
    tint,
)

Point = tuple[float, float]
PATTERNS = ("plain", "plain", "gradient", "stripes", "checks", "spots", "noise", "patches", "marble")
MARGIN = 0.15  # of the unit square, around it


@dataclass(frozen=True)
class Look:
    """The look of a surface: two colours, the pattern between them, and its gloss (0..1)."""

    kind: str
    first: np.ndarray
    second: np.ndarray
    scale: float
    angle: float
    gloss: float


BLACK = Look("plain", hsv(0, 0, 0.05), hsv(0, 0, 0.05), 1, 0, 0.7)
WHITE = Look("plain", hsv(0, 0, 0.97), hsv(0, 0, 0.97), 1, 0, 0)


class Easel:
    """A square on which parts are put, back to front.

    Coordinates are units: x right, y down, the thing mostly within 0..1, the ground at y = 1. Masks are
    (n, n) uint8 coverage.

    Attributes:
        rng: the one source of randomness.
        rgba: (n, n, 4) float32 in 0..1, premultiplied.
    """

    def __init__(self, rng: np.random.Generator, pixels: int) -> None:
        self.rng = rng
        self.pixels = pixels
        self.unit = pixels / (1 + 2 * MARGIN)
        self.tile = noise_tile(rng)
        self.rgba = np.zeros((pixels, pixels, 4), np.float32)  # premultiplied
        self.lean = rng.uniform(-0.06, 0.06)
        self.ambient = rng.uniform(0.25, 0.6)
        light = np.array([rng.uniform(-1, 1), -rng.uniform(0.3, 1), rng.uniform(0.6, 1.3)])
        self.light = (light / np.linalg.norm(light)).astype(np.float32)

    def look(self, *tones: str, kinds: Sequence[str] = PATTERNS, gloss: float | None = None) -> Look:
        """A random look with colours from these tones; from any tone if none is given."""
        rng = self.rng
        first = draw_colour(rng, str(rng.choice(tones or SURFACE_TONES)))
        second = draw_colour(rng, str(rng.choice(tones or SURFACE_TONES)))
        if tones and rng.random() < 0.6:
            second = first * np.float32(rng.uniform(0.35, 0.8))
        gloss = float(rng.uniform(0, 0.5)) if gloss is None else gloss
        scale = float(rng.uniform(0.035, 0.12))
        return Look(str(rng.choice(kinds)), first, second, scale, float(rng.uniform(0, np.pi)), gloss)

    def area(self, *outlines: Sequence[Point] | np.ndarray) -> np.ndarray:
        """The mask (n, n) uint8 inside an odd number of the outlines: an inner outline makes a hole."""
        mask = np.zeros((self.pixels, self.pixels), np.uint8)
        contours = [(self._place(outline) * 16).round().astype(np.int32) for outline in outlines]
        cv2.fillPoly(mask, contours, 255, cv2.LINE_AA, 4)
        return mask

    def areas(self, outlines: Sequence[np.ndarray]) -> np.ndarray:
        """The mask inside any of the outlines."""
        mask = np.zeros((self.pixels, self.pixels), np.uint8)
        for outline in outlines:
            cv2.fillPoly(mask, [(self._place(outline) * 16).round().astype(np.int32)], 255, cv2.LINE_AA, 4)
        return mask

    def blob(self, *points: Point) -> np.ndarray:
        """The mask inside a smooth closed curve through the points."""
        return self.area(curve(points, closed=True))

    def mirrored(self, *points: Point, smooth: bool = True) -> np.ndarray:
        """The mask of a shape symmetric about x = 0.5, from its right half as (half width, y), top down."""
        half = curve(points) if smooth else np.array(points)
        left = half[::-1] * [-1, 1]
        return self.area(np.concatenate([half, left]) + np.array([0.5, 0]))

    def ellipse(self, x: float, y: float, rx: float, ry: float, turn: float = 0.0) -> np.ndarray:
        """The mask of an ellipse, turned clockwise by an angle in radians."""
        return self.area(oval(x, y, rx, ry, turn))

    def tube(self, points: Sequence[Point], radii: Sequence[float]) -> np.ndarray:
        """The mask of a smooth open line, its radius going through the given values."""
        mask = np.zeros((self.pixels, self.pixels), np.uint8)
        line = curve(points) if len(points) > 2 else np.linspace(points[0], points[1], 32)
        steps = np.linspace(0, 1, 4 * len(line))
        own = np.linspace(0, 1, len(line))
        across, down = line[:, 0], line[:, 1]
        dense = np.stack([np.interp(steps, own, across), np.interp(steps, own, down)], 1)
        radius = np.interp(steps, np.linspace(0, 1, len(radii)), radii) * self.unit
        for (x, y), r in zip(
            (self._place(dense) * 16).round().astype(int), np.maximum(radius, 0.7), strict=True
        ):
            cv2.circle(mask, (int(x), int(y)), int(r * 16), 255, -1, cv2.LINE_AA, 4)
        return mask

    def put(
        self, mask: np.ndarray, look: Look, bulge: float = 0.1, fur: float = 0.0, light: float = 1.0
    ) -> None:
        """Put a part in front of all parts so far.

        Args:
            mask: (n, n) uint8 coverage.
            look: its surface.
            bulge: how far from the rim the surface goes on curving, in units.
            fur: length of the hairs on its rim, in units; 0 is a clean edge.
            light: brightness of the part, 1 is full.
        """
        if fur:
            mask = self._furred(mask, fur)
        rows, columns = self._crop(mask, 0)
        cover = mask[rows, columns].astype(np.float32) / 255
        colour = np.clip(self._surface(cover, look, bulge, light, rows.start, columns.start), 0, 1)
        below = self.rgba[rows, columns]
        shadow = cv2.GaussianBlur(cover, (0, 0), 0.011 * self.pixels)
        below[..., :3] *= 1 - np.float32(0.4) * shadow[..., None]
        below *= 1 - cover[..., None]
        below[..., :3] += colour * cover[..., None]
        below[..., 3] += cover

    def eye(self, x: float, y: float, radius: float) -> None:
        """A dark eye with a highlight, sometimes with a coloured iris."""
        if self.rng.random() < 0.5:
            iris = self.look("autumn", "leaf", "snow", kinds=["plain"])
            self.put(self.ellipse(x, y, radius * 1.5, radius * 1.4), iris)
        self.put(self.ellipse(x, y, radius, radius), BLACK)
        self.put(self.ellipse(x + radius * 0.3, y - radius * 0.35, radius * 0.35, radius * 0.35), WHITE)

    def _place(self, points: Sequence[Point] | np.ndarray) -> np.ndarray:
        placed = np.array(points, dtype=np.float64)
        placed[:, 0] += self.lean * (1 - placed[:, 1])
        return (placed + MARGIN) * self.unit

    def _furred(self, mask: np.ndarray, length: float) -> np.ndarray:
        """A mask with hairs on its rim, combed outwards and a little down."""
        rows, columns = self._crop(mask, int(2 * length * self.unit))
        furred = mask[rows, columns].copy()
        slope = cv2.GaussianBlur(furred.astype(np.float32), (0, 0), 0.008 * self.pixels + 0.5)
        outward = -np.stack([cv2.Sobel(slope, cv2.CV_32F, 1, 0), cv2.Sobel(slope, cv2.CV_32F, 0, 1)], -1)
        contours, _ = cv2.findContours((furred > 127).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        roots = np.concatenate([np.zeros((0, 2), np.int32), *(contour[:, 0] for contour in contours)])
        roots = roots[:: max(1, self.pixels // 300)]
        hair = outward[roots[:, 1], roots[:, 0]]
        hair = hair / (np.linalg.norm(hair, axis=-1, keepdims=True) + 1e-6)
        hair = hair + self.rng.normal([0, 0.4], 0.45, roots.shape)
        hair *= self.rng.uniform(0.3, 1, (len(roots), 1)) * length * self.unit
        strands = np.stack([roots - 0.3 * hair, roots + hair], 1) * 16
        cv2.polylines(furred, list(strands.round().astype(np.int32)), False, 200, 1, cv2.LINE_AA, 4)
        soft = cv2.GaussianBlur(furred, (0, 0), 0.6 + 0.0015 * self.pixels)
        whole = np.zeros_like(mask)
        whole[rows, columns] = cv2.max(soft, np.where(mask[rows, columns] > 200, mask[rows, columns], 0))
        return whole

    def _crop(self, mask: np.ndarray, pad: int) -> tuple[slice, slice]:
        """The rows and columns that are not empty, with a margin."""
        x, y, width, height = cv2.boundingRect(mask)
        pad += int(0.04 * self.pixels) + 2
        return slice(max(0, y - pad), y + height + pad), slice(max(0, x - pad), x + width + pad)

    def _surface(
        self, cover: np.ndarray, look: Look, bulge: float, light: float, top: int, left: int
    ) -> np.ndarray:
        """The lit colour of every pixel of a crop, also outside the cover, because soft edges need it."""
        solid = (cover * 2 >= cover.max()).astype(np.uint8)
        inside = cv2.distanceTransform(solid, cv2.DIST_L2, 5) - cv2.distanceTransform(
            1 - solid, cv2.DIST_L2, 5
        )
        reach = max(1.0, min(bulge * self.unit, float(inside.max())))
        inside = _smooth(inside, max(0.8, 0.2 * reach))
        tilt = np.float32(1.6 / 8) * (1 - np.clip(inside / np.float32(reach), 0, 1))
        nx, ny = -tilt * cv2.Sobel(inside, cv2.CV_32F, 1, 0), -tilt * cv2.Sobel(inside, cv2.CV_32F, 0, 1)
        length = np.sqrt(1 + nx * nx + ny * ny)
        lx, ly, lz = self.light
        lambert = np.maximum((nx * lx + ny * ly + lz) / length, 0)
        half = np.array([lx, ly, lz + 1]) / np.linalg.norm([lx, ly, lz + 1])
        shine = np.maximum((nx * half[0] + ny * half[1] + half[2]) / length, 0).astype(np.float32) ** 40

        y = ((np.arange(cover.shape[0], dtype=np.float32) + top) / self.unit)[:, None]
        x = ((np.arange(cover.shape[1], dtype=np.float32) + left) / self.unit)[None, :]
        cos, sin = np.float32(np.cos(look.angle) / look.scale), np.float32(np.sin(look.angle) / look.scale)
        share = pattern(look.kind, x * cos + y * sin, y * cos - x * sin, self.tile)
        grain = sample_noise(self.tile, x * 3, y * 3) - np.float32(0.5)
        shade = (self.ambient + (1.15 - self.ambient) * lambert + 0.35 * grain) * light
        lit = tint(mix(look.first, look.second, share), shade)
        lit += (look.gloss * light * shine)[..., None]
        return lit


def curve(points: Sequence[Point], closed: bool = False) -> np.ndarray:
    """A smooth line (Catmull-Rom) through the points, (m, 2), 12 points a stretch."""
    knots = np.array(points, dtype=np.float64)
    ends = (knots[-1:], knots[:2]) if closed else (2 * knots[:1] - knots[1:2], 2 * knots[-1:] - knots[-2:-1])
    knots = np.concatenate([ends[0], knots, ends[1]])
    a, b, c, d = (knots[i : len(knots) - 3 + i, None] for i in range(4))
    t = np.linspace(0, 1, 12, endpoint=False)[None, :, None]
    line = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return np.concatenate([line.reshape(-1, 2), knots[-2:-1]])


def _smooth(field: np.ndarray, sigma: float) -> np.ndarray:
    """A Gaussian blur; wide ones are computed at a lower resolution."""
    step = int(sigma / 10)
    if step < 2:
        return cv2.GaussianBlur(field, (0, 0), sigma)
    height, width = field.shape
    size = (max(1, round(width / step)), max(1, round(height / step)))
    small = cv2.resize(field, size, interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(small, (0, 0), sigma / step)
    large = cv2.resize(blurred, (width, height), interpolation=cv2.INTER_CUBIC)
    return cv2.GaussianBlur(large, (0, 0), step)  # without the steps of the lower resolution


def oval(x: float, y: float, rx: float, ry: float, turn: float = 0.0) -> np.ndarray:
    """The outline of an ellipse, (72, 2), turned clockwise by an angle in radians."""
    t = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    cos, sin = np.cos(turn), np.sin(turn)
    a, b = rx * np.cos(t), ry * np.sin(t)
    return np.stack([x + a * cos - b * sin, y + a * sin + b * cos], 1)


def union(*masks: np.ndarray) -> np.ndarray:
    """The union of the masks."""
    return functools.reduce(cv2.max, masks)
