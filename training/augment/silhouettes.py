"""Random outlines: blobs, polygons, boxes and strokes, some with a hole.

Every outline is a line of points, filled or drawn with a thickness, so that all kinds are drawn and
rasterised alike. OpenCV rasterises them on the CPU, which takes less than 0.1 ms for each.
"""

import math
from collections.abc import Callable
from types import MappingProxyType

import cv2
import numpy as np
import torch
from torch import Tensor

from training.augment.keyed import around, between, chosen

POINTS = 32
"""Points of each outline."""

RADII = (0.06, 0.33)
"""Distance of a filled outline's points from its middle, as a share of the picture's shorter side."""

THICKNESS = (0.015, 0.08)
"""Of strokes, as a share of the picture's shorter side."""

HOLES = 0.2
"""Share of filled outlines with a hole."""

_HOLE_SIZE = (0.3, 0.6)
_FINER = 3
"""Points are placed to 1/8 of a pixel."""


def draw_outlines(generator: torch.Generator, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Draw an outline for each of `count` pictures.

    Every kind is drawn for every picture, so that the choice of one does not change the others.

    Returns:
        points (count, POINTS, 2) float, x and y as shares of the shorter side, around the middle of the
        outline; thickness (count,) float of strokes, 0 where the outline is filled; hole (count,) float, the
        size of a hole as a share of the outline, 0 where there is none.
    """
    angles = torch.arange(POINTS) * (2 * math.pi / POINTS)
    kind = torch.randint(len(OUTLINES), (count,), generator=generator)
    each = torch.stack([draw(generator, count, angles) for draw in OUTLINES.values()])
    points = each[kind, torch.arange(count)]
    is_stroke = kind == list(OUTLINES).index("stroke")
    thickness = torch.where(is_stroke, between(*THICKNESS, generator, count), 0.0)
    has_hole = chosen(HOLES, generator, count) & ~is_stroke
    return points, thickness, has_hole * between(*_HOLE_SIZE, generator, count)


def rasterise(
    points: Tensor, thickness: Tensor, hole: Tensor, middle: Tensor, size: tuple[int, int]
) -> np.ndarray:
    """Draw outlines, each in a picture of its own.

    Args:
        points, thickness, hole: as `draw_outlines` returns them, for B pictures.
        middle: (B, 2) float, x and y of each outline's middle as shares of width and height.
        size: (h, w) of the pictures.

    Returns:
        (B, h, w) uint8: 0 outside, 255 inside, soft at the edge.
    """
    height, width = size
    side = min(size)
    around_middle = (middle * torch.tensor([width, height], dtype=torch.float32)).numpy()
    outlines = points.numpy() * side
    masks = np.zeros((len(points), height, width), np.uint8)
    for mask, outline, line, share, place in zip(
        masks, outlines, thickness.tolist(), hole.tolist(), around_middle, strict=True
    ):
        if line:
            pixels = max(1, round(line * side))
            cv2.polylines(mask, [_fixed(outline + place)], False, 255, pixels, cv2.LINE_AA, _FINER)
            continue
        cv2.fillPoly(mask, [_fixed(outline + place)], 255, cv2.LINE_AA, _FINER)
        if share:
            cv2.fillPoly(mask, [_fixed(outline * share + place)], 0, cv2.LINE_AA, _FINER)
    return masks


def _blob(generator: torch.Generator, count: int, angles: Tensor) -> Tensor:
    """A circle with waves, wider than high or higher than wide."""
    radius = torch.ones(count, POINTS)
    for waves in (2, 3, 5):
        size = between(0, 0.45 / math.sqrt(waves), generator, count)[:, None]
        phase = between(0, 2 * math.pi, generator, count)[:, None]
        radius += size * (waves * angles + phase).sin()
    return _turned(_polar(radius, angles), generator, count)


def _polygon(generator: torch.Generator, count: int, angles: Tensor) -> Tensor:
    """A star-shaped polygon of 3 to 9 corners."""
    corners = torch.randint(3, 10, (count,), generator=generator)
    radius = between(0.35, 1.2, generator, count, 9)
    # Places along the outline, in corners: between two corners the line is straight.
    place = torch.arange(POINTS) / POINTS * corners[:, None]
    before = place.floor().long()
    after = (before + 1) % corners[:, None]

    def corner(number: Tensor) -> Tensor:
        return _polar(radius.gather(1, number), 2 * math.pi * number / corners[:, None])

    weight = (place - before)[..., None]
    return _turned(corner(before) * (1 - weight) + corner(after) * weight, generator, count)


def _box(generator: torch.Generator, count: int, angles: Tensor) -> Tensor:
    """A rectangle."""
    across, down = angles.cos(), angles.sin()
    square = torch.stack([across, down], dim=-1) / torch.maximum(across.abs(), down.abs())[:, None]
    return _turned(square.repeat(count, 1, 1), generator, count)


def _stroke(generator: torch.Generator, count: int, angles: Tensor) -> Tensor:
    """A line that bends slowly."""
    turns = around(1, generator, count, POINTS).cumsum(dim=1) * 0.35
    direction = turns + between(0, 2 * math.pi, generator, count)[:, None]
    length = 2 * between(*RADII, generator, count)[:, None, None] * (2 / POINTS)
    steps = torch.stack([direction.cos(), direction.sin()], dim=-1) * length
    line = steps.cumsum(dim=1)
    return line - line.mean(dim=1, keepdim=True)


OUTLINES = MappingProxyType({"blob": _blob, "polygon": _polygon, "box": _box, "stroke": _stroke})
"""The kinds of outlines, each as likely as the others."""

Draw = Callable[[torch.Generator, int, Tensor], Tensor]


def _polar(radius: Tensor, angles: Tensor) -> Tensor:
    return torch.stack([radius * angles.cos(), radius * angles.sin()], dim=-1)


def _turned(points: Tensor, generator: torch.Generator, count: int) -> Tensor:
    """Outlines of radius 1, in another size, aspect and direction each."""
    size = between(*RADII, generator, count)
    aspect = between(math.log(0.4), 0, generator, count).exp()
    angle = between(0, math.pi, generator, count)
    scaled = points * torch.stack([size, size * aspect], dim=1)[:, None]
    cos, sin = angle.cos(), angle.sin()
    turn = torch.stack([torch.stack([cos, -sin], dim=1), torch.stack([sin, cos], dim=1)], dim=1)
    return scaled @ turn.transpose(1, 2)


def _fixed(points: np.ndarray) -> np.ndarray:
    """Points in OpenCV's fixed-point numbers; whole numbers are the middles of pixels."""
    fixed: np.ndarray = np.rint((points - 0.5) * 2**_FINER).astype(np.int32)
    return fixed
