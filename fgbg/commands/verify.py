"""`fgbg verify`."""

from pathlib import Path

import click

from fgbg.options import common_options, data_option, named_dataset
from fgbg.screen import say, warn
from fgbg.value_types import FOLDER


@click.command("verify")
@click.argument("dataset", type=FOLDER, required=False)
@data_option
@click.option("--quick", is_flag=True, help="Compare sizes and headers alone, without hashing.")
@common_options
@click.pass_context
def command(ctx: click.Context, /, dataset: Path | None, data: Path, quick: bool) -> None:
    """Hash every file of a dataset and name what is damaged.

    DATASET is its folder, as --data. Opening a dataset hashes each file once; this hashes all, always.
    """
    from generator.reading.dataset import open_dataset
    from generator.reading.verify import verify_dataset

    folder = named_dataset(ctx, dataset, data)
    problems = verify_dataset(folder, quick)
    for problem in problems:
        warn(f"fgbg: {problem}")
    if problems:
        raise SystemExit(1)
    open_dataset(folder, hash_files=not quick)
    found = "have the right sizes and headers" if quick else "are as they were written"
    say(f"{folder}: all files {found}")
