"""`fgbg predict`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fgbg.command_class import command as fgbg_command
from fgbg.command_class import option, section
from fgbg.options import (
    checkpoint_option,
    depth_convention_option,
    depth_invalid_option,
    device_option,
    is_given,
    mirror_option,
    overwrite_option,
)
from fgbg.predictor.result_kinds import DEFAULT_KINDS, FORMATS, KINDS
from fgbg.terminal import note, warn
from fgbg.value_types import FILE, FOLDER, PATH, SHARE, Behind, Number, OneOf, Text, Whole, Words
from fgbg.video.kinds import WHOLE_FORMATS

if TYPE_CHECKING:
    from fgbg.predictor.find_inputs import Found


@fgbg_command("predict")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=PATH)
@section(
    "Background",
    option(
        "--bg",
        type=PATH,
        metavar="FILE|FOLDER|median|frame:N",
        show_default="none",
        help="Photo of the same view without the object. It makes masks sharper. In a folder, the background"
        " of a picture has the same name. For videos also 'median', the median of frames of the video, or"
        " 'frame:N', its frame N from 1.",
    ),
    option(
        "--align/--no-align",
        default=True,
        show_default=True,
        help="Move the background to match the picture, in case the camera moved between the two photos.",
    ),
    option(
        "--bg-depth",
        type=Text("auto|none|FILE|onnx:PATH|hf:MODEL", "auto, none, a file, onnx:PATH or hf:MODEL"),
        default="auto",
        help="Depth of the background, in which objects stand. It is better than the depth that the network"
        " guesses. auto: the depth file beside the background (NAME.depth.png, .npy, ...), if there is one."
        " Or a depth file, or a depth network as for 'fgbg generate'.",
    ),
    depth_convention_option,
    depth_invalid_option,
)
@section(
    "Network",
    checkpoint_option,
    option(
        "--network",
        type=Text("FILE|u2netp", "a file"),
        show_default="none",
        help="Instead of --checkpoint, an ONNX network that finds the object of any photo and needs no"
        " training: one that rembg runs, or 'u2netp', which is downloaded once (4.6 MB). It gives no depth.",
    ),
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
        default=None,
        show_default="refine pictures, but not videos",
        help="Give mask and depth the edges of the picture, if it is larger than what the network sees.",
    ),
    option(
        "--tile",
        type=Whole(8, 100_000, also="auto"),
        show_default="none; the network sees the whole picture at once",
        help="Look at overlapping tiles of this side in pixels, for pictures with small objects: about twice"
        " the size of an object. 'auto' is a quarter of the picture's longer side.",
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
        type=OneOf((*FORMATS, *WHOLE_FORMATS)),
        show_default="png; mp4 for videos",
        help="Format of mask and depth of pictures: png, npy or exr; 'npy' and 'exr' hold numbers from 0 to"
        " 1. Format of all results of videos: mp4, webm, mov, or png for numbered pictures.",
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
@section(
    "Videos",
    option(
        "--smooth",
        type=Number(0, 1, below=True),
        default=0.0,
        show_default="0, off",
        help="Steady mask and depth over time: share of the average of earlier frames, where the picture is"
        " still. 0.8 is a good value.",
    ),
    option(
        "--over",
        type=Behind(),
        show_default="transparent; white in mp4, which has no transparency",
        help="Colour or picture that cut-outs of videos are laid over.",
    ),
)
@click.pass_context
def command(ctx: click.Context, /, paths: tuple[Path, ...], **fields: Any) -> None:
    """Predict mask and depth for pictures and videos.

    PATH is a picture, a folder of pictures, a pattern such as 'photos/**/*.jpg', or - for a picture on
    standard input; or a video, or camera:0 for the first camera, which Ctrl-C ends. Writes NAME.mask.png
    (8-bit), NAME.depth.png (16-bit, 65535 is nearest) and NAME.overlay.png, all in the size of the picture;
    of a video NAME.mask.mp4 and so on. If two inputs have the same NAME, their results keep the suffix or
    the folder in the name. Results of earlier calls are skipped. If a picture or a video fails, the others
    are still done, and the exit code is 1. --checkpoint also takes an ONNX file that 'fgbg export' wrote,
    which starts faster.
    """
    from fgbg.predictor.predict_files import PredictOptions, plan_pictures, predict_pictures
    from fgbg.video.predict_videos import plan_videos, predict_videos

    options = PredictOptions(**fields)
    if options.network is not None:
        _refuse_of_checkpoints(ctx)
    if not options.save:
        for name in ("write", "format", "out", "open"):
            if is_given(ctx, name):
                note(f"--{name} has no effect with --no-save")
    found = _find(paths, options.out)
    videos = plan_videos(found.videos, found.cameras, options)
    pictures = plan_pictures(found.pictures, options) if found.pictures else None
    if pictures is not None and options.format in WHOLE_FORMATS:
        note(f"--format {options.format} is for videos; the results of pictures are PNG")
    predictor = options.load() if pictures or videos else None
    failed = 0
    if predictor is not None and pictures is not None:
        failed += predict_pictures(pictures, predictor, options)
    if predictor is not None and videos:
        failed += predict_videos(videos, predictor, options, after_pictures=pictures is not None)
    if failed or found.problems:
        raise SystemExit(1)


def _refuse_of_checkpoints(ctx: click.Context) -> None:
    """Refuse options that have no effect on a network that fgbg did not train.

    Raises:
        UsageError: one is on the command line.
    """
    from generator.errors import UsageError

    for name in ("checkpoint", "res", "bg", "device"):
        if is_given(ctx, name):
            raise UsageError(f"--{name}", "", "does not go with --network", "leave one of them out")


def _find(paths: Sequence[Path], out: Path) -> "Found":
    """What the user named; says what was skipped and what cannot be used, and ends if nothing is left."""
    from fgbg.predictor.find_inputs import find_inputs

    found = find_inputs(paths, out)
    note(*found.remarks)
    warn(*found.problems)
    if not (found.pictures or found.videos or found.cameras):
        raise SystemExit(1)
    return found
