"""`fgbg cutout`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fgbg.options import common_options, is_given, overwrite_option
from fgbg.screen import say, warn
from fgbg.value_types import FOLDER, PATH, LabelValue, PixelBox, Whole

if TYPE_CHECKING:
    from generator.assets.cutout import Outcome

_MOST_LINES = 20


@click.command("cutout")
@click.argument("pictures", type=PATH)
@click.option(
    "--masks",
    type=PATH,
    show_default="none",
    help="Folder of masks named like the pictures, or with _mask, _P, ... at the end of the name.",
)
@click.option(
    "--box",
    type=PixelBox(),
    show_default="none",
    help="Left, top, width and height of the object in one picture, found by GrabCut.",
)
@click.option(
    "--clean-edges",
    is_flag=True,
    help="PICTURES are finished cut-outs: take the old background's colour out of their soft edges. "
    "Cut-outs made with --masks or --box have clean edges already.",
)
@click.option(
    "--foreground",
    type=LabelValue(),
    multiple=True,
    show_default="all but 0, and but 255 in masks of labels",
    help="Value, palette index or colour of the object in masks; repeat it for several.",
)
@click.option(
    "--soft",
    type=LabelValue(),
    multiple=True,
    show_default="none",
    help="Value, palette index or colour of what fades out, such as the border in a trimap.",
)
@click.option("--grey-is-alpha", is_flag=True, help="Use the grey of masks, 0 to 255, directly as alpha.")
@click.option(
    "--margin",
    type=Whole(0, 1000),
    default=2,
    show_default=True,
    help="Transparent pixels around the object; finished cut-outs keep their size.",
)
@click.option(
    "--out", type=FOLDER, default=Path("data/fg"), show_default=True, help="Folder of the cut-outs."
)
@overwrite_option
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    pictures: Path,
    masks: Path | None,
    box: tuple[int, int, int, int] | None,
    clean_edges: bool,
    foreground: tuple[int | tuple[int, int, int], ...],
    soft: tuple[int | tuple[int, int, int], ...],
    grey_is_alpha: bool,
    margin: int,
    out: Path,
    overwrite: bool,
) -> None:
    """Cut foregrounds out of pictures, by masks or by a box, or clean the edges of finished ones.

    PICTURES is a folder (with --masks or --clean-edges) or a picture. Writes OUT/NAME.png (RGBA), cropped to
    the object. Pictures whose mask does not show the object are skipped. What cannot be cut out is named, the
    rest is done, and the exit code is 1.
    """
    from generator.assets.cutout import clean_cut_outs, cut_out_by_masks, cut_out_in_box
    from generator.assets.foreground import Foreground
    from generator.errors import ConfigError, ExistsError

    ways = [
        way for way, given in (("--masks", masks), ("--box", box), ("--clean-edges", clean_edges)) if given
    ]
    if len(ways) != 1:
        found = " and ".join(ways) or "none of them"
        raise ConfigError("fgbg cutout", "--masks, --box or --clean-edges", found, "give one of them")
    chosen = Foreground(foreground, soft, grey_is_alpha)
    if masks is None and chosen != Foreground():
        raise ConfigError(ways[0], "no option of masks beside it", "one", "leave it out")
    if box is not None:
        if pictures.is_dir():
            raise ConfigError(
                "--box", "one picture", f"the folder {pictures}", "name a picture, or use --masks"
            )
        say(f"{pictures}: {cut_out_in_box(pictures, box, out, margin, overwrite)}")
        return
    if masks is None:
        if is_given(ctx, "margin"):
            warn("--margin has no effect with --clean-edges, which keeps every size")
        outcome = clean_cut_outs(pictures, out, overwrite, warn)
    else:
        outcome = cut_out_by_masks(pictures, masks, out, chosen, margin, overwrite, warn)
    _say(outcome)
    say(f"{outcome.made} cut-outs in {out}")
    if outcome.failed or outcome.kept:
        raise SystemExit(1 if outcome.made or outcome.failed else ExistsError.exit_code)


def _say(outcome: "Outcome") -> None:
    """What failed, what was skipped, and what was assumed, on stderr."""
    for problem in outcome.failed:
        warn(f"fgbg: {problem}")
    for empty in outcome.empty[:_MOST_LINES]:
        warn(f"fgbg: {empty}")
    if len(outcome.empty) > _MOST_LINES:
        warn(f"fgbg: {len(outcome.empty) - _MOST_LINES} more masks without it; skipped")
    if outcome.kept:
        others = f" and {len(outcome.kept) - 1:,} more" if len(outcome.kept) > 1 else ""
        advice = (
            "other files are there already and were kept; use another --out, or --overwrite to replace them"
        )
        warn(f"fgbg: {outcome.kept[0]}{others}: {advice}")
    for note, masks in outcome.notes.items():
        others = f" and {len(masks) - 1} more" if len(masks) > 1 else ""
        warn(f"fgbg: {masks[0]}{others}: {note.value}")
