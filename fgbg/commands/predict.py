"""`fgbg predict`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fgbg.command_class import command as fgbg_command
from fgbg.command_class import option, section
from fgbg.options import checkpoint_option, device_option, is_given, mirror_option, overwrite_option
from fgbg.predictor.result_kinds import DEFAULT_KINDS, FORMATS, KINDS
from fgbg.terminal import note, warn
from fgbg.value_types import FILE, FOLDER, PATH, SHARE, OneOf, Whole, Words

if TYPE_CHECKING:
    from fgbg.predictor.find_inputs import Found


@fgbg_command("predict")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=PATH)
@section(
    "Background",
    option(
        "--bg",
        type=PATH,
        metavar="FILE|FOLDER",
        show_default="none",
        help="Photo of the same view without the object. It makes masks sharper. In a folder, the background"
        " of a picture has the same name.",
    ),
    option(
        "--align/--no-align",
        default=True,
        show_default=True,
        help="Move the background to match the picture, in case the camera moved between the two photos.",
    ),
)
@section(
    "Network",
    checkpoint_option,
    option(
        "--res",
        type=Whole(8, 8192),
        show_default="the last training resolution",
        help="Longer side in pixels to which a picture is scaled for the network. Results have the picture's"
        " size. A file of 'fgbg export' has its own.",
    ),
    mirror_option,
    device_option,
    option(
        "--refine/--no-refine",
        default=True,
        help="Give mask and depth the edges of the picture, if it is larger than what the network sees.",
    ),
)
@section(
    "Results",
    option(
        "--out",
        type=FOLDER,
        default=Path("outputs/predictions"),
        show_default=True,
        help="Folder of the results.",
    ),
    option(
        "--write",
        type=Words(KINDS),
        default=",".join(DEFAULT_KINDS),
        show_default=True,
        metavar="KIND,...",
        help=f"Kinds of results: {', '.join(KINDS)}. A cutout is the object with transparency.",
    ),
    option(
        "--format",
        type=OneOf(FORMATS),
        default="png",
        show_default=True,
        help="Format of mask and depth. 'npy' and 'exr' hold numbers from 0 to 1.",
    ),
    option(
        "--mask-threshold",
        type=SHARE,
        show_default="none; the mask is soft",
        help="Make mask pixels 255 at this probability or above, and 0 below it.",
    ),
    option(
        "--json",
        type=FILE,
        show_default="none",
        help="Write a line of JSON for each picture: files, coverage, boxes of objects, depth. '-' prints"
        " them.",
    ),
    option(
        "--save/--no-save",
        default=True,
        show_default=True,
        help="Write the results. --no-save prints figures only.",
    ),
    option("--open", is_flag=True, help="Open the results at the end, in the program for pictures."),
    overwrite_option,
)
@click.pass_context
def command(ctx: click.Context, /, paths: tuple[Path, ...], **fields: Any) -> None:
    """Predict mask and depth for pictures.

    PATH is a picture, a folder of pictures, a pattern such as 'photos/**/*.jpg', or - for a picture on
    standard input. Writes NAME.mask.png (8-bit), NAME.depth.png (16-bit, 65535 is nearest) and
    NAME.overlay.png, all in the size of the picture. If two pictures have the same NAME, their results keep
    the suffix or the folder in the name. Results of earlier calls in a folder are skipped. If a picture
    fails, the others are still done, and the exit code is 1. --checkpoint also takes an ONNX file that 'fgbg
    export' wrote, which starts faster.
    """
    from fgbg.predictor.predict_files import PredictOptions, plan_pictures, predict_pictures

    options = PredictOptions(**fields)
    if not options.save:
        for name in ("write", "format", "out", "open"):
            if is_given(ctx, name):
                note(f"--{name} has no effect with --no-save")
    found = _find(paths, options.out)
    planned = plan_pictures(found.pictures, options)
    failed = predict_pictures(planned, options.load(), options)
    if failed or found.problems:
        raise SystemExit(1)


def _find(paths: Sequence[Path], out: Path) -> "Found":
    """What the user named; says what was skipped and what cannot be used, and ends if nothing is left."""
    from fgbg.predictor.find_inputs import find_inputs
    from generator.errors import ImageError

    found = find_inputs(paths, out)
    for place in (*map(str, found.videos), *(f"camera:{number}" for number in found.cameras)):
        found.problems.append(ImageError(place, "a picture", "a video", "save its frames as pictures"))
    note(*found.remarks)
    warn(*found.problems)
    if not found.pictures:
        raise SystemExit(1)
    return found
