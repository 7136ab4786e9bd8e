"""Foregrounds made of ordinary pictures: by the masks of a labelled dataset, or by a box."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from generator.alpha import MARGIN, Foreground, alpha_in_box, alpha_of_labels, cut_out
from generator.errors import AssetError, ImageError, UsageError
from generator.files import write_atomically
from generator.images import read_labels, read_rgb
from generator.pairs import Pair


def cut_out_by_masks(
    pairs: Sequence[Pair],
    out: Path,
    foreground: Foreground | None = None,
    margin: int = MARGIN,
    overwrite: bool = False,
    advance: Callable[[int], None] = lambda count: None,
) -> list[AssetError]:
    """Write OUT/NAME.png (RGBA) for every picture and its mask.

    Picture and mask are both turned upright as their own EXIF says before they are laid on each other.

    Args:
        pairs: pictures with masks, and the names of the results.
        out: folder of the results.
        foreground: which labels are the object; every value but 0 by default.
        margin: pixels around the object.
        overwrite: replace files that are there with other content.
        advance: called with 1 after each pair.

    Returns:
        An error for each pair that could not be used; the others are done.

    Raises:
        UsageError: a result is there with other content, and not `overwrite`, or it would replace a
            picture or mask.
    """
    problems: list[AssetError] = []
    for pair in pairs:
        target = _target(out, pair.name, (pair.picture, pair.mask))
        try:
            rgb, alpha = _read_pair(pair, foreground or Foreground())
        except ImageError as error:
            problems.append(error)
        else:
            _write(target, cut_out(rgb, alpha, margin), overwrite)
        advance(1)
    return problems


def cut_out_in_box(
    picture: Path, box: tuple[int, int, int, int], out: Path, margin: int = MARGIN, overwrite: bool = False
) -> Path:
    """Write OUT/NAME.png (RGBA) with the object that GrabCut finds in a box, and return its path.

    Args:
        picture: where the object is.
        box: left, top, width, height in pixels of the upright picture.
        out: folder of the result.
        margin: pixels around the object.
        overwrite: replace a file that is there with other content.

    Raises:
        ConfigError: the box is not inside the picture, or all of it.
        ImageError: the picture cannot be read, or nothing was found.
        UsageError: as `cut_out_by_masks`.
    """
    target = _target(out, Path(picture.stem), (picture,))
    rgb = read_rgb(picture)
    _write(target, cut_out(rgb, alpha_in_box(picture, rgb, box), margin), overwrite)
    return target


def _read_pair(pair: Pair, foreground: Foreground) -> tuple[np.ndarray, np.ndarray]:
    rgb, labels = read_rgb(pair.picture), read_labels(pair.mask)
    (height, width), (found_height, found_width) = rgb.shape[:2], labels.values.shape[:2]
    if (height, width) != (found_height, found_width):
        turned = (height, width) == (found_width, found_height)
        fix = "scale neither of them: find the mask that belongs to the picture"
        if turned:
            fix = "the mask lies on its side: turn it upright like the picture, whose EXIF may turn it"
        expected = f"{width} x {height} as {pair.picture}"
        raise ImageError(pair.mask, expected, f"{found_width} x {found_height}", fix)
    return rgb, alpha_of_labels(pair.mask, labels, foreground)


def _target(out: Path, name: Path, sources: Sequence[Path]) -> Path:
    target = out / name.with_name(f"{name.name}.png")
    for source in sources:
        if target.exists() and target.samefile(source):
            raise UsageError(
                target, "another file than what it is made of", str(source), "name another --out"
            )
    return target


def _write(target: Path, rgba: np.ndarray, overwrite: bool) -> None:
    content = cv2.imencode(".png", cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA))[1].tobytes()
    if target.exists():
        if target.read_bytes() == content:
            return
        if not overwrite:
            fix = "name another --out, or use --overwrite"
            raise UsageError(target, "no file or the same cut-out", "another picture", fix)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(target, content)
