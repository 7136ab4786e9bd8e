"""Turn the fields that library messages name into the options of the command line.

The library writes names of fields in backquotes: `` `fg_size` ``, `` `depth=plane` ``, `` `render=False` ``.
A user of the command line reads `--fg-size`, `--depth plane`, `--no-render`.
"""

import re
import shlex
from collections.abc import Iterator

import click

_FIELD = re.compile(r"`([a-z][a-z0-9_]*)(?:=([^`]*))?`")
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


def _option(ctx: click.Context, name: str, value: str | None) -> str | None:
    name = _OTHER_NAMES.get(name, name)
    for command in _commands(ctx):
        for option in command.params:
            if isinstance(option, click.Option) and name in _names(option):
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


def _spelled(option: click.Option, value: str | None) -> str:
    on = option.opts[0]
    if value is None:
        return on
    if not option.is_flag:
        return f"{on} {shlex.quote(value)}"
    if value == "True":
        return on
    return option.secondary_opts[0] if option.secondary_opts else f"no {on}"
