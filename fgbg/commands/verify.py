"""`fgbg verify`."""

from pathlib import Path

import click

from fgbg.options import FOLDER


@click.command("verify")
@click.argument("dataset", type=FOLDER, default=Path("data/shards"))
def command(dataset: Path) -> None:
    """Hash every file of a dataset and name what is damaged.

    DATASET is its folder (default data/shards). Opening a dataset hashes each file once; this hashes all
    of them, always.
    """
    from generator.dataset import open_dataset, verify_dataset

    problems = verify_dataset(dataset)
    for problem in problems:
        click.echo(f"fgbg: {problem}", err=True)
    if problems:
        raise SystemExit(1)
    open_dataset(dataset)
    click.echo(f"{dataset}: all files are as they were written")
