"""Masks of every mode, some of another size than their picture."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from fuzzing.pictures import put
from fuzzing.watch import run


def prepare(seeds: Path) -> None:
    """Do nothing: masks use the examples of the pictures."""


def trial(rng: random.Random, seeds: Path, case: Path) -> Callable[[], str]:
    """A plain picture with a mutated mask."""
    images, masks = case / "pictures", case / "masks"
    images.mkdir()
    masks.mkdir()
    values = np.random.default_rng(rng.randrange(2**32)).integers(0, 256, (20, 24, 3), np.uint8)
    Image.fromarray(values).save(images / "a.png")
    name = rng.choice(("a", "a_mask", "A", "a.png"))
    mask = put(rng, seeds, masks / name)
    options: list[object] = []
    if rng.random() < 0.3:
        options += ["--foreground", rng.choice(("1", "255", "255,0,0", "0,0,0", "65535"))]
    if rng.random() < 0.2:
        options += ["--soft", rng.choice(("2", "128", "9,9,9"))]
    if rng.random() < 0.2:
        options += ["--grey-is-alpha"]
    given = (images / "a.png", mask) if rng.random() < 0.3 else (images, masks)
    return lambda: run("cutout", given[0], "--masks", given[1], *options, "--out", case / "out")
