"""What commands print: the one place that does, so that no name does anything to a terminal."""

import sys

import click

from generator.errors import printable


def say(*lines: object, err: bool = False) -> None:
    """Print lines, each one line whatever is in it, to stdout or stderr.

    Line breaks and escape codes in names are escaped, and so is what the terminal's encoding does not have.
    """
    for line in lines:
        text = printable(str(line))
        encoding = getattr(sys.stderr if err else sys.stdout, "encoding", None) or "utf-8"
        click.echo(text.encode(encoding, "backslashreplace").decode(encoding), err=err)


def warn(*lines: object) -> None:
    """Print lines to stderr."""
    say(*lines, err=True)
