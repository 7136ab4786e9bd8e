"""Options of commands that read labelled data sets, defined once."""

from collections.abc import Callable, Iterable
from typing import Any

import click
from click.shell_completion import CompletionItem

from fgbg.command_class import Function, option
from fgbg.value_types import FILE, Names, OneOf, SplitShares, Text, ValueType, did_you_mean
from generator.numerals import shown


class FormatName(ValueType[str]):
    """The name of a format of labelled data sets."""

    name = "FORMAT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        known = [name for name, _ in label_formats()]
        if value in known:
            return str(value)
        suggestion = did_you_mean(value, known)
        expected = ", ".join(known)
        self.fail(
            f"expected {expected}, found {shown(value)}" + (suggestion and f"; {suggestion}"), param, ctx
        )

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return [
            CompletionItem(name, help=about) for name, about in label_formats() if name.startswith(incomplete)
        ]


def pattern_option(name: str, of: str, default: str) -> Callable[[Function], Function]:
    """An option that takes a pattern of file names.

    Args:
        name: of the option.
        of: which files it finds.
        default: which files are taken without it.
    """
    kind = Text("PATTERN", "a pattern")
    return option(name, type=kind, show_default=default, help=f"Pattern of the {of}.")


_images = pattern_option("--images", "pictures below SRC, like 'image_2/{a}_{id}.png'", "all pictures of SRC")
_masks = pattern_option("--masks", "masks, like 'gt_image_2/{a}_road_{id}.png'", "the name of the picture")
_pairs = option(
    "--pairs",
    type=FILE,
    show_default="none",
    help="CSV file with a picture and its mask in each row, instead of patterns.",
)
_mask = option(
    "--mask",
    type=OneOf(["alpha", "classes"]),
    show_default="by the format",
    help="Whether masks show one kind of object (alpha), or the class of each pixel.",
)
_foreground = option(
    "--foreground",
    type=Names(),
    show_default="all but the background",
    callback=lambda ctx, param, value: value or (),
    help="Names of the classes that are the object, with --mask alpha, like cat,dog; without names, values of"
    " masks.",
)
_labels = option(
    "--labels",
    type=FILE,
    show_default="what the data set says",
    help="File with the names, and maybe colours, of the classes.",
)
_road = option("--road", "variant", flag_value="road", help="The road is the object (kitti-road; default).")
_lane = option("--lane", "variant", flag_value="lane", help="The own lane is the object (kitti-road).")
mask_options = (_mask, _foreground, _labels, _road, _lane)
"""What the pixels of labels mean."""
place_options = (_images, _masks, _pairs)
"""Where pictures and masks are, for the format `folder`."""
import_split_option = option(
    "--split",
    type=SplitShares(auto=True),
    default="auto",
    help="Shares of train, val and test, like 75/25 or 80/10/10. Near-duplicates stay in one split."
    " 'auto' takes the splits of the data set, and 75/25 where it has none; 'none' puts all in train.",
)


def label_formats() -> Iterable[tuple[str, str]]:
    """The formats of labelled data sets, with a few words about each."""
    from generator.label_formats.formats import FORMATS

    return FORMATS.items()
