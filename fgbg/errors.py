"""Print a failure as one line and exit with its code: 2 for wrong use, 1 for failed work, 130 for Ctrl-C."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from fgbg.lost_ctrl_c import resent
from fgbg.terminal import warn
from generator.errors import FgbgError, UnusableAssetsError

_NOTHING = "nothing was written"
_AGAIN = "run the same command again"
_STOPPED = {
    "samples": f"the pictures drawn so far are kept: {_AGAIN} for the others",
    "review": _NOTHING,
    "cutout": f"the cut-outs written so far are kept: {_AGAIN} for the others",
    "generate": f"finished shards are kept: {_AGAIN} to continue with the next one",
    "import": f"finished shards are kept: {_AGAIN} to continue with the next one",
    "verify": "nothing was changed",
    "preview": _NOTHING,
    "stats": _NOTHING,
    "train": "if a checkpoint was saved, fgbg train --resume continues from it",
    "evaluate": _NOTHING,
    "compare": _NOTHING,
    "predict": "the results listed above are kept: name only the other inputs, or use --overwrite for all",
    "app": _NOTHING,
    "export": f"finished parts are kept: {_AGAIN} to continue",
}
"""What remains of each command after Ctrl-C."""


class StoppedCommandError(FgbgError):
    """A user stopped a command with Ctrl-C.

    Args:
        command: name of the command.
    """

    exit_code = 130

    def __init__(self, command: str) -> None:
        super().__init__(command, "its end", "Ctrl-C", _STOPPED.get(command, _NOTHING))

    def __str__(self) -> str:
        return f"stopped; {self.fix}"


@contextmanager
def report(debug: bool) -> Iterator[None]:
    """Print an error as one line on stderr and exit with its code; with `debug` raise it as it is."""
    try:
        with resent():
            yield
    except (FgbgError, OSError, MemoryError, KeyboardInterrupt, click.ClickException, click.Abort) as error:
        if isinstance(error, BrokenPipeError):
            _close_stdout()
            sys.exit(1)
        if debug:
            raise
        if isinstance(error, click.exceptions.NoArgsIsHelpError):
            error.show()
            sys.exit(error.exit_code)
        if isinstance(error, UnusableAssetsError):
            warn(*error.problems.values())
        message, code = _describe(error)
        warn(f"fgbg: {message}")
        if isinstance(error, OSError):
            _close_stdout()
        sys.exit(code)


def _close_stdout() -> None:
    """Keep Python from complaining at its end about output that stdout could not take."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):
        sys.stdout = None


def _describe(error: BaseException) -> tuple[str, int]:
    if isinstance(error, UnusableAssetsError):
        number = len(error.problems)
        count = "1 picture" if number == 1 else f"{number} pictures"
        fix = "fix or remove what is named above, or leave it out with --skip-bad"
        return f"{count} cannot be used; {fix}", error.exit_code
    if isinstance(error, FgbgError):
        return str(error), error.exit_code
    if isinstance(error, click.UsageError):
        return _describe_usage(error), error.exit_code
    if isinstance(error, click.ClickException):
        return _one_line(error), error.exit_code
    if isinstance(error, OSError):
        return f"{error.filename or 'the system'}: {error.strerror or error}", 1
    if isinstance(error, MemoryError):
        return "not enough memory; lower --batch-size, --res or --size", 1
    return "stopped", 130


def _describe_usage(error: click.UsageError) -> str:
    """Describe wrong use in the form of other errors, with the most similar name or the help page to read."""
    fix = f"see '{error.ctx.command_path if error.ctx else 'fgbg'} --help'"
    if isinstance(error, click.NoSuchOption | click.NoSuchCommand):
        if error.possibilities:
            fix = f"did you mean {error.possibilities[0]!r}?"
        if isinstance(error, click.NoSuchOption):
            return f"no option {error.option_name}; {fix}"
        return f"no command {error.command_name!r}; {fix}"
    if isinstance(error, click.BadParameter) and error.param is not None:
        where = error.param.opts[0]
        if isinstance(error.param, click.Argument):
            where = error.param.make_metavar(error.ctx or click.Context(click.Command("fgbg")))
        if isinstance(error, click.MissingParameter):
            return f"{where} is missing; {fix}"
        told = error.message if error.message.endswith("?") else f"{error.message.rstrip('.')}; {fix}"
        return f"{where}: {' '.join(told.split())}"
    message = _one_line(error).rstrip(".")
    return f"{message[:1].lower()}{message[1:]}; {fix}"


def _one_line(error: click.ClickException) -> str:
    """Join the lines of a message: click lists choices on lines of their own."""
    return " ".join(error.format_message().split())
