"""Sample assets drawn by the project itself: foregrounds, and backgrounds with exact depth."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from generator.drawn_objects import draw_object
from generator.drawn_scenes import draw_scene
from generator.errors import UsageError
from generator.files import write_atomically
from generator.listing import DEPTH_PICTURE_SUFFIX


@dataclass(frozen=True)
class DrawnSamples:
    """Where the samples are: the folders of foregrounds and backgrounds."""

    fg: Path
    bg: Path


def write_samples(
    folder: Path,
    count: int,
    size: int,
    seed: int,
    overwrite: bool = False,
    advance: Callable[[int], None] = lambda count: None,
) -> DrawnSamples:
    """Draw `count` foregrounds and `count` backgrounds into FOLDER/fg and FOLDER/bg.

    Foregrounds (fg000.png ...) are RGBA of half of `size`; backgrounds (bg000.png ...) are RGB of `size`,
    each with its exact depth in bg000.depth.png. Files that are there already with the same content
    are left alone.

    Args:
        folder: where to.
        count: of each kind.
        size: side of the backgrounds in pixels.
        seed: of all drawing.
        overwrite: replace files that are there with other content.
        advance: called with 1 after each foreground and background.

    Raises:
        UsageError: a file is there with other content, and not `overwrite`; nothing was replaced.
    """
    drawn = DrawnSamples(folder / "fg", folder / "bg")
    for place in (drawn.fg, drawn.bg):
        place.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        fg = drawn.fg / f"fg{number:03d}.png"
        _write(fg, cv2.cvtColor(draw_object(seed, number, max(1, size // 2)), cv2.COLOR_RGBA2BGRA), overwrite)
        advance(1)
        rgb, depth = draw_scene(seed, number, size)
        bg = drawn.bg / f"bg{number:03d}.png"
        _write(bg, cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), overwrite)
        _write(bg.with_suffix(DEPTH_PICTURE_SUFFIX), depth, overwrite)
        advance(1)
    return drawn


def _write(path: Path, pixels: np.ndarray, overwrite: bool) -> None:
    content = cv2.imencode(".png", pixels)[1].tobytes()
    if path.exists():
        if path.read_bytes() == content:
            return
        if not overwrite:
            raise UsageError(
                path,
                "no file or the same sample",
                "another picture",
                "name another folder, or use --overwrite",
            )
    write_atomically(path, content)
