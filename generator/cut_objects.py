"""Foregrounds made from a labelled dataset: one for each object that its masks tell apart."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from generator.assets.cropping import MARGIN, cut_out
from generator.assets.cutout import Outcome, write_cut_out
from generator.errors import AssetError, EmptyMaskError, UsageError, printable
from generator.format.manifest import LabelledManifest, MaskEntry
from generator.format.pixels import IGNORED, OPAQUE
from generator.label_formats.choices import foreground_numbers, is_background
from generator.label_formats.items import Choice
from generator.places import Place
from generator.progress import Progress, show_progress
from generator.reading.batch import Sample
from generator.reading.dataset import open_dataset
from generator.splits import SPLITS, SplitName

_SOFT = 128
"""Alpha of void pixels along the edge of an object, which may belong to it or not."""
_VOID_REACH = 1 / 48
"""Void pixels are soft up to this share of the longer side away from the object. Farther ones are parts of
the picture that nobody labelled."""


def cut_out_objects(
    dataset: str | Path,
    out: str | Path,
    subset: SplitName | None = "train",
    foreground: Collection[str] = (),
    margin: int = MARGIN,
    overwrite: bool = False,
    progress: bool = True,
) -> Outcome:
    """Write the objects of a labelled dataset as cut-outs (RGBA), as large as the dataset stores them.

    `OUT/NAME.png` is the object of the picture NAME. Where the dataset tells objects apart (instances), they
    are `OUT/NAME.1.png`, `OUT/NAME.2.png` and so on. Void pixels beside an object become half transparent. A
    picture without any object is among `Outcome.empty`.

    Args:
        dataset: folder or URL of a dataset of `import_labelled`.
        out: folder of the results.
        subset: the split; None takes all. By default no picture of val or test is shown to a network that
            trains on the cut-outs.
        foreground: names of the classes that are the object; all but the background if empty.
        margin: pixels around the object.
        overwrite: replace existing files that have other content.
        progress: show a progress bar.

    Raises:
        DatasetError: the dataset is missing, unfinished or damaged.
        UsageError: it is not a labelled dataset, or a name is none of its classes.

    Example:
        >>> fgbg.cut_out_objects("data/photos", out="objects", progress=False).made > 0
        True
    """
    opened = open_dataset(dataset, progress=progress)
    if not isinstance(opened.manifest, LabelledManifest):
        fix = "give a dataset of 'fgbg import'; a generated one is made of cut-outs already"
        raise UsageError(opened.folder, "a labelled dataset", "a generated one", fix)
    meaning = _Meaning.of(opened.manifest.mask, foreground)
    splits = [opened[name] for name in SPLITS if subset in (None, name)]
    outcome = Outcome()
    with show_progress(progress), Progress("cutting out", sum(map(len, splits)), "pictures") as bar:
        for split in splits:
            for row, sample in enumerate(split):
                name = split.name_of(row)
                try:
                    target = Path(out) / _file_name(opened.folder, name)
                    for end, rgba in _cut_outs(name, sample, meaning, margin):
                        write_cut_out(outcome, target.with_name(target.name + end), rgba, overwrite)
                except EmptyMaskError as error:
                    outcome.empty.append(error)
                except AssetError as error:
                    outcome.failed.append(error)
                bar.advance(1)
    return outcome


@dataclass(frozen=True)
class _Meaning:
    """The alpha and the void pixels of each level of a mask: (256,) uint8 and (256,) bool."""

    alpha: np.ndarray
    void: np.ndarray

    @classmethod
    def of(cls, entry: MaskEntry, foreground: Collection[str]) -> "_Meaning":
        """The meaning of a dataset's masks.

        Raises:
            UsageError: a name is no class.
        """
        levels = np.arange(256)
        if entry.kind == "alpha":
            if foreground:
                fix = "leave it out, or import the classes with `mask=classes`"
                raise UsageError("`foreground`", "a dataset of classes", "one of alpha", fix)
            void = levels == (-1 if entry.void is None else entry.void)
            return cls(np.where(void, 0, levels).astype(np.uint8), void)
        background = [number for number, name in enumerate(entry.names) if is_background(name)]
        if not background and not foreground:
            problem = "is missing, and no class is the background"
            raise UsageError("`foreground`", "", problem, f"choose among: {', '.join(entry.names)}")
        chosen = foreground_numbers(Choice(foreground=tuple(foreground)), entry.names, background)
        return cls(np.where(np.isin(levels, list(chosen)), 255, 0).astype(np.uint8), levels == IGNORED)


def _cut_outs(name: str, sample: Sample, meaning: _Meaning, margin: int) -> Iterator[tuple[str, np.ndarray]]:
    """The cut-out of each object, (h, w, 4) uint8, with the ending of its file.

    Raises:
        EmptyMaskError: there is none.
    """
    objects = list(_objects(sample, meaning))
    if not objects:
        fix = "choose other classes with `foreground`"
        raise EmptyMaskError(printable(name), "an object in its mask", "none", fix)
    for number, alpha in objects:
        yield ".png" if number is None else f".{number}.png", cut_out(sample.fg_bg, alpha, margin)


def _objects(sample: Sample, meaning: _Meaning) -> Iterator[tuple[int | None, np.ndarray]]:
    """The alpha (H, W) uint8 of each object, with its number; None where objects are not told apart."""
    alpha, void = meaning.alpha[sample.mask], meaning.void[sample.mask]
    if sample.instances is None:
        if (alpha >= OPAQUE).any():
            yield None, _with_soft_edge(alpha, void)
        return
    for number in np.unique(sample.instances[alpha >= OPAQUE]).tolist():
        if number:
            yield number, _with_soft_edge(np.where(sample.instances == number, alpha, 0), void)


def _with_soft_edge(alpha: np.ndarray, void: np.ndarray) -> np.ndarray:
    """Make void pixels near the object half transparent."""
    reach = max(1, round(max(alpha.shape) * _VOID_REACH))
    near = cv2.dilate((alpha >= OPAQUE).astype(np.uint8), np.ones((2 * reach + 1,) * 2, np.uint8))
    soft: np.ndarray = np.where(void & (near > 0) & ~_border(void), np.uint8(_SOFT), alpha)
    return soft


def _border(void: np.ndarray) -> np.ndarray:
    """(H, W) bool: the rows and columns at the canvas's ends that are void altogether, added by `fit=pad`."""
    rows, columns = np.flatnonzero(~void.all(axis=1)), np.flatnonzero(~void.all(axis=0))
    border = np.ones(void.shape, bool)
    if len(rows) and len(columns):
        border[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = False
    return border


def _file_name(dataset: Place, name: str) -> PurePosixPath:
    """The path of a picture's results below `out`, without suffix.

    Raises:
        AssetError: the name would lead out of the folder.
    """
    path = PurePosixPath(name)
    if (
        not path.parts
        or path.is_absolute()
        or ".." in path.parts
        or "\\" in name
        or ":" in name
        or "\0" in name
    ):
        expected = "names of pictures inside their folder"
        raise AssetError(dataset, expected, printable(name), "get the dataset from somebody you trust")
    return path
