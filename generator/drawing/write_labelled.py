"""`write_labelled_samples`: drawn pictures with exact labels, in the layout of a data set."""

from pathlib import Path

from generator.drawing.labelled import MOST_CLASSES, draw_labelled
from generator.drawing.layouts import LAYOUTS
from generator.errors import ConfigError
from generator.files import write_again
from generator.numerals import shown
from generator.progress import Progress, show_progress
from generator.strict_config import require_whole

LARGEST_SIDE = 8192


def write_labelled_samples(
    folder: str | Path,
    classes: int,
    layout: str,
    count: int,
    size: tuple[int, int],
    seed: int,
    overwrite: bool = False,
    progress: bool = True,
) -> Path:
    """Draw a labelled data set as a known one is laid out, so that `fgbg import` reads it.

    Existing files with the same content stay.

    Args:
        folder: of the data set.
        classes: how many there are with the background, from 2. In `cub200` and `oxford-pet` they are kinds
            of objects; the masks say only where the object is.
        layout: the name of a format, one of `LAYOUTS`.
        count: of pictures.
        size: (width, height) of the pictures, sides from 32 to 8192.
        seed: of everything that is drawn.
        overwrite: replace existing files that have other content.
        progress: show a progress bar.

    Returns:
        The folder.

    Raises:
        ConfigError: a value is out of range.
        ExistsError: a file with other content exists, and not `overwrite`; it was not replaced.
    """
    if layout not in LAYOUTS:
        raise ConfigError("`layout`", ", ".join(LAYOUTS), shown(layout), "choose one of them")
    kind = LAYOUTS[layout]
    require_whole("labelled", classes, 2, min(MOST_CLASSES, kind.most_classes))
    require_whole("count", count, 1)
    for side in size:
        require_whole("size", side, 32, LARGEST_SIDE)
    require_whole("seed", seed, 0, 2**63 - 1)
    folder, kinds = Path(folder), list[int]()
    with show_progress(progress), Progress("drawing", count, "pictures") as bar:
        for number in range(count):
            drawn = draw_labelled(seed, number, size, classes, kind.most_objects)
            kinds.append(drawn.kind)
            for name, content in kind.picture(number, drawn, classes):
                write_again(folder / name, content, overwrite, "another folder")
            bar.advance(1)
    for name, content in kind.lists(kinds, classes):
        write_again(folder / name, content, overwrite, "another folder")
    return folder
