"""A camera's view of flat surfaces, with colour and exact inverse depth, for drawn scenes."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from generator.drawing.patterns import mix, pattern, sample_noise, tint

Paint = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
Shape = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
Triple = tuple[float, float, float]
FAR = 1e4


@dataclass(frozen=True)
class Surface:
    """A material in world metres: two colours in a pattern. Called with coordinates, it returns colours."""

    kind: str
    first: np.ndarray
    second: np.ndarray
    scale: float
    tile: np.ndarray
    rough: float = 0.3

    def __call__(self, p: np.ndarray, q: np.ndarray, blur: np.ndarray) -> np.ndarray:
        """Colours (h, w, 3) at p across, q along, fading to the mean where a pixel spans blur metres."""
        clear = np.clip(np.float32(1.4) - blur / np.float32(self.scale), 0, 1)
        share = np.full(blur.shape, 0.4, np.float32)
        if self.kind != "plain":
            share += (pattern(self.kind, p / self.scale, q / self.scale, self.tile) - share) * clear
        across, along = p + q * np.float32(0.6), q - p * np.float32(0.6)  # rotated, which hides the grid
        coarse = sample_noise(self.tile, across / 31, along / 31) - np.float32(0.5)
        fine = (
            sample_noise(self.tile, across / 2.3, along / 2.3) + sample_noise(self.tile, q / 0.7, p / 0.7) - 1
        )
        fine *= np.clip(np.float32(1.5) - blur * 4, 0, 1)
        shade = 1 + self.rough * (np.float32(0.5) * coarse + fine)
        return tint(mix(self.first, self.second, share), shade)


@dataclass(frozen=True)
class Lamp:
    """A light at a point of the room, and its reach in metres."""

    at: Triple
    reach: float


class View:
    """A square picture with a depth buffer. World: x right, y down, z forward, metres; the eye at the origin.

    Attributes:
        rgb: (n, n, 3) float32.
        inverse: (n, n) float32, 1 / z of each visible point, 0 where there is none.
        eye: height of the eye over the ground.
    """

    def __init__(self, pixels: int, focal: float, centre: tuple[float, float], eye: float) -> None:
        grid = (np.arange(pixels, dtype=np.float32) + np.float32(0.5)) / np.float32(pixels)
        self.pixels, self.focal, self.centre, self.eye = pixels, focal, centre, eye
        self.u = ((grid - np.float32(centre[0])) / np.float32(focal))[None, :]
        self.v = ((grid - np.float32(centre[1])) / np.float32(focal))[:, None]
        self.rgb = np.zeros((pixels, pixels, 3), np.float32)
        self.inverse = np.zeros((pixels, pixels), np.float32)
        self.ambient = np.ones(3, np.float32)
        self.sun: tuple[np.ndarray, np.ndarray] | None = None  # direction towards it, colour
        self.lamps: list[Lamp] = []
        self.glow = np.ones(3, np.float32)  # of each lamp, its colour times its strength

    def rectangle(
        self,
        axis: int,
        offset: float,
        low: tuple[float, float],
        high: tuple[float, float],
        paint: Paint,
        lit: bool = True,
    ) -> None:
        """Draw a rectangle that faces the eye; nearer things stay in front.

        Args:
            axis: 0, 1 or 2, the world axis it stands across.
            offset: where on that axis, in metres.
            low, high: its corners on the other two axes, in the order x, y, z.
            paint: colours from (x or z, y or z, metres a pixel spans).
            lit: whether lamps and sun act on it; False for what shines itself.
        """
        first, second = [other for other in range(3) if other != axis]
        ends = {axis: (offset, offset), first: (low[0], high[0]), second: (low[1], high[1])}
        rows, columns = self._crop([(x, y, z) for x in ends[0] for y in ends[1] for z in ends[2]])
        u, v = self.u[:, columns], self.v[rows]
        if u.size == 0 or v.size == 0:
            return
        ray = (u, v, np.ones((1, 1), np.float32))
        before = self.inverse[rows, columns]
        inverse = np.broadcast_to(ray[axis] / np.float32(offset), before.shape)
        depth = 1 / np.maximum(inverse, np.float32(1 / FAR))
        p, q = ray[first] * depth, ray[second] * depth
        seen = (inverse > before) & (p >= low[0]) & (p <= high[0]) & (q >= low[1]) & (q <= high[1])
        blur = depth / np.float32(self.focal * self.pixels)
        if axis != 2:
            blur = blur * depth / np.float32(abs(offset))
        colour = paint(q, p, blur) if axis == 0 else paint(p, q, blur)
        if lit:
            colour = colour * self._light(axis, offset, p, q)
        np.copyto(self.rgb[rows, columns], colour, where=seen[..., None], casting="same_kind")
        np.copyto(before, inverse, where=seen)

    def box(self, low: Triple, high: Triple, paint: Paint, front: Paint | None = None) -> None:
        """Draw the faces of a box that the eye can see; the front may have a paint of its own."""
        (x0, y0, z0), (x1, y1, z1) = low, high
        if x0 > 0 or x1 < 0:
            self.rectangle(0, x0 if x0 > 0 else x1, (y0, z0), (y1, z1), paint)
        if y0 > 0 or y1 < 0:
            self.rectangle(1, y0 if y0 > 0 else y1, (x0, z0), (x1, z1), paint)
        self.rectangle(2, z0, (x0, y0), (x1, y1), front or paint)

    def stand(self, x: float, z: float, height: float, width: float, shape: Shape) -> None:
        """Draw a flat thing that stands on the ground and faces the eye; nearer things stay in front.

        Args:
            x, z: its foot, in metres.
            height: its height, in metres.
            width: no part of it is farther than this from its axis, in heights.
            shape: from (heights right of the axis, heights over the ground): what is seen (bool), and its
                colours.
        """
        side = width * height
        top, foot = self.eye - height, self.eye
        rows, columns = self._crop([(x - side, top, z), (x + side, foot, z)])
        before = self.inverse[rows, columns]
        if before.size == 0:
            return
        s = (self.u[:, columns] * np.float32(z) - np.float32(x)) / np.float32(height)
        t = (np.float32(self.eye) - self.v[rows] * np.float32(z)) / np.float32(height)
        seen, colour = shape(np.broadcast_to(s, before.shape), np.broadcast_to(t, before.shape))
        seen = seen & (t >= 0) & (before < 1 / z)
        light = self.ambient if self.sun is None else self.ambient + np.float32(0.55) * self.sun[1]
        np.copyto(self.rgb[rows, columns], colour * light, where=seen[..., None], casting="same_kind")
        before[seen] = 1 / z

    def shadow(self, low: tuple[float, float], high: tuple[float, float], soft: float, depth: float) -> None:
        """Darken the visible ground in and around the rectangle from low to high (x, z)."""
        near = max(0.1, low[1] - 2 * soft)
        corners = [(x, self.eye, z) for x in (low[0] - 2 * soft, high[0] + 2 * soft) for z in (near, high[1])]
        rows, columns = self._crop([*corners, (low[0], self.eye, high[1] + 2 * soft)])
        inverse = np.maximum(self.v[rows] / np.float32(self.eye), np.float32(1 / FAR))
        x, z = self.u[:, columns] / inverse, 1 / inverse
        across = np.maximum(np.maximum(low[0] - x, x - high[0]), 0)
        along = np.maximum(np.maximum(low[1] - z, z - high[1]), 0)
        dark = np.float32(depth) * np.exp(-(across * across + along * along) / np.float32(soft * soft))
        ground = np.abs(self.inverse[rows, columns] - inverse) < 1e-5
        self.rgb[rows, columns] *= np.where(ground, 1 - dark, 1)[..., None]

    def haze(self, colour: np.ndarray, reach: float) -> None:
        """Blend far things, but not the sky, towards a colour: half of it at about 0.7 * reach metres."""
        share = 1 - np.exp(-1 / (np.maximum(self.inverse, np.float32(1 / FAR)) * np.float32(reach)))
        share[self.inverse == 0] = 0
        self.rgb = mix(self.rgb, colour, share)

    def finish(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """The picture (m, m, 3) uint8 and its depth (m, m) uint16, 65535 nearest; m = n / step."""
        size = self.pixels // step
        small = cv2.resize(np.clip(self.rgb, 0, 1), (size, size), interpolation=cv2.INTER_AREA)
        inverse = self.inverse[step // 2 :: step, step // 2 :: step].astype(np.float64)
        inverse = (inverse - inverse.min()) / (inverse.max() - inverse.min())
        depth = np.rint(1 + 65534 * inverse).astype(np.uint16)
        return np.rint(small * 255).astype(np.uint8), depth

    def _crop(self, corners: list[Triple]) -> tuple[slice, slice]:
        """The rows and columns that the convex hull of some points can cover."""
        spans = []
        for axis, centre in ((1, self.centre[1]), (0, self.centre[0])):
            places = [self.focal * corner[axis] / max(corner[2], 0.02) + centre for corner in corners]
            low, high = (np.clip(place * self.pixels, 0, self.pixels) for place in (min(places), max(places)))
            spans.append(slice(int(low), int(np.ceil(high))))
        return spans[0], spans[1]

    def _light(self, axis: int, offset: float, p: np.ndarray, q: np.ndarray) -> np.ndarray:
        """The light, colour (3,) or (h, w, 3), that falls on a rectangle at its points p, q."""
        facing = -1 if offset > 0 else 1
        if self.sun is not None:
            return self.ambient + self.sun[1] * np.float32(max(0, self.sun[0][axis] * facing))
        total = np.zeros(p.shape, np.float32)
        for lamp in self.lamps:
            a, b = (lamp.at[other] for other in range(3) if other != axis)
            ahead = (lamp.at[axis] - offset) * facing
            if ahead > 0:
                square = (p - np.float32(a)) ** 2 + (q - np.float32(b)) ** 2 + np.float32(ahead**2)
                fall = np.float32(0.3) + np.float32(0.7 * ahead) / np.sqrt(square)
                total += fall / (1 + square / np.float32(lamp.reach**2))
        return mix(self.ambient, self.ambient + self.glow, total)
