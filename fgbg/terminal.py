"""Printing to the screen. Commands print here alone, so that no file name can control the terminal."""

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from fgbg.option_names import name_options, name_options_in
from generator.errors import FgbgError, printable

_QUIET = "fgbg.quiet"


def be_quiet(ctx: click.Context) -> None:
    """Let the command that runs print answers and errors alone."""
    ctx.meta[_QUIET] = True


def is_quiet(ctx: click.Context | None) -> bool:
    """Whether the command that runs prints answers and errors alone."""
    return ctx is not None and ctx.meta.get(_QUIET, False)


def say(*lines: object) -> None:
    """Print lines about the work to stdout; --quiet hides them."""
    if not is_quiet(click.get_current_context(silent=True)):
        answer(*lines)


def note(*lines: object) -> None:
    """Print notes about the input or the options to stderr; --quiet hides them."""
    if not is_quiet(click.get_current_context(silent=True)):
        warn(*lines)


def answer(*lines: object) -> None:
    """Print what the user asked the command for to stdout."""
    _print(lines, err=False)


def warn(*lines: object) -> None:
    """Print errors to stderr; an FgbgError gets the name of the program in front."""
    _print(lines, err=True)


def _print(lines: Iterable[object], err: bool) -> None:
    """Print each line as one line, whatever it holds.

    Line breaks and escape codes are escaped; so is a character that the terminal's encoding does not have.
    Fields that the library names in backquotes become options; paths, also those of errors, are printed as
    they are.
    """
    ctx = click.get_current_context(silent=True)
    for line in lines:
        text = printable(_with_options(line, ctx))
        encoding = getattr(sys.stderr if err else sys.stdout, "encoding", None) or "utf-8"
        click.echo(text.encode(encoding, "backslashreplace").decode(encoding), err=err)


def _with_options(line: object, ctx: click.Context | None) -> str:
    if isinstance(line, Path):
        return str(line)
    if isinstance(line, FgbgError):
        name_options_in(line, ctx)
        return f"fgbg: {line}"
    return name_options(str(line), ctx)
