"""Foregrounds made from ordinary pictures: by masks, by a box, or from finished cut-outs with old edges."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from generator.assets.cropping import MARGIN, cut_out
from generator.assets.edges import clean_edges
from generator.assets.foreground import Foreground, Note
from generator.assets.grabcut import alpha_in_box
from generator.assets.images import read_rgb, read_rgba
from generator.assets.label_alpha import alpha_of_labels
from generator.assets.masked_picture import read_masked_picture
from generator.assets.originals import Kept
from generator.assets.pairing import Pair, name_pictures, pair_by_name
from generator.assets.salient import SalientNetwork
from generator.encode import encode_png
from generator.errors import AssetError, ConfigError, EmptyMaskError, ExistsError, ImageError
from generator.files import real_path, write_again
from generator.progress import Progress, show_progress

Say = Callable[[str], None]


@dataclass
class Outcome:
    """The result of cutting out or cleaning a folder of pictures.

    Attributes:
        made: how many cut-outs were written.
        failed: an error for each picture that could not be used.
        empty: an error for each mask without a wanted value; such pictures are skipped.
        kept: existing files with other content than the result that belongs there.
        notes: what was assumed, and about which masks.
    """

    made: int = 0
    failed: list[AssetError] = field(default_factory=list)
    empty: list[EmptyMaskError] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)
    notes: dict[Note, list[Path]] = field(default_factory=dict)


def cut_out_by_masks(
    pictures: str | Path,
    masks: str | Path,
    out: str | Path,
    foreground: Foreground | None = None,
    margin: int = MARGIN,
    overwrite: bool = False,
    say: Say = lambda line: None,
    progress: bool = True,
) -> Outcome:
    """Write OUT/NAME.png (RGBA) for every picture and its mask (`pair_by_name`).

    Pictures without mask, masks without picture, and files of one name are among `Outcome.failed`.

    Args:
        pictures: a folder, or a picture.
        masks: a folder, or a mask.
        out: folder of the results.
        foreground: which labels are the object; by default every value but 0 (`Foreground`).
        margin: pixels around the object.
        overwrite: replace existing files that have other content.
        say: gets a line about files that are skipped.
        progress: show a progress bar.

    Raises:
        AssetError: a folder is missing or empty, or no picture has a mask.
        UsageError: a result would replace a picture or a mask; nothing was written.

    Example:
        >>> fgbg.cut_out_by_masks("images", "masks", out="cut-outs", progress=False).made
        1
    """
    pairs, problems = pair_by_name(Path(pictures), Path(masks), say)
    with show_progress(progress):
        outcome = cut_out_pairs(pairs, Path(out), foreground, margin, overwrite)
    outcome.failed[:0] = problems
    if outcome.empty and not outcome.made:
        found = f"none in {len(outcome.empty)}"
        fix = "check `foreground`, or the masks"
        outcome.failed.append(EmptyMaskError(masks, "the object in some mask", found, fix))
    return outcome


def cut_out_by_network(
    pictures: str | Path,
    network: str | Path,
    out: str | Path,
    margin: int = MARGIN,
    overwrite: bool = False,
    say: Say = lambda line: None,
    progress: bool = True,
) -> Outcome:
    """Write OUT/NAME.png (RGBA) for every picture, with the object that a network finds in it.

    Pictures in which it finds none are among `Outcome.empty`.

    Args:
        pictures: a folder, or a picture.
        network: an ONNX file (`SalientNetwork.open`).
        out: folder of the results.
        margin: pixels around the object.
        overwrite: replace existing files that have other content.
        say: gets a line about the network, and about files that are skipped.
        progress: show a progress bar.

    Raises:
        AssetError: the folder is missing or holds no picture; the network is missing, broken, or fails.
        ConfigError: ONNX Runtime is not installed.
        UsageError: two pictures have the same name, or a result would replace a picture; nothing was
            written.

    Example:
        >>> fgbg.cut_out_by_network("photo.png", "salient.onnx", out="found", progress=False).made
        1
    """
    named, outcome = name_pictures(Path(pictures), say), Outcome()
    targets = cut_out_targets(Path(out), {name: (path,) for name, path in named.items()})
    finder = SalientNetwork.open(str(network))
    say(f"{finder.path}: {finder.about}")
    with show_progress(progress), Progress("cutting out", len(named), "pictures") as bar:
        for name, path in named.items():
            try:
                rgb = read_rgb(path)
                alpha = finder.alpha(path, rgb)
            except EmptyMaskError as error:
                outcome.empty.append(error)
            except ImageError as error:
                outcome.failed.append(error)
            else:
                write_cut_out(outcome, targets[name], cut_out(rgb, alpha, margin), overwrite)
            bar.advance(1)
    return outcome


def clean_cut_outs(
    pictures: str | Path,
    out: str | Path,
    overwrite: bool = False,
    say: Say = lambda line: None,
    progress: bool = True,
) -> Outcome:
    """Write OUT/NAME.png for every finished cut-out, with clean colours in its soft edge (`clean_edges`).

    Args:
        pictures: a folder of cut-outs, or a cut-out.
        out: folder of the results.
        overwrite: replace existing files that have other content.
        say: gets a line about files that are skipped.
        progress: show a progress bar.

    Raises:
        AssetError: the folder is missing or holds no picture.
        UsageError: two pictures have the same name, or a result would replace a picture; nothing was
            written.

    Example:
        >>> fgbg.clean_cut_outs("data/fg", out="cleaned", progress=False).made
        12
    """
    if real_path(Path(out)) == real_path(Path(pictures)):
        raise ConfigError(out, "", "is the folder of the cut-outs themselves", "use another `out`")
    named = name_pictures(Path(pictures), say)
    with show_progress(progress):
        return clean_named(named, Path(out), overwrite)


def cut_out_in_box(
    picture: str | Path,
    box: tuple[int, int, int, int],
    out: str | Path,
    margin: int = MARGIN,
    overwrite: bool = False,
) -> Path:
    """Write OUT/NAME.png (RGBA) with the object that GrabCut finds in a box, and return its path.

    Args:
        picture: with the object.
        box: left, top, width, height in pixels of the upright picture.
        out: folder of the result.
        margin: pixels around the object.
        overwrite: replace an existing file that has other content.

    Raises:
        ConfigError: the box is not inside the picture, or is the whole picture.
        ImageError: the picture cannot be read, or nothing was found.
        UsageError: the result would replace the picture.
        ExistsError: another file is there, and not `overwrite`.

    Example:
        >>> fgbg.cut_out_in_box("photo.png", (12, 12, 40, 40), out="in-box").name
        'photo.png'
    """
    picture = Path(picture)
    (target,) = cut_out_targets(Path(out), {Path(picture.stem): (picture,)}).values()
    rgb = read_rgb(picture)
    _write(target, cut_out(rgb, alpha_in_box(picture, rgb, box), margin), overwrite)
    return target


def cut_out_pairs(
    pairs: Sequence[Pair],
    out: Path,
    foreground: Foreground | None = None,
    margin: int = MARGIN,
    overwrite: bool = False,
) -> Outcome:
    """As `cut_out_by_masks`, for pairs that were found already."""
    outcome = Outcome()
    targets = cut_out_targets(out, {pair.name: (pair.picture, pair.mask) for pair in pairs})
    with Progress("cutting out", len(pairs), "pictures") as bar:
        for pair in pairs:
            try:
                rgb, labels = read_masked_picture(pair.picture, pair.mask)
                matte = alpha_of_labels(pair.mask, labels, foreground or Foreground())
            except EmptyMaskError as error:
                outcome.empty.append(error)
            except ImageError as error:
                outcome.failed.append(error)
            else:
                for note in matte.notes:
                    outcome.notes.setdefault(note, []).append(pair.mask)
                write_cut_out(outcome, targets[pair.name], cut_out(rgb, matte.alpha, margin), overwrite)
            bar.advance(1)
    return outcome


def clean_named(named: Mapping[Path, Path], out: Path, overwrite: bool = False) -> Outcome:
    """As `clean_cut_outs`, for cut-outs by the names of their results."""
    outcome = Outcome()
    targets = cut_out_targets(out, {name: (path,) for name, path in named.items()})
    with Progress("cleaning edges", len(named), "cut-outs") as bar:
        for name, path in named.items():
            try:
                rgba = read_rgba(path)
            except ImageError as error:
                outcome.failed.append(error)
            else:
                write_cut_out(outcome, targets[name], clean_edges(rgba), overwrite)
            bar.advance(1)
    return outcome


def cut_out_targets(out: Path, sources: Mapping[Path, Sequence[Path]]) -> dict[Path, Path]:
    """The path of every cut-out by its name.

    Args:
        out: folder of the results.
        sources: by the name of each result, the files that it is made of.

    Raises:
        UsageError: a result would replace one of these files.
    """
    targets = {name: out / name.with_name(f"{name.name}.png") for name in sources}
    Kept(path for paths in sources.values() for path in paths).refuse(targets.values())
    return targets


def _write(target: Path, rgba: np.ndarray, overwrite: bool) -> None:
    write_again(target, encode_png(rgba), overwrite)


def write_cut_out(outcome: Outcome, target: Path, rgba: np.ndarray, overwrite: bool) -> None:
    """Write one cut-out of many, (h, w, 4) uint8: a failure does not stop the others."""
    try:
        _write(target, rgba, overwrite)
    except ExistsError:
        outcome.kept.append(target)
    except OSError as error:
        found = f"cannot be written: {error.strerror or error}"
        outcome.failed.append(AssetError(target, "", found, "rename the picture, or use another `out`"))
    else:
        outcome.made += 1
