"""`fgbg cutout`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fgbg.command_class import command as fgbg_command
from fgbg.command_class import option, section
from fgbg.options import is_given, overwrite_option
from fgbg.terminal import note, say, warn
from fgbg.value_types import FOLDER, PATH, LabelValue, PixelBox, Text, Whole

if TYPE_CHECKING:
    from generator.assets.cutout import Outcome

_MOST_LINES = 20


@fgbg_command("cutout")
@click.argument("pictures", type=PATH)
@section(
    "Ways to find the object (one is required)",
    option(
        "--masks",
        type=PATH,
        show_default="none",
        help="Folder of masks. A mask has the name of its picture, which may have _mask, _P or similar at"
        " its end.",
    ),
    option(
        "--network",
        type=Text("MODEL.onnx", "an ONNX file"),
        show_default="none",
        help="ONNX network that finds the object in plain photos: one that rembg runs (such as u2netp.onnx),"
        " or one that 'fgbg export' wrote.",
    ),
    option(
        "--box",
        type=PixelBox(),
        show_default="none",
        help="Box around the object in one picture: left, top, width and height. GrabCut finds the object"
        " in it.",
    ),
    option(
        "--clean-edges",
        is_flag=True,
        help="PICTURES are cut-outs already: remove the old background's colour from their soft edges. "
        "Cut-outs made in another way have clean edges already.",
    ),
)
@section(
    "What masks mean (with --masks)",
    option(
        "--foreground",
        type=LabelValue(),
        multiple=True,
        show_default="all but 0; in masks of labels also not 255",
        help="Value, palette index or colour of the object. Repeat the option for several.",
    ),
    option(
        "--soft",
        type=LabelValue(),
        multiple=True,
        show_default="none",
        help="Value, palette index or colour of soft edges, such as the border in a trimap. Repeat the option"
        " for several.",
    ),
    option("--grey-is-alpha", is_flag=True, help="Use the mask's grey values directly as alpha."),
)
@section(
    "Results",
    option(
        "--margin",
        type=Whole(0, 1000),
        default=2,
        show_default=True,
        help="Number of transparent pixels around the object. --clean-edges keeps the size of each picture.",
    ),
    option("--out", type=FOLDER, default=Path("data/fg"), show_default=True, help="Folder of the cut-outs."),
    overwrite_option,
)
@click.pass_context
def command(
    ctx: click.Context,
    /,
    pictures: Path,
    masks: Path | None,
    network: str | None,
    box: tuple[int, int, int, int] | None,
    clean_edges: bool,
    foreground: tuple[int | tuple[int, int, int], ...],
    soft: tuple[int | tuple[int, int, int], ...],
    grey_is_alpha: bool,
    margin: int,
    out: Path,
    overwrite: bool,
) -> None:
    """Cut objects out of pictures, or clean the edges of cut-outs.

    PICTURES is a folder or one picture (with --box always one). Writes OUT/NAME.png (RGBA), cropped to the
    object. A picture in which no object is found is skipped. If a picture fails, the others are still done,
    and the exit code is 1.
    """
    from generator.assets.cutout import (
        clean_cut_outs,
        cut_out_by_masks,
        cut_out_by_network,
        cut_out_in_box,
    )
    from generator.assets.foreground import Foreground
    from generator.errors import ConfigError, ExistsError

    way = _only_way({"--masks": masks, "--network": network, "--box": box, "--clean-edges": clean_edges})
    chosen = Foreground(foreground, soft, grey_is_alpha)
    if masks is None and chosen != Foreground():
        problem = f"go with --masks only, not with {way}"
        raise ConfigError("--foreground, --soft and --grey-is-alpha", "", problem, "leave them out")
    if box is not None:
        if pictures.is_dir():
            raise ConfigError(
                "--box", "one picture", f"the folder {pictures}", "name a picture, or use --masks"
            )
        say(f"{pictures}: {cut_out_in_box(pictures, box, out, margin, overwrite)}")
        return
    if network is not None:
        outcome = cut_out_by_network(pictures, network, out, margin, overwrite, note)
    elif masks is None:
        if is_given(ctx, "margin"):
            note("--margin has no effect with --clean-edges, which keeps every size")
        outcome = clean_cut_outs(pictures, out, overwrite, note)
    else:
        outcome = cut_out_by_masks(pictures, masks, out, chosen, margin, overwrite, note)
    _say(outcome)
    say(f"{outcome.made} cut-out{'' if outcome.made == 1 else 's'} in {out}")
    if outcome.failed or outcome.kept:
        raise SystemExit(1 if outcome.made or outcome.failed else ExistsError.exit_code)


def _only_way(given: dict[str, object]) -> str:
    """The only way to find the object that is given.

    Raises:
        ConfigError: there is none, or more than one.
    """
    from generator.errors import ConfigError

    ways = [way for way, value in given.items() if value]
    if len(ways) != 1:
        *others, last = given
        problem = f"takes one of {', '.join(others)} and {last}, not {' and '.join(ways) or 'none'}"
        raise ConfigError("fgbg cutout", "", problem, "choose one of them")
    return ways[0]


def _say(outcome: "Outcome") -> None:
    """Print on stderr which pictures failed or were skipped, and what was assumed about masks."""
    warn(*outcome.failed, *outcome.empty[:_MOST_LINES])
    if len(outcome.empty) > _MOST_LINES:
        warn(f"fgbg: {len(outcome.empty) - _MOST_LINES} more masks do not show the object; skipped")
    if outcome.kept:
        others = f" (and {len(outcome.kept) - 1:,} more)" if len(outcome.kept) > 1 else ""
        advice = "Use another --out, or --overwrite to replace what is there."
        warn(f"fgbg: {outcome.kept[0]}{others} exists already with other content. {advice}")
    for assumed, masks in outcome.notes.items():
        others = f" and {len(masks) - 1} more" if len(masks) > 1 else ""
        note(f"fgbg: {masks[0]}{others}: {assumed.value}")
