"""Where the depth of backgrounds comes from in `fgbg predict`: files beside them, one file, or a network."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from fgbg.predictor.plate_depth import as_plate_depth
from generator.assets.images import opened_picture, orientation_of, read_rgb
from generator.config import GenerateConfig, is_network
from generator.depth.cache import DepthCache
from generator.depth.choice import choose_depth
from generator.depth.networks import depth_of_backgrounds
from generator.depth.pairing import depth_files_of
from generator.depth.sources import check_turns, read_depth
from generator.errors import ConfigError, UsageError
from generator.files import hash_file
from generator.resize import scaled_size

ReadDepth = Callable[[], np.ndarray]
"""Reads the depth of a background: (h, w) uint16, known everywhere."""

_SIDE = 1024
"""Largest longer side in pixels of what is kept of a network's depth."""


@dataclass(frozen=True)
class DepthRequest:
    """Which depth backgrounds have.

    Attributes:
        source: auto (the depth file beside each background, if there is one), none, onnx:PATH, hf:MODEL, or
            the path of a depth file.
        convention, invalid: as `depth_convention` and `depth_invalid` of `GenerateConfig`.
    """

    source: str = "auto"
    convention: str = "auto"
    invalid: tuple[float, ...] = (0,)

    @property
    def config(self) -> GenerateConfig:
        """The same for the depth of a dataset."""
        return GenerateConfig.model_validate(
            {
                "depth": self.source if is_network(self.source) else "auto",
                "depth_convention": self.convention,
                "depth_invalid": self.invalid,
            }
        )


@dataclass(frozen=True)
class PlateDepths:
    """The depth of each background.

    Attributes:
        reads: one for each background, in order; None where depth is not known.
        names: the file or the network of each, in order; None where depth is not known.
        files: all depth files, which no result may replace.
        remarks: a line about what the numbers of a network mean.
    """

    reads: Sequence[ReadDepth | None]
    names: Sequence[str | None]
    files: Sequence[Path] = ()
    remarks: list[str] = field(default_factory=list)


def depths_of_plates(plates: Sequence[Path | None], request: DepthRequest) -> PlateDepths:
    """Find the depth of backgrounds.

    Args:
        plates: the file of the background of each picture; None where there is none.
        request: where depth comes from.

    Raises:
        AssetError: a depth file cannot be read, has another aspect or no known pixel, or a background has
            two.
        ConfigError: a network does not say what its numbers mean, or its package is not installed.
        UsageError: one depth file is given for several backgrounds, or for none.
    """
    own = sorted({plate for plate in plates if plate is not None})
    if is_network(request.source):
        return _by_network(plates, own, request)
    files: dict[Path, Path] = {}
    if request.source == "none":
        pass
    elif request.source == "auto":
        beside = zip(own, depth_files_of(own), strict=True)
        files = {plate: file for plate, file in beside if file is not None}
    elif len(own) == 1:
        files = {own[0]: Path(request.source)}
    else:
        found = f"{len(own):,} backgrounds" if own else "no background"
        fix = "put depth files beside the backgrounds" if own else "give `bg` too"
        raise UsageError("`bg_depth`", "one background for a depth file", found, fix)
    reads = {plate: _reader(plate, file, request, kept=len(own) == 1) for plate, file in files.items()}
    return PlateDepths(
        [None if plate is None else reads.get(plate) for plate in plates],
        [None if plate is None or plate not in files else str(files[plate]) for plate in plates],
        list(files.values()),
        [] if files else _idle(request),
    )


def depth_of_frames(request: DepthRequest) -> "Callable[[np.ndarray], np.ndarray] | None":
    """Reads the depth of a background (h, w, 3) that is made of frames of a video; None if it is not known.

    Raises:
        ConfigError: the depth is that of a network.
    """
    if is_network(request.source):
        fix = "give a depth file, or a picture as `bg`"
        raise ConfigError("`bg_depth`", "a depth file for a background made of frames", request.source, fix)
    if request.source in ("auto", "none"):
        return None
    file = Path(request.source)
    return lambda bg: read_plate_depth(None, (bg.shape[1], bg.shape[0]), file, request)


def read_plate_depth(
    plate: Path | None, size: tuple[int, int], file: Path, request: DepthRequest
) -> np.ndarray:
    """Read the depth file of a background: (h, w) uint16, known everywhere.

    Args:
        plate: the file of the background; None if it has none.
        size: (width, height) of the background.
        file: the depth file.
        request: what its numbers mean.

    Raises:
        AssetError: it cannot be read, has another aspect, or no known pixel.
    """
    if plate is not None:
        check_turns(file, plate, size[0] == size[1])
    depth = read_depth(file, size, request.config.known_convention, request.invalid)
    return as_plate_depth(depth, size[::-1], file)


def _reader(plate: Path, file: Path, request: DepthRequest, kept: bool) -> ReadDepth:
    with opened_picture(plate) as opened:
        width, height = opened.size
        size = (height, width) if orientation_of(opened) >= 5 else (width, height)
    read = partial(read_plate_depth, plate, size, file, request)
    return partial(_same, read()) if kept else read


def _by_network(plates: Sequence[Path | None], own: Sequence[Path], request: DepthRequest) -> PlateDepths:
    if not own:
        found = "no file of a background"
        raise UsageError("`bg_depth`", "a file or a folder as `bg`, for a network", found, "give `bg` too")
    try:
        choice = choose_depth(request.config, own)
    except ConfigError as error:
        where = error.where.replace("`depth=", "`bg_depth=")
        raise ConfigError(where, error.expected, error.found, error.fix) from error
    assert choice.network is not None
    depths: dict[Path, ReadDepth] = {}
    for plate in own:
        height, width = read_rgb(plate).shape[:2]
        size = scaled_size(height, width, min(_SIDE, max(height, width)))[::-1]
        assets = [(plate, hash_file(plate))]
        maps = depth_of_backgrounds(choice.network, DepthCache(), choice.convention, size, assets, read_rgb)
        _, depth = next(maps)
        depths[plate] = partial(_same, as_plate_depth(depth, (height, width), plate))
    names = [None if plate is None else request.source for plate in plates]
    reads = [None if plate is None else depths[plate] for plate in plates]
    # The first note counts backgrounds; the second says what the network's numbers mean.
    return PlateDepths(reads, names, [], list(choice.notes[1:2]))


def _idle(request: DepthRequest) -> list[str]:
    """A line for each option that has no effect, as no depth is read."""
    usual = DepthRequest()
    given = {
        "depth_convention": request.convention != usual.convention,
        "depth_invalid": request.invalid != usual.invalid,
    }
    return [f"`{name}` has no effect: no background has depth" for name, is_set in given.items() if is_set]


def _same(depth: np.ndarray) -> np.ndarray:
    return depth
