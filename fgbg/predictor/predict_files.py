"""`fgbg predict` on pictures: check everything, load the network, predict, write, report."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fgbg.predictor.encode_numbers import require_exr
from fgbg.predictor.plate_depths import DepthRequest, depths_of_plates
from fgbg.predictor.plates import plates_of, without_plates
from fgbg.predictor.result_kinds import FORMATS, Wanted
from fgbg.predictor.result_names import plan_results, refuse_results
from fgbg.predictor.sources import FileSource, Given
from fgbg.terminal import note, say
from generator.assets.images import read_rgb
from generator.assets.originals import Kept
from generator.errors import ConfigError, DiskSpaceError
from generator.files import refuse_existing, require_writable
from generator.process.memory import keep_freed_memory
from generator.progress import Progress
from training.errors import CheckpointError
from training.records.run_files import find_checkpoint

if TYPE_CHECKING:
    from fgbg.predictor.predictor import Predictor
    from fgbg.predictor.tiles import Tile

STANDARD_OUTPUT = Path("-")
"""The `json` that means standard output."""

_BEST_TO_LOOK_AT = ("side-by-side", "overlay", "cutout", "mask", "depth")


@dataclass(frozen=True)
class PredictOptions:
    """The options of `fgbg predict`, as its help describes them.

    Attributes:
        bg: a file, a folder, or a word that `frame_plate` reads; None for none.
        write: kinds of results, see `Wanted`.
        format: of mask and depth, see `Wanted`, or of the results of videos; None: the usual one of each.
        smooth, over: for videos, see `fgbg.video.predict_video.VideoRequest`; `over` may be a file.
        bg_depth, depth_convention, depth_invalid: see `DepthRequest`.
        network: a network in place of the checkpoint, see `Predictor.of_network`; None for none.
        json: file of JSON lines; `-` for standard output; None for none.
        refine: None: pictures are refined, videos are not.
        save: whether results are written.
        open: whether they are opened at the end.
    """

    bg: Path | None
    align: bool
    bg_depth: str
    depth_convention: str
    depth_invalid: tuple[float, ...]
    checkpoint: Path
    network: str | None
    out: Path
    res: int | None
    mask_threshold: float | None
    mirror: bool
    refine: bool | None
    tile: "Tile | None"
    overwrite: bool
    device: str
    write: tuple[str, ...]
    format: str | None
    smooth: float
    over: "tuple[int, int, int] | Path | None"
    json: Path | None
    save: bool
    open: bool

    def load(self) -> "Predictor":
        """Load the network, which imports the libraries that it needs.

        Raises:
            CheckpointError, AssetError: it cannot be used.
            ConfigError: it is a network of classes, whose masks have neither a cut-out nor a threshold.
        """
        from fgbg.predictor.onnx_engine import OnnxEngine
        from fgbg.predictor.predictor import Predictor

        keep_freed_memory()
        refine = self.refine is not False
        if self.network is not None:
            return Predictor.of_network(self.network, self.mirror, refine, self.tile)
        predictor = Predictor.load(
            self.checkpoint, self.res, self.device, self.mirror, self.align, refine, self.tile
        )
        if isinstance(predictor.engine, OnnxEngine) and predictor.engine.equals:
            used = predictor.engine.path
            if used != self.checkpoint:
                note(f"{used} is used, the export of this checkpoint: faster on the CPU")
        entry = predictor.engine.entry
        if entry.kind == "classes":
            found = f"{len(entry.names)} classes"
            if self.mask_threshold is not None:
                raise ConfigError("`mask_threshold`", "a network of soft masks", found, "leave it out")
            if self.bg_depth not in ("auto", "none"):
                raise ConfigError("`bg_depth`", "a network of soft masks", found, "leave it out")
            if self.save and "cutout" in self.write:
                raise ConfigError("`write=cutout`", "a network of soft masks", found, "leave cutout out")
        return predictor

    @property
    def depth_request(self) -> DepthRequest:
        """Where the depth of backgrounds comes from."""
        return DepthRequest(self.bg_depth, self.depth_convention, self.depth_invalid)

    @property
    def network_file(self) -> Path:
        """The file of the network.

        Raises:
            CheckpointError: there is none; says how to get one.
        """
        if self.network is not None:
            return Path(self.network.partition("?normalise=")[0])
        try:
            return find_checkpoint(self.checkpoint)
        except CheckpointError as error:
            fix = f"{error.fix}, or use a network that needs no training: `network=u2netp`"
            raise CheckpointError(error.where, error.expected, error.found, fix) from error

    @property
    def wanted(self) -> Wanted:
        """The kinds of results of pictures."""
        form = self.format if self.format in FORMATS else FORMATS[0]
        return Wanted(self.write if self.save else (), form)


@dataclass(frozen=True)
class Planned:
    """Pictures whose backgrounds are known and whose results have names that are free.

    Attributes:
        source: the pictures with their backgrounds.
        bases: for each name the path of its results, without suffix.
        bgs: for each name the file of its background, if it has one.
        depths: for each name the file or the network of its background's depth, if it has one.
    """

    source: FileSource
    bases: dict[str, Path]
    bgs: dict[str, Path | None]
    depths: dict[str, str | None]

    def without_depths(self) -> "Planned":
        """The same, for a network of classes, whose masks do not say which pixels are objects."""
        nothing = dict.fromkeys(self.depths)
        return Planned(self.source.without_depths(), self.bases, self.bgs, nothing)


def plan_pictures(pictures: Sequence[Given], options: PredictOptions) -> Planned:
    """Check everything that can be checked without the network: importing torch takes seconds.

    Raises:
        FgbgError: a file is missing or in the way.
    """
    network = options.network_file
    if not any(given.pixels is not None or given.path.exists() for given in pictures):
        read_rgb(pictures[0].path)  # raises its error
    pictures, remarks = without_plates(pictures, options.bg)
    plates = plates_of(pictures, options.bg)
    depths = depths_of_plates(plates.paths, options.depth_request)
    note(*remarks, *plates.remarks, *depths.remarks)
    source = FileSource(pictures, plates.bgs, depths.reads)
    originals = [network, *plates.files, *depths.files]
    planned = plan_results(pictures, options.out, originals)
    if options.save and options.format == "exr":
        require_exr()
    if options.save:
        require_writable(options.out)
        refuse_results(planned, options.wanted.suffixes, options.overwrite)
    refuse_json(options, [*originals, *(given.path for given in pictures)])
    names = [picture.name for picture in source]
    return Planned(
        source,
        dict(zip(names, planned, strict=True)),
        dict(zip(names, plates.paths, strict=True)),
        dict(zip(names, depths.names, strict=True)),
    )


def refuse_json(options: PredictOptions, originals: Sequence[Path]) -> None:
    """Make sure that the file of JSON lines can be written and replaces nothing.

    Raises:
        FgbgError: it cannot, or would.
    """
    if options.json is None or options.json == STANDARD_OUTPUT:
        return
    Kept(originals).refuse([options.json])
    require_writable(options.json.parent, "another `json`")
    refuse_existing([options.json], options.overwrite, "another `json`")


def predict_pictures(planned: Planned, predictor: "Predictor", options: PredictOptions) -> int:
    """Predict pictures, write their results and say what became of each.

    Returns:
        How many failed.
    """
    from fgbg.predictor.predict_source import predict_source
    from fgbg.predictor.report import Report, json_lines
    from fgbg.predictor.sinks import FileSink

    tell = note if options.json == STANDARD_OUTPUT else say
    if predictor.entry.kind == "classes":
        planned = planned.without_depths()
    has_depth = predictor.engine.has_depth or any(planned.depths.values())
    if "depth" in options.wanted.kinds and not has_depth:
        tell(
            f"{options.network or options.checkpoint}: the network has no depth head, so no depth is written"
        )
    figures = options.json is not None or not options.save
    sink = FileSink(planned.bases, options.wanted, options.overwrite, options.mask_threshold, figures)
    shown: list[Path] = []
    with json_lines(options.json) as lines, full_disk():
        report = Report(
            planned.bases, planned.bgs, planned.depths, lines, silent=options.json == STANDARD_OUTPUT
        )
        with (
            Progress("predicting", planned.source.count, "pictures") as progress,
            closing(predict_source(predictor, planned.source, sink)) as results,
        ):
            for done in results:
                progress.advance(1)
                report.add(done)
                shown += best_of(done.written.files)
        report.end()
    if options.open and shown:
        open_results(shown, options.out)
    return report.failed


@contextmanager
def full_disk() -> Iterator[None]:
    """Say what to do after a full disk: a second call does not continue by itself, as `generate` does."""
    try:
        yield
    except DiskSpaceError as error:
        error.fix = "make room, then predict the others, or all again with `overwrite`"
        raise


def best_of(files: Mapping[str, Path]) -> list[Path]:
    """The file of one picture or video that shows most, if it has any."""
    return [files[kind] for kind in _BEST_TO_LOOK_AT if kind in files][:1]


def open_results(shown: Sequence[Path], out: Path) -> None:
    """Open the result of one picture, or the folder of several, in the system's program for it."""
    target = shown[0] if len(shown) == 1 else out
    if click.launch(str(target)):
        note(f"fgbg: {target} cannot be opened here: the system has no program for it")
