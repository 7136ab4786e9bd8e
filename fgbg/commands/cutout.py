"""`fgbg cutout`."""

from pathlib import Path

import click

from fgbg.options import common_options, overwrite_option
from fgbg.value_types import FOLDER, PATH, LabelValue, PixelBox, Whole


@click.command("cutout")
@click.argument("pictures", type=PATH)
@click.option(
    "--masks",
    type=PATH,
    show_default="none",
    help="Folder of masks named like the pictures, or like them with _mask, _P, ... behind.",
)
@click.option(
    "--box",
    type=PixelBox(),
    show_default="none",
    help="Left, top, width and height of the object in one picture, found by GrabCut.",
)
@click.option(
    "--foreground",
    type=LabelValue(),
    multiple=True,
    show_default="all but 0",
    help="Value, palette index or colour of the object in masks; repeat it for several.",
)
@click.option(
    "--soft",
    type=LabelValue(),
    multiple=True,
    show_default="none",
    help="The same of what fades out, such as the border in a trimap.",
)
@click.option("--grey-is-alpha", is_flag=True, help="Take the masks' grey, 0 to 255, as alpha as it is.")
@click.option(
    "--margin",
    type=Whole(0, 1000),
    default=2,
    show_default=True,
    help="Transparent pixels around the object.",
)
@click.option(
    "--out", type=FOLDER, default=Path("data/fg"), show_default=True, help="Folder of the cut-outs."
)
@overwrite_option
@common_options
def command(
    pictures: Path,
    masks: Path | None,
    box: tuple[int, int, int, int] | None,
    foreground: tuple[int | tuple[int, int, int], ...],
    soft: tuple[int | tuple[int, int, int], ...],
    grey_is_alpha: bool,
    margin: int,
    out: Path,
    overwrite: bool,
) -> None:
    """Cut foregrounds out of pictures, by masks or by a box.

    PICTURES is a folder (with --masks) or a picture (with --masks or --box). Writes OUT/NAME.png (RGBA),
    cropped to the object. What cannot be cut out is named, the rest is done, and the exit code is 1.
    """
    from generator.alpha import Foreground
    from generator.cutout import cut_out_by_masks, cut_out_in_box
    from generator.errors import ConfigError
    from generator.pairs import pair_by_name
    from generator.progress import Progress

    if (masks is None) == (box is None):
        found = "neither" if box is None else "both"
        raise ConfigError("fgbg cutout", "--masks or --box", found, "say one of them")
    chosen = Foreground(foreground, soft, grey_is_alpha)
    if box is not None:
        if chosen != Foreground():
            raise ConfigError("--box", "no option of masks beside it", "one", "leave it out")
        if pictures.is_dir():
            raise ConfigError(
                "--box", "one picture", f"the folder {pictures}", "name a picture, or use --masks"
            )
        click.echo(f"{pictures}: {cut_out_in_box(pictures, box, out, margin, overwrite)}")
        return
    assert masks is not None
    pairs, problems = pair_by_name(pictures, masks)
    with Progress("cutting out", len(pairs), "pictures") as progress:
        failed = cut_out_by_masks(pairs, out, chosen, margin, overwrite, progress.advance)
    for problem in (*problems, *failed):
        click.echo(f"fgbg: {problem}", err=True)
    click.echo(f"{len(pairs) - len(failed)} cut-outs in {out}")
    if problems or failed:
        raise SystemExit(1)
