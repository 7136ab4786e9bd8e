"""Failures as one line and an exit code: 2 for wrong use, 1 for failed work."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from generator.errors import FgbgError

DEBUG = "fgbg.debug"
"""Key of the context's meta: whether --debug was given."""


@contextmanager
def report(ctx: click.Context) -> Iterator[None]:
    """Turn an error into one line on stderr and its exit code; after --debug let it through whole."""
    try:
        yield
    except (FgbgError, OSError, MemoryError, KeyboardInterrupt) as error:
        if ctx.meta.get(DEBUG) or isinstance(error, BrokenPipeError):
            raise
        message, code = _describe(error)
        click.echo(f"fgbg: {message}", err=True)
        sys.exit(code)


def _describe(error: BaseException) -> tuple[str, int]:
    if isinstance(error, FgbgError):
        return str(error), error.exit_code
    if isinstance(error, OSError):
        return f"{error.filename or 'the system'}: {error.strerror or error}", 1
    if isinstance(error, MemoryError):
        return "not enough memory; lower --batch-size, --res or --size", 1
    return "stopped; what was finished is kept: run the same command again (train: with --resume)", 130
