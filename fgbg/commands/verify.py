"""`fgbg verify`."""

from pathlib import Path
from typing import TYPE_CHECKING

from fgbg.command_class import command as fgbg_command
from fgbg.command_class import option
from fgbg.options import takes_dataset
from fgbg.terminal import answer, warn

if TYPE_CHECKING:
    from generator.places import Place


@fgbg_command("verify")
@takes_dataset
@option("--quick", is_flag=True, help="Compare sizes and headers only, without hashing.")
def command(data: "Place", quick: bool) -> None:
    """Check every file of a dataset for damage.

    DATA is the folder or URL of the dataset, the same as --data. All files are hashed and compared with the
    hashes in dataset.json. Damaged files are listed, and the exit code is 1.
    """
    from generator.reading.dataset import open_dataset
    from generator.reading.verify import verify_dataset

    problems = verify_dataset(data, quick)
    warn(*problems)
    if problems:
        raise SystemExit(1)
    if isinstance(data, Path):  # a URL would be downloaded, and its files have been read
        open_dataset(data, hash_files=not quick)
    found = "have the right sizes and headers" if quick else "are as they were written"
    answer(f"{data}: all files {found}")
