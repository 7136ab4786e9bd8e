"""Pictures that a program gives to `predict_many`, each with its name, its background and its depth."""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import repeat
from os import PathLike
from typing import cast

import numpy as np
from PIL import Image

from fgbg.predictor.picture_input import Picture, as_rgb
from fgbg.predictor.sources import NamedPicture
from generator.errors import ArrayError


def is_one(pictures: object) -> bool:
    """Whether it is one picture instead of several; an array of several has a fourth dimension."""
    is_file = isinstance(pictures, str | bytes | PathLike | Image.Image)
    return is_file or getattr(pictures, "ndim", 0) in (2, 3)


def named(
    pictures: Iterable[Picture],
    bgs: Picture | Iterable[Picture | None] | None,
    depths: np.ndarray | Iterable[np.ndarray | None] | None,
) -> Iterator[NamedPicture]:
    """Bring pictures together with their backgrounds and depths, as `Predictor.predict_many` takes them.

    Raises:
        ArrayError: there are fewer backgrounds or depths than pictures.
    """
    # Here, so that what is no background is refused before the first picture is asked for.
    return _together(pictures, _backgrounds(bgs), _depths(depths))


def _together(
    pictures: Iterable[Picture], behind: Iterator[Picture | None], near: Iterator[np.ndarray | None]
) -> Iterator[NamedPicture]:
    for number, picture in enumerate(pictures):
        name = str(picture) if isinstance(picture, str | PathLike) else f"pictures[{number}]"
        try:
            bg = next(behind)
        except StopIteration:
            fix = "give as many as pictures, and None for a picture without one"
            raise ArrayError("bgs", f"a background for {name}", f"{number} backgrounds", fix) from None
        try:
            depth = next(near)
        except StopIteration:
            fix = "give as many as pictures, and None where it is not known"
            raise ArrayError("bg_depths", f"a depth for {name}", f"{number} depths", fix) from None
        yield NamedPicture(name, picture, bg, None if depth is None else partial(_itself, depth))


def _backgrounds(bgs: Picture | Iterable[Picture | None] | None) -> Iterator[Picture | None]:
    if bgs is None:
        return repeat(None)
    if is_one(bgs):
        return repeat(as_rgb(cast(Picture, bgs), "bg"))
    return iter(cast(Iterable[Picture | None], bgs))


def _depths(depths: np.ndarray | Iterable[np.ndarray | None] | None) -> Iterator[np.ndarray | None]:
    if depths is None or isinstance(depths, np.ndarray):
        return repeat(depths)
    return iter(depths)


def _itself(depth: np.ndarray) -> np.ndarray:
    return depth
