"""Sample assets drawn by the project itself: foregrounds, and backgrounds with exact depth."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from generator.assets.listing import DEPTH_PICTURE_SUFFIX
from generator.drawing.backgrounds import draw_scene
from generator.drawing.objects import draw_object
from generator.encode import encode_png
from generator.files import write_again


@dataclass(frozen=True)
class DrawnSamples:
    """Where the samples are: the folders of foregrounds and backgrounds."""

    fg: Path
    bg: Path


def write_samples(
    folder: str | Path,
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
        ExistsError: another file is there, and not `overwrite`; nothing was replaced.

    Example:
        >>> samples = fgbg.write_samples("drawn", count=1, size=32, seed=0)
        >>> sorted(path.name for path in samples.bg.iterdir())
        ['bg000.depth.png', 'bg000.png']
    """
    drawn = DrawnSamples(Path(folder, "fg"), Path(folder, "bg"))
    for number in range(count):
        fg = drawn.fg / f"fg{number:03d}.png"
        write_again(fg, encode_png(draw_object(seed, number, max(1, size // 2))), overwrite, "another folder")
        advance(1)
        rgb, depth = draw_scene(seed, number, size)
        bg = drawn.bg / f"bg{number:03d}.png"
        write_again(bg, encode_png(rgb), overwrite, "another folder")
        write_again(bg.with_suffix(DEPTH_PICTURE_SUFFIX), encode_png(depth), overwrite, "another folder")
        advance(1)
    return drawn
