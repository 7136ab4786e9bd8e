"""What commands print: the one place that does, so that no name does anything to a terminal."""

import sys
from pathlib import Path

import click

from fgbg.option_names import name_options
from generator.errors import printable


def say(*lines: object, err: bool = False) -> None:
    """Print lines, each one line whatever is in it, to stdout or stderr.

    Line breaks and escape codes are escaped; so is a character that the terminal's encoding does not have.
    Fields that the library names in backquotes become options; a path is printed as it is.
    """
    ctx = click.get_current_context(silent=True)
    for line in lines:
        text = printable(line if isinstance(line, Path) else name_options(str(line), ctx))
        encoding = getattr(sys.stderr if err else sys.stdout, "encoding", None) or "utf-8"
        click.echo(text.encode(encoding, "backslashreplace").decode(encoding), err=err)


def warn(*lines: object) -> None:
    """Print lines to stderr."""
    say(*lines, err=True)
