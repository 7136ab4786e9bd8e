"""Foregrounds made of ordinary pictures: by the masks of a labelled dataset, or by a box."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from generator.assets.edges import clean_edges
from generator.assets.images import opened_picture, orientation_of, read_rgb, read_rgba
from generator.assets.labels import read_labels
from generator.assets.mattes import MARGIN, Foreground, Matte, Note, alpha_in_box, alpha_of_labels, cut_out
from generator.assets.originals import Kept
from generator.assets.pairing import Pair
from generator.encode import encode_png
from generator.errors import AssetError, EmptyMaskError, ExistsError, ImageError
from generator.files import write_again


@dataclass
class Outcome:
    """What became of a folder of pictures.

    Attributes:
        made: how many cut-outs were written.
        failed: an error for each picture that could not be used.
        empty: one for each mask in which no pixel has a wanted value; such pictures are passed over.
        kept: files that stand where results would be, with other content.
        notes: what was assumed, and the masks about which.
    """

    made: int = 0
    failed: list[AssetError] = field(default_factory=list)
    empty: list[EmptyMaskError] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)
    notes: dict[Note, list[Path]] = field(default_factory=dict)


def cut_out_by_masks(
    pairs: Sequence[Pair],
    out: Path,
    foreground: Foreground | None = None,
    margin: int = MARGIN,
    overwrite: bool = False,
    advance: Callable[[int], None] = lambda count: None,
) -> Outcome:
    """Write OUT/NAME.png (RGBA) for every picture and its mask.

    Picture and mask are both turned upright as their own EXIF says before they are laid on each other. Where
    EXIF turns only one of them, their sizes must tell that this is right.

    Args:
        pairs: pictures with masks, and the names of the results.
        out: folder of the results.
        foreground: which labels are the object; by default every value but 0 (`Foreground`).
        margin: pixels around the object.
        overwrite: replace files that are there with other content.
        advance: called with 1 after each pair.

    Raises:
        UsageError: a result would replace a picture or mask; nothing was started.
    """
    outcome = Outcome()
    targets = _targets(out, {pair.name: (pair.picture, pair.mask) for pair in pairs})
    for pair in pairs:
        try:
            rgb, matte = _read_pair(pair, foreground or Foreground())
        except EmptyMaskError as error:
            outcome.empty.append(error)
        except ImageError as error:
            outcome.failed.append(error)
        else:
            for note in matte.notes:
                outcome.notes.setdefault(note, []).append(pair.mask)
            _write_one(outcome, targets[pair.name], cut_out(rgb, matte.alpha, margin), overwrite)
        advance(1)
    return outcome


def clean_cut_outs(
    named: Mapping[Path, Path],
    out: Path,
    overwrite: bool = False,
    advance: Callable[[int], None] = lambda count: None,
) -> Outcome:
    """Write OUT/NAME.png for every ready cut-out, with clean colours in its soft edge (`clean_edges`).

    Args:
        named: the cut-outs by the names of the results.
        out: folder of the results.
        overwrite: replace files that are there with other content.
        advance: called with 1 after each cut-out.

    Raises:
        UsageError: as `cut_out_by_masks`.
    """
    outcome = Outcome()
    targets = _targets(out, {name: (path,) for name, path in named.items()})
    for name, path in named.items():
        try:
            rgba = read_rgba(path)
        except ImageError as error:
            outcome.failed.append(error)
        else:
            _write_one(outcome, targets[name], clean_edges(rgba), overwrite)
        advance(1)
    return outcome


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
        ExistsError: another file is there, and not `overwrite`.
    """
    (target,) = _targets(out, {Path(picture.stem): (picture,)}).values()
    rgb = read_rgb(picture)
    _write(target, cut_out(rgb, alpha_in_box(picture, rgb, box), margin), overwrite)
    return target


def _read_pair(pair: Pair, foreground: Foreground) -> tuple[np.ndarray, Matte]:
    rgb, labels = read_rgb(pair.picture), read_labels(pair.mask)
    (height, width), (found_height, found_width) = rgb.shape[:2], labels.values.shape[:2]
    if (height, width) != (found_height, found_width):
        turned = (height, width) == (found_width, found_height)
        fix = "scale neither of them: find the mask that belongs to the picture"
        if turned:
            fix = "the mask lies on its side: turn it upright like the picture, whose EXIF may turn it"
        expected = f"{width} x {height} as {pair.picture}"
        raise ImageError(pair.mask, expected, f"{found_width} x {found_height}", fix)
    _check_turns(pair, square=width == height)
    return rgb, alpha_of_labels(pair.mask, labels, foreground)


def _check_turns(pair: Pair, square: bool) -> None:
    """Refuse a pair that EXIF turns differently, in a way that their equal sizes do not show."""
    of_picture, of_mask = _orientation(pair.picture), _orientation(pair.mask)
    one_lies_on_its_side = (of_picture >= 5) != (of_mask >= 5)
    if of_picture == of_mask or (one_lies_on_its_side and not square):
        return
    fix = (
        "their sizes do not tell whether the mask is turned too: save both turned upright and without EXIF,"
        " or give both the same EXIF orientation"
    )
    expected = f"the EXIF orientation of {pair.picture}, {of_picture}"
    raise ImageError(pair.mask, expected, "none" if of_mask == 1 else str(of_mask), fix)


def _orientation(path: Path) -> int:
    with opened_picture(path) as opened:
        return orientation_of(opened)


def _targets(out: Path, sources: Mapping[Path, Sequence[Path]]) -> dict[Path, Path]:
    """The path of every result by its name, from the files that it is made of.

    Raises:
        UsageError: a result would replace one of all those files.
    """
    targets = {name: out / name.with_name(f"{name.name}.png") for name in sources}
    Kept(path for paths in sources.values() for path in paths).refuse(targets.values())
    return targets


def _write(target: Path, rgba: np.ndarray, overwrite: bool) -> None:
    write_again(target, encode_png(rgba), overwrite)


def _write_one(outcome: Outcome, target: Path, rgba: np.ndarray, overwrite: bool) -> None:
    """Write a result of many: what stands in its way does not concern the others."""
    try:
        _write(target, rgba, overwrite)
    except ExistsError:
        outcome.kept.append(target)
    except OSError as error:
        found, fix = error.strerror or str(error), "rename the picture, or use another `out`"
        outcome.failed.append(AssetError(target, "a file that can be written", found, fix))
    else:
        outcome.made += 1
