"""Drawn pictures with exact labels: places with objects of several classes."""

import functools
from dataclasses import dataclass

import cv2
import numpy as np

from generator.drawing.backgrounds import draw_scene
from generator.drawing.objects import FAMILIES, draw_object
from generator.drawing.patterns import keyed_rng
from generator.format.pixels import OPAQUE

BACKGROUND = "background"
MOST_CLASSES = 1 + 6 * len(FAMILIES)
"""The background, and every family in six orders of its colour channels."""

_STREAM = 3  # random numbers, independent of those of objects and scenes
_SHARED = 8
_LARGEST_SCENE, _LARGEST_OBJECT = 1024, 512
_ORDERS = ((0, 1, 2), (2, 0, 1), (1, 2, 0), (2, 1, 0), (0, 2, 1), (1, 0, 2))


@dataclass(frozen=True, eq=False)
class LabelledPicture:
    """A drawn picture and the truth about its pixels.

    Attributes:
        rgb: (H, W, 3) uint8.
        alpha: (H, W) uint8, how much of each pixel the objects cover.
        classes: (H, W) uint8, the class of the topmost object that covers at least half of the pixel; 0 none.
        objects: (H, W) uint8, the number of that object, from 1; 0 none.
        kind: the class of the object that covers the most pixels.
    """

    rgb: np.ndarray
    alpha: np.ndarray
    classes: np.ndarray
    objects: np.ndarray
    kind: int

    @property
    def edge(self) -> np.ndarray:
        """(H, W) bool, the pixels on both sides of the outlines of objects."""
        window = np.ones((3, 3), np.uint8)
        edge: np.ndarray = cv2.dilate(self.objects, window) != cv2.erode(self.objects, window)
        return edge


def class_names(classes: int) -> list[str]:
    """The names of a number of classes; the first is the background."""
    families = list(FAMILIES)
    names = [BACKGROUND]
    for number in range(classes - 1):
        turn, family = divmod(number, len(families))
        names.append(families[family] + (f"-{turn + 1}" if turn else ""))
    return names


def draw_labelled(seed: int, number: int, size: tuple[int, int], classes: int, most: int) -> LabelledPicture:
    """Draw one picture with its labels.

    Eight pictures in a row show parts of one place. Places are drawn with sides up to 1,024 pixels and
    objects up to 512, and enlarged.

    Args:
        seed: of the whole set.
        number: of the picture in the set, from 0.
        size: (width, height) in pixels, each at least 32.
        classes: how many there are, from 2 to `MOST_CLASSES`.
        most: how many objects a picture has at most, from 1 to 254.

    Returns:
        The same for the same arguments.
    """
    rng = keyed_rng(_STREAM, seed, number)
    width, height = size
    rgb = _place(rng, seed, number // _SHARED, size)
    alpha = np.zeros((height, width), np.uint8)
    truth = np.zeros((height, width), np.uint8)
    objects = np.zeros((height, width), np.uint8)
    for count in range(1, 1 + int(rng.integers(1, most + 1))):
        class_ = int(rng.integers(1, classes))
        share = rng.uniform(0.5, 0.9) if most == 1 else rng.uniform(0.15, 0.5)
        side = min(max(16, round(min(size) * share)), min(size))
        rgba = _object(seed, number * 256 + count, class_, side)
        x, y = int(rng.integers(0, width - side + 1)), int(rng.integers(0, height - side + 1))
        place = (slice(y, y + side), slice(x, x + side))
        over = rgba[..., 3:].astype(np.uint32)
        mixed = (rgba[..., :3] * over + rgb[place] * (255 - over) + 127) // 255
        rgb[place] = mixed.astype(np.uint8)
        alpha[place] = ((over * 255 + alpha[place][..., None] * (255 - over) + 127) // 255)[..., 0]
        inside = rgba[..., 3] >= OPAQUE
        truth[place][inside], objects[place][inside] = class_, count
    kind = int(np.argmax(np.bincount(truth.ravel(), minlength=2)[1:])) + 1
    return LabelledPicture(rgb, alpha, truth, objects, kind)


def _place(rng: np.random.Generator, seed: int, number: int, size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8, a part of a place, mirrored or not, with grain of its own."""
    width, height = size
    square = _scene(seed, number, min(_LARGEST_SCENE, max(32, round(max(size) * 1.25))))
    side = len(square)
    part = side * rng.uniform(0.75, 1)
    w, h = round(part * width / max(size)), round(part * height / max(size))
    x, y = int(rng.integers(0, side - w + 1)), int(rng.integers(0, side - h + 1))
    cut = square[y : y + h, x : x + w]
    if rng.random() < 0.5:
        cut = cut[:, ::-1]
    method = cv2.INTER_AREA if w > width else cv2.INTER_CUBIC
    resized: np.ndarray = cv2.resize(cut, size, interpolation=method)
    grain = rng.integers(-4, 5, (height, width, 1), np.int16)
    grained: np.ndarray = np.clip(resized + grain, 0, 255).astype(np.uint8)
    return grained


@functools.lru_cache(maxsize=1)
def _scene(seed: int, number: int, side: int) -> np.ndarray:
    return draw_scene(seed, number, side)[0]


def _object(seed: int, index: int, class_: int, side: int) -> np.ndarray:
    """(side, side, 4) uint8, an object of a class."""
    turn, family = divmod(class_ - 1, len(FAMILIES))
    drawn = draw_object(seed, index * len(FAMILIES) + family, min(side, _LARGEST_OBJECT))
    rgba = drawn[..., [*_ORDERS[turn], 3]]
    if side > _LARGEST_OBJECT:
        rgba = cv2.resize(rgba, (side, side), interpolation=cv2.INTER_LINEAR)
    return rgba
