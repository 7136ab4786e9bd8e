"""`fgbg cutout`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fgbg.command_class import command as fgbg_command
from fgbg.command_class import option, section
from fgbg.options import is_given, overwrite_option
from fgbg.terminal import note, say, warn
from fgbg.value_types import FOLDER, PATH, LabelValue, ObjectLabel, OneOf, PixelBox, Text, Whole

if TYPE_CHECKING:
    from generator.assets.cutout import Outcome

_MOST_LINES = 20


@fgbg_command("cutout")
@click.argument("pictures", type=PATH)
@section(
    "Ways to find the object (one is required, unless PICTURES is a dataset)",
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
        help="ONNX network that finds the object in plain photos: one that rembg runs, or one that 'fgbg"
        " export' wrote; or 'u2netp', which is downloaded once (4.6 MB).",
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
    "What masks mean (with --masks, or for a dataset)",
    option(
        "--foreground",
        type=ObjectLabel(),
        multiple=True,
        show_default="all but 0; in masks of labels also not 255; in a dataset all but the background",
        help="Value, palette index or colour of the object; for a dataset, the name of its class. Repeat the"
        " option for several.",
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
    option(
        "--subset",
        type=OneOf(["train", "val", "test", "all"]),
        show_default="train",
        help="Split of the dataset. Networks that train on cut-outs of val or test have seen their pictures.",
    ),
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
    foreground: tuple[int | tuple[int, int, int] | str, ...],
    soft: tuple[int | tuple[int, int, int], ...],
    grey_is_alpha: bool,
    subset: str | None,
    margin: int,
    out: Path,
    overwrite: bool,
) -> None:
    """Cut objects out of pictures, or clean the edges of cut-outs.

    PICTURES is a folder or one picture (with --box always one), or a dataset of 'fgbg import'. Writes
    OUT/NAME.png (RGBA), cropped to the object. A picture in which no object is found is skipped. If a picture
    fails, the others are still done, and the exit code is 1.
    """
    from generator.assets.cutout import clean_cut_outs, cut_out_by_masks, cut_out_by_network
    from generator.assets.foreground import Foreground
    from generator.errors import ConfigError
    from generator.format.manifest import MANIFEST_FILE

    ways = {"--masks": masks, "--network": network, "--box": box, "--clean-edges": clean_edges}
    if (pictures / MANIFEST_FILE).is_file() and not any(ways.values()):
        others = {"--soft": soft, "--grey-is-alpha": grey_is_alpha}
        _cut_out_dataset(pictures, out, subset, foreground, others, margin, overwrite)
        return
    way = _only_way(ways)
    if subset is not None:
        raise ConfigError("--subset", "", "is for datasets, and PICTURES is none", "leave it out")
    chosen = Foreground(_without_names(foreground), soft, grey_is_alpha)
    if masks is None and chosen != Foreground():
        problem = f"go with --masks only, not with {way}"
        raise ConfigError("--foreground, --soft and --grey-is-alpha", "", problem, "leave them out")
    if box is not None:
        _cut_out_in_box(pictures, box, out, margin, overwrite)
        return
    if network is not None:
        outcome = cut_out_by_network(pictures, network, out, margin, overwrite, note)
    elif masks is None:
        if is_given(ctx, "margin"):
            note("--margin has no effect with --clean-edges, which keeps every size")
        outcome = clean_cut_outs(pictures, out, overwrite, note)
    else:
        outcome = cut_out_by_masks(pictures, masks, out, chosen, margin, overwrite, note)
    _end(outcome, out)


def _cut_out_in_box(
    picture: Path, box: tuple[int, int, int, int], out: Path, margin: int, overwrite: bool
) -> None:
    from generator.assets.cutout import cut_out_in_box
    from generator.errors import ConfigError

    if picture.is_dir():
        raise ConfigError("--box", "one picture", f"the folder {picture}", "name a picture, or use --masks")
    say(f"{picture}: {cut_out_in_box(picture, box, out, margin, overwrite)}")


def _without_names(
    foreground: tuple[int | tuple[int, int, int] | str, ...],
) -> tuple[int | tuple[int, int, int], ...]:
    """Labels of masks, which have no names.

    Raises:
        ConfigError: one is a name.
    """
    from generator.errors import ConfigError

    labels = tuple(label for label in foreground if not isinstance(label, str))
    if len(labels) < len(foreground):
        fix = "give its value or colour in the masks, or import the pictures first ('fgbg import')"
        raise ConfigError("--foreground", "", "names a class, and PICTURES is no dataset", fix)
    return labels


def _cut_out_dataset(
    dataset: Path,
    out: Path,
    subset: str | None,
    foreground: tuple[int | tuple[int, int, int] | str, ...],
    others: dict[str, object],
    margin: int,
    overwrite: bool,
) -> None:
    """Cut the objects of a labelled dataset out.

    Args:
        others: options that go with --masks only, by their names.
    """
    from generator.cut_objects import cut_out_objects
    from generator.errors import ConfigError

    for name, value in others.items():
        if value:
            raise ConfigError(name, "", f"goes with --masks only, and {dataset} is a dataset", "leave it out")
    names = [label for label in foreground if isinstance(label, str)]
    if len(names) < len(foreground):
        problem = f"is a number or a colour, and {dataset} is a dataset"
        raise ConfigError("--foreground", "", problem, "give names of its classes")
    split: Any = {None: "train", "all": None}.get(subset, subset)
    _end(cut_out_objects(dataset, out, split, names, margin, overwrite), out)


def _end(outcome: "Outcome", out: Path) -> None:
    """Print the outcome, and end with exit code 1 or 2 if something failed."""
    from generator.errors import ExistsError

    _say(outcome)
    say(f"{outcome.made} cut-out{'' if outcome.made == 1 else 's'} in {out}")
    if outcome.failed or outcome.kept:
        raise SystemExit(1 if outcome.made or outcome.failed else ExistsError.exit_code)


def _only_way(given: Mapping[str, object]) -> str:
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
