"""`write_samples`: foregrounds, and backgrounds with exact depth, drawn by the project itself."""

from dataclasses import dataclass
from pathlib import Path

from generator.assets.listing import DEPTH_PICTURE_SUFFIX
from generator.drawing.backgrounds import draw_scene
from generator.drawing.objects import draw_object
from generator.encode import encode_png
from generator.files import write_again
from generator.progress import Progress, show_progress
from generator.strict_config import require_whole


@dataclass(frozen=True)
class DrawnSamples:
    """The folders of drawn foregrounds and backgrounds."""

    fg: Path
    bg: Path


def write_samples(
    folder: str | Path,
    count: int,
    size: int,
    seed: int,
    overwrite: bool = False,
    progress: bool = True,
) -> DrawnSamples:
    """Draw `count` foregrounds and `count` backgrounds into FOLDER/fg and FOLDER/bg.

    Foregrounds (fg000.png ...) are RGBA, with sides of half of `size`. Backgrounds (bg000.png ...) are RGB,
    with sides of `size` and exact depth in bg000.depth.png. Existing files with the same content stay.

    Args:
        folder: parent folder of both.
        count: how many of each.
        size: side of the backgrounds in pixels, from 32 to 2048.
        seed: of everything that is drawn.
        overwrite: replace existing files that have other content.
        progress: show a progress bar.

    Raises:
        ConfigError: `count`, `size` or `seed` is out of range.
        ExistsError: a file with other content exists, and not `overwrite`; it was not replaced.

    Example:
        >>> samples = fgbg.write_samples("drawn", count=1, size=32, seed=0)
        >>> sorted(path.name for path in samples.bg.iterdir())
        ['bg000.depth.png', 'bg000.png']
    """
    require_whole("count", count, 1)
    require_whole("size", size, 32, 2048)
    require_whole("seed", seed, 0, 2**63 - 1)
    drawn = DrawnSamples(Path(folder, "fg"), Path(folder, "bg"))
    with show_progress(progress), Progress("drawing", 2 * count, "pictures") as bar:
        for number in range(count):
            fg = drawn.fg / f"fg{number:03d}.png"
            rgba = draw_object(seed, number, max(1, size // 2))
            write_again(fg, encode_png(rgba), overwrite, "another folder")
            bar.advance(1)
            rgb, depth = draw_scene(seed, number, size)
            bg = drawn.bg / f"bg{number:03d}.png"
            write_again(bg, encode_png(rgb), overwrite, "another folder")
            write_again(bg.with_suffix(DEPTH_PICTURE_SUFFIX), encode_png(depth), overwrite, "another folder")
            bar.advance(1)
    return drawn
