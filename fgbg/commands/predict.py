"""`fgbg predict`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fgbg.options import (
    checkpoint_option,
    common_options,
    device_option,
    mirror_option,
    overwrite_option,
)
from fgbg.screen import say, warn
from fgbg.value_types import FILE, FOLDER, PATH, SHARE, Whole

if TYPE_CHECKING:
    import numpy as np

    from fgbg.predictor import Predictor


@click.command("predict")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=PATH)
@click.option(
    "--bg",
    type=FILE,
    help="Photo of the same view without the object. Optional; masks are sharper with it.",
)
@click.option(
    "--align/--no-align",
    default=True,
    show_default=True,
    help="Move the background to where the picture has it first, for a camera that did not stand still.",
)
@checkpoint_option
@click.option(
    "--out",
    type=FOLDER,
    default=Path("outputs/predictions"),
    show_default=True,
    help="Folder of the results.",
)
@click.option(
    "--res",
    type=Whole(8, 8192),
    show_default="the last training resolution",
    help="Longer side at which the network looks.",
)
@click.option(
    "--mask-threshold",
    type=SHARE,
    show_default="soft mask",
    help="Make the mask 0 or 255 at this probability.",
)
@mirror_option
@overwrite_option
@device_option
@common_options
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

    PATH is a picture or a folder of pictures. Writes NAME.mask.png (8-bit), NAME.depth.png (16-bit, 65535
    nearest; not by a network without depth head) and NAME.overlay.png at the picture's own size. Where two
    pictures share a NAME, it keeps the suffix or the folder. Results of earlier calls are passed over.
    A picture that fails is named, the others are done, and the exit code is 1.
    """
    from fgbg.predictor.result_names import plan_results, refuse_results
    from fgbg.predictor.sources import find_pictures
    from generator.assets.images import read_rgb
    from generator.errors import AssetError, ExistsError
    from generator.files import require_writable
    from generator.marks import DEPTH_SUFFIX, MASK_SUFFIX, OVERLAY_SUFFIX
    from generator.progress import Progress
    from training.errors import DeviceMemoryError
    from training.records.run_files import find_checkpoint

    # Paths first: a wrong one is said before torch is imported, which takes seconds.
    checkpoint = find_checkpoint(checkpoint)
    background = read_rgb(bg) if bg is not None else None
    found = find_pictures(paths, out)
    warn(*found.remarks, *(f"fgbg: {problem}" for problem in found.problems))
    if not found.pictures:
        raise SystemExit(1)
    if not any(given.path.exists() for given in found.pictures):
        read_rgb(found.pictures[0].path)
    bases = plan_results(found.pictures, out, [checkpoint] if bg is None else [checkpoint, bg])
    require_writable(out)
    refuse_results(bases, (MASK_SUFFIX, OVERLAY_SUFFIX), overwrite)

    from fgbg.predictor import Predictor

    predictor = Predictor.load(checkpoint, res, device, mirror, align)
    if predictor.network.depth_head is None:
        say(f"{checkpoint}: a network without depth head, so there is no depth to write")
    else:
        refuse_results(bases, (DEPTH_SUFFIX,), overwrite)
    failed, strangers = 0, []
    with Progress("predicting", len(bases), "pictures") as progress:
        for given, base in zip(found.pictures, bases, strict=True):
            try:
                done, agrees = _predict(predictor, given.path, background, mask_threshold, base, overwrite)
            except (AssetError, DeviceMemoryError, ExistsError, MemoryError, OSError) as error:
                failed += 1
                warn(f"fgbg: {_problem(given.path, base, error)}")
            else:
                say(f"{given.path}: {done}")
                if not agrees:
                    strangers.append(given.path)
            progress.advance(1)
    if strangers:
        more = f" (and {len(strangers) - 1:,} more)" if len(strangers) > 1 else ""
        warn(
            f"fgbg: {bg} agrees nowhere with {strangers[0]}{more}: "
            "take it from the same place, or leave --bg out"
        )
    if failed:
        warn(f"fgbg: {failed:,} of {len(bases):,} pictures failed, the others are done")
    if failed or found.problems:
        raise SystemExit(1)


def _predict(
    predictor: "Predictor",
    path: Path,
    bg: "np.ndarray | None",
    mask_threshold: float | None,
    base: Path,
    overwrite: bool,
) -> tuple[str, bool]:
    """Predict one picture and write its results: what was done, and whether the background agrees with it."""
    from fgbg.predictor.sinks import write_prediction
    from generator.assets.images import read_rgb

    picture = read_rgb(path)
    predicted = predictor(picture, bg)
    if mask_threshold is not None:
        predicted = predicted.with_threshold(mask_threshold)
    first, *others = write_prediction(base, picture, predicted, overwrite)
    done = " ".join([str(first), *(other.name for other in others)])
    if predicted.bg_moved:
        pixels = predicted.bg_moved * max(predicted.mask.shape)
        done += f" (background moved by {pixels:.1f} px, {predicted.bg_moved:.1%} of the longer side)"
    return done, predicted.bg_agrees


def _problem(path: Path, base: Path, error: Exception) -> str:
    """A line that names the picture, whatever the error is about."""
    from generator.errors import printable

    text = str(error)
    if isinstance(error, MemoryError):
        text = "not enough memory for a picture of this size; scale it down"
    if isinstance(error, OSError):
        text = f"results {base}.* cannot be written: {error.strerror or error}"
    return text if printable(path) in text else f"{path}: {text}"
