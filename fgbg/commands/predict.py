"""`fgbg predict`."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fgbg.command_class import command as fgbg_command
from fgbg.command_class import option
from fgbg.options import checkpoint_option, device_option, mirror_option, overwrite_option
from fgbg.terminal import note, say, warn
from fgbg.value_types import FILE, FOLDER, PATH, SHARE, Whole

if TYPE_CHECKING:
    from fgbg.predictor.predict_source import Done
    from fgbg.predictor.sources import Found


@fgbg_command("predict")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=PATH)
@option(
    "--bg",
    type=FILE,
    show_default="none",
    help="Photo of the same view without the object. It makes masks sharper.",
)
@option(
    "--align/--no-align",
    default=True,
    show_default=True,
    help="Move the background to match the picture, in case the camera moved between the two photos.",
)
@checkpoint_option
@option(
    "--out",
    type=FOLDER,
    default=Path("outputs/predictions"),
    show_default=True,
    help="Folder of the results.",
)
@option(
    "--res",
    type=Whole(8, 8192),
    show_default="the last training resolution",
    help="Longer side in pixels to which a picture is scaled for the network. Results have the picture's"
    " size.",
)
@option(
    "--mask-threshold",
    type=SHARE,
    show_default="none; the mask is soft",
    help="Make mask pixels 255 at this probability or above, and 0 below it.",
)
@mirror_option
@overwrite_option
@device_option
def command(
    paths: tuple[Path, ...],
    bg: Path | None,
    align: bool,
    checkpoint: Path,
    out: Path,
    res: int | None,
    mask_threshold: float | None,
    mirror: bool,
    overwrite: bool,
    device: str,
) -> None:
    """Predict mask and depth for pictures.

    PATH is a picture or a folder of pictures. Writes NAME.mask.png (8-bit), NAME.depth.png (16-bit, 65535 is
    nearest) and NAME.overlay.png, all in the size of the picture. If two pictures have the same NAME, their
    results keep the suffix or the folder in the name. Results of earlier calls in a folder are skipped.
    If a picture fails, the others are still done, and the exit code is 1.
    """
    from fgbg.predictor.result_names import plan_results, refuse_results
    from fgbg.predictor.sources import FileSource
    from generator.assets.images import read_rgb
    from generator.files import require_writable
    from generator.own_results import DEPTH_SUFFIX, MASK_SUFFIX, OVERLAY_SUFFIX
    from generator.progress import Progress
    from training.records.run_files import find_checkpoint

    # Check the paths first: importing torch takes seconds.
    checkpoint = find_checkpoint(checkpoint)
    background = read_rgb(bg) if bg is not None else None
    found = _find_pictures(paths, out)
    source = FileSource(found.pictures, background)
    planned = plan_results(found.pictures, out, [checkpoint] if bg is None else [checkpoint, bg])
    bases = {picture.name: base for picture, base in zip(source, planned, strict=True)}
    require_writable(out)
    refuse_results(planned, (MASK_SUFFIX, OVERLAY_SUFFIX), overwrite)

    from fgbg.predictor import Predictor
    from fgbg.predictor.predict_source import predict_source
    from fgbg.predictor.sinks import FileSink

    predictor = Predictor.load(checkpoint, res, device, mirror, align)
    if not predictor.engine.has_depth:
        say(f"{checkpoint}: the network has no depth head, so no depth is written")
    else:
        refuse_results(planned, (DEPTH_SUFFIX,), overwrite)
    report = _Report(bases, bg)
    sink = FileSink(bases, overwrite, mask_threshold)
    with (
        Progress("predicting", source.count, "pictures") as progress,
        closing(predict_source(predictor, source, sink)) as results,
    ):
        for done in results:
            progress.advance(1)
            report.say(done)
    report.end()
    if report.failed or found.problems:
        raise SystemExit(1)


def _find_pictures(paths: Sequence[Path], out: Path) -> "Found":
    """The pictures to predict, of which one at least exists; the others are named later, one by one."""
    from fgbg.predictor.sources import find_pictures
    from generator.assets.images import read_rgb

    found = find_pictures(paths, out)
    note(*found.remarks)
    warn(*found.problems)
    if not found.pictures:
        raise SystemExit(1)
    if not any(given.path.exists() for given in found.pictures):
        read_rgb(found.pictures[0].path)  # raises its error
    return found


class _Report:
    """Says what became of each picture, and sums up at the end."""

    def __init__(self, bases: Mapping[str, Path], bg: Path | None) -> None:
        self._bases, self._bg = bases, bg
        self.failed = 0
        self._strangers: list[str] = []

    def say(self, done: "Done") -> None:
        if done.predicted is None:
            self.failed += 1
            self._say_problem(done)
            return
        moved = ""
        if done.predicted.bg_moved:
            pixels = done.predicted.bg_moved * max(done.predicted.mask.shape)
            share = f"{done.predicted.bg_moved:.1%} of the longer side"
            moved = f" (background moved by {pixels:.1f} px, {share})"
        say(f"{done.name}: {done.written}{moved}")
        if not done.predicted.bg_agrees:
            self._strangers.append(done.name)

    def end(self) -> None:
        if self._strangers:
            more = f" (and {len(self._strangers) - 1:,} more)" if len(self._strangers) > 1 else ""
            note(
                f"fgbg: {self._bg} does not show the place of {self._strangers[0]}{more}: "
                "take it from the same position, or leave --bg out"
            )
        if self.failed:
            warn(f"fgbg: {self.failed:,} of {len(self._bases):,} pictures failed, the others are done")

    def _say_problem(self, done: "Done") -> None:
        """Print a line that names the picture, whatever the error is about."""
        from generator.errors import FgbgError, printable

        if isinstance(done.error, FgbgError) and printable(done.name) in str(done.error):
            warn(done.error)
            return
        text = str(done.error)
        if isinstance(done.error, MemoryError):
            text = "not enough memory for a picture of this size; scale it down"
        if isinstance(done.error, OSError):
            reason = done.error.strerror or done.error
            text = f"results {self._bases[done.name]}.* cannot be written: {reason}"
        warn(f"fgbg: {done.name}: {text}")
