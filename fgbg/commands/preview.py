"""`fgbg preview`."""

from pathlib import Path
from typing import TYPE_CHECKING

from fgbg.command_class import command as fgbg_command
from fgbg.command_class import option
from fgbg.options import overwrite_option, subset_option, takes_dataset
from fgbg.terminal import say
from fgbg.value_types import FILE, Whole

if TYPE_CHECKING:
    from generator.places import Place
    from generator.splits import SplitName


@fgbg_command("preview")
@takes_dataset
@subset_option("train")
@option("--count", type=Whole(1, 1000), default=16, help="Number of samples to show.")
@option("--out", type=FILE, default=Path("outputs/preview.png"), help="PNG file to write.")
@overwrite_option
def command(data: "Place", subset: "SplitName", count: int, out: Path, overwrite: bool) -> None:
    """Draw a contact sheet of a dataset.

    DATA is the folder or URL of the dataset, the same as --data. The samples are spread evenly over the
    split. Each is shown as its background, the composite with a box around each object, mask and depth; a
    dataset with several objects in a sample also shows the instance map.
    """
    from generator.look.preview import write_preview

    shown, total = write_preview(data, subset, count, out, overwrite)
    say(f"{out}: {shown:,} of {total:,} samples of {subset}")
