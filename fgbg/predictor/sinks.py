"""Where predictions go."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from fgbg.predictor.draw_results import cut_out, overlay, side_by_side
from fgbg.predictor.encode_numbers import depth_numbers, mask_numbers, write_exr, write_npy
from fgbg.predictor.figures import Figures, measure
from fgbg.predictor.predicted import Predicted
from fgbg.predictor.result_kinds import IN_NUMBERS, Wanted
from fgbg.predictor.result_names import result_path
from generator.encode import encode_index_png, encode_png
from generator.errors import AssetError, ExistsError
from generator.files import refuse_existing, write_atomically
from generator.own_results import PREDICTION, mark_png

SINK_ERRORS = (AssetError, ExistsError, MemoryError, OSError)
"""Errors of one result; the results after it are written nevertheless."""


@dataclass(frozen=True)
class Written:
    """What a sink made of one prediction.

    Attributes:
        files: the path of each kind of result that was written.
        figures: of the prediction; None if they were not asked for.
    """

    files: Mapping[str, Path] = field(default_factory=dict)
    figures: Figures | None = None

    def __str__(self) -> str:
        """For the screen: the first path and the names of the others; the figures if there are no files."""
        if not self.files:
            return str(self.figures or "")
        first, *others = self.files.values()
        return " ".join([str(first), *(other.name for other in others)])


class Sink(Protocol):
    """Takes predictions. Several threads use it at the same time, each with another picture."""

    @property
    def draws(self) -> bool:
        """Whether its results show the pictures. If not, they are not kept, and may be decoded smaller."""

    def write(self, name: str, picture: np.ndarray | None, predicted: Predicted) -> Written:
        """Write one prediction.

        Args:
            name: of the picture, as its source gave it.
            picture: (H, W, 3) uint8, the picture; None unless the sink `draws`.
            predicted: its mask and depth.

        Raises:
            Exception: one of `SINK_ERRORS` if this prediction cannot be written; any other error ends the
            work.
        """


class FileSink:
    """Writes predictions as files, see `write_prediction`.

    Args:
        bases: for each picture's name the path of its results, without suffix.
        wanted: the kinds of results; without any, nothing is written.
        overwrite: replace existing files.
        mask_threshold: probability from which on a mask is 255, else 0; None: soft masks.
        figures: whether the figures of each prediction are wanted, too.
    """

    def __init__(
        self,
        bases: Mapping[str, Path],
        wanted: Wanted | None = None,
        overwrite: bool = False,
        mask_threshold: float | None = None,
        figures: bool = False,
    ) -> None:
        self._bases, self._wanted, self._overwrite = bases, wanted or Wanted(), overwrite
        self._mask_threshold, self._figures = mask_threshold, figures

    @property
    def draws(self) -> bool:
        return not set(self._wanted.kinds) <= set(IN_NUMBERS)

    def write(self, name: str, picture: np.ndarray | None, predicted: Predicted) -> Written:
        """Write the files of one prediction."""
        if self._mask_threshold is not None:
            predicted = predicted.with_threshold(self._mask_threshold)
        files = write_prediction(self._bases[name], picture, predicted, self._overwrite, self._wanted)
        return Written(files, measure(predicted) if self._figures else None)


def write_prediction(
    base: Path,
    picture: np.ndarray | None,
    predicted: Predicted,
    overwrite: bool = False,
    wanted: Wanted | None = None,
) -> dict[str, Path]:
    """Write BASE.mask.png (8-bit grey), BASE.depth.png (16-bit grey, if there is depth) and BASE.overlay.png.

    A mask of classes has a palette: a pixel is the number of its class, and is shown in the colour of it.

    Args:
        base: path without suffix.
        picture: (H, W, 3) uint8, the picture; None if only mask and depth are wanted.
        predicted: its mask and depth.
        overwrite: replace existing files.
        wanted: other kinds of results, or another format (docs/predict.md describes them).

    Returns:
        The path of each kind, in the order of `wanted`.

    Raises:
        ExistsError: a file exists, and `overwrite` is False; no file was written.
        ImageError: the picture is too large for PNG.
        OSError: a file cannot be written.
    """
    wanted = wanted or Wanted()
    kinds = [kind for kind in wanted.kinds if kind != "depth" or predicted.depth is not None]
    files = {kind: result_path(base, wanted.suffix(kind)) for kind in kinds}
    if not files:
        return {}
    refuse_existing(files.values(), overwrite)
    for path in files.values():
        # A name that is too long raises here, before the first of the files is written.
        with suppress(FileNotFoundError):
            path.lstat()
    base.parent.mkdir(parents=True, exist_ok=True)
    # One after the other, because each may be large.
    cutout = None
    for kind, path in files.items():
        if kind == "mask" and predicted.classes is not None and path.suffix == ".png":
            _write_encoded(
                path, encode_index_png(predicted.mask, np.array(predicted.classes.colours, np.uint8))
            )
        elif kind == "mask":
            _write_levels(path, predicted.mask, lambda: mask_numbers(predicted))
        elif kind == "depth" and (depth := predicted.depth) is not None:
            _write_levels(path, depth, partial(depth_numbers, depth))
        elif picture is None:
            raise TypeError(f"{kind} shows the picture, which is None")
        elif kind == "overlay":
            _write_png(path, overlay(picture, predicted))
        elif kind == "cutout":
            cutout = cut_out(picture, predicted)
            _write_png(path, cutout)
        elif kind == "side-by-side":
            _write_png(path, side_by_side(picture, predicted, cutout))
    return files


def _write_levels(path: Path, levels: np.ndarray, numbers: Callable[[], np.ndarray]) -> None:
    """Write the levels of a mask or a depth as PNG, or their `numbers` in the format of the path."""
    if path.suffix == ".png":
        _write_png(path, levels)
    elif path.suffix == ".npy":
        write_npy(path, numbers())
    else:
        write_exr(path, numbers())


def _write_png(path: Path, pixels: np.ndarray) -> None:
    _write_encoded(path, encode_png(pixels))


def _write_encoded(path: Path, png: bytes) -> None:
    # After a power cut, predictions can be made again: waiting for the disk would slow down every picture.
    write_atomically(path, mark_png(png, PREDICTION), durable=False)
