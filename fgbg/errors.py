"""Failures as one line and an exit code: 2 for wrong use, 1 for failed work."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from generator.errors import FgbgError


@contextmanager
def report(debug: bool) -> Iterator[None]:
    """Turn an error into one line on stderr and its exit code; with `debug` let it through whole."""
    try:
        yield
    except FgbgError as error:
        if debug:
            raise
        _exit(str(error), error.exit_code)
    except OSError as error:
        if debug or isinstance(error, BrokenPipeError):
            raise
        _exit(f"{error.filename or 'the system'}: {error.strerror or error}", 1)
    except MemoryError:
        if debug:
            raise
        _exit("not enough memory; lower --batch-size, --res or --size", 1)
    except KeyboardInterrupt:
        if debug:
            raise
        _exit("stopped; what was finished is kept: run the same command again (train: with --resume)", 130)


def _exit(message: str, code: int) -> None:
    click.echo(f"fgbg: {message}", err=True)
    sys.exit(code)
