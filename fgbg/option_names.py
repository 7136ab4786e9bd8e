"""Turn the fields that library messages name into the options of the command line.

The library writes names of fields in backquotes: `` `fg_size` ``, `` `depth=plane` ``, `` `render=False` ``.
A user of the command line reads `--fg-size`, `--depth plane`, `--no-render`.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from generator.errors import FgbgError, UnusableAssetsError

# A field stands alone, like a word: a name of a file with backquotes, such as a`b`.png, does not hold one.
_FIELD = re.compile(
    r"""(?<![^\s('"])`([a-z][a-z0-9_]*)(?:=([^`]*))?`(?![^\s.,;:)'"]|[.,;:)'"]+[^\s.,;:)'"])"""
)
_FIELDS_ALONE = re.compile(r"`[^`]+`(, `[^`]+`)*")
_OTHER_NAMES = {"stages": "res"}
"""Fields that have another name than their option."""


def name_options(text: str, ctx: click.Context | None) -> str:
    """Replace fields in backquotes by options.

    Args:
        text: a message of the library.
        ctx: the context of the running command, or of the group that runs it; None changes nothing.
            The running command's options come first, then those of the other commands.

    Returns:
        str: the text. A name that no command has as an option stays as it is.
    """
    if ctx is None or "`" not in text:
        return text
    return _FIELD.sub(lambda field: _option(ctx, field[1], field[2]) or field[0], text)


def name_options_in(error: FgbgError, ctx: click.Context | None) -> None:
    """Change an error of the library so that it names options of the command line instead of fields.

    The file or folder that the error is about keeps its name.
    """
    for part in ("expected", "found", "fix"):
        setattr(error, part, name_options(getattr(error, part), ctx))
    if not isinstance(error.args[0], Path) and _FIELDS_ALONE.fullmatch(error.where):
        error.where = name_options(error.where, ctx)
    if isinstance(error, UnusableAssetsError):
        for problem in error.problems.values():
            name_options_in(problem, ctx)


def _option(ctx: click.Context, name: str, value: str | None) -> str | None:
    name = _OTHER_NAMES.get(name, name)
    for command in _commands(ctx):
        for option in command.params:
            if isinstance(option, click.Option) and name in _names(option) and _may_be(option, value):
                return _spelled(option, value)
    return None


def _commands(ctx: click.Context) -> Iterator[click.Command]:
    """The running command, then all others."""
    root = ctx.find_root()
    yield ctx.command
    if isinstance(root.command, click.Group):
        for name in (root.invoked_subcommand, *root.command.list_commands(root)):
            if name and (command := root.command.get_command(root, name)):
                yield command


def _names(option: click.Option) -> set[str | None]:
    return {option.name, *(flag.lstrip("-").replace("-", "_") for flag in option.opts)}


def _may_be(option: click.Option, value: str | None) -> bool:
    """Whether an option can set a value. Several flags may set one field, each to its own value."""
    return value is None or not _sets_one_value(option) or option.flag_value == value


def _sets_one_value(option: click.Option) -> bool:
    return option.is_flag and isinstance(option.flag_value, str)


def _spelled(option: click.Option, value: str | None) -> str:
    on = option.opts[0]
    if value is None or _sets_one_value(option):
        return on
    if not option.is_flag:
        return f"{on} {shlex.quote(value)}"
    if value == "True":
        return on
    return option.secondary_opts[0] if option.secondary_opts else f"no {on}"
