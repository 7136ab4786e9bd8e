"""`--config`: a TOML file sets defaults of options. It has a table for each command."""

import re
from pathlib import Path
from typing import Any

import click

from fgbg.value_types import did_you_mean
from generator.errors import ConfigError
from generator.numerals import shown

_MOST_BYTES = 2**20
_HOME = re.compile(r"^((?:onnx|hf):)?~(?=[/\\]|$)")


def fill_defaults(ctx: click.Context, option: click.Parameter, path: Path | None) -> None:
    """Fill defaults from a TOML file with a table for each command and a key for each option.

    Defaults that are there already (of another file, of a preset) stay where the file names no value.

    Raises:
        ConfigError: the file cannot be read, or a table, key or value of it is none of the command's.
    """
    if path is None:
        return
    root = ctx.find_root().command
    assert isinstance(root, click.Group)
    tables: dict[str, dict[str, Any]] = {}
    for name, table in _read(path).items():
        command = root.get_command(ctx, name)
        if command is None or not isinstance(table, dict):
            names = root.list_commands(ctx)
            fix = (command is None and did_you_mean(name, names)) or "correct it"
            raise ConfigError(path, f"a table for a command ({', '.join(names)})", shown(name), fix)
        tables[name] = _defaults(ctx, command, path, name, table)
    own = tables if ctx.command is root else tables.get(str(ctx.info_name), {})
    ctx.default_map = {**(ctx.default_map or {}), **own}


def _read(path: Path) -> dict[str, Any]:
    import tomllib

    from generator.files import read_regular

    try:
        content = read_regular(path, _MOST_BYTES)
    except FileNotFoundError as error:
        raise ConfigError(path, "", "does not exist", "check the path") from error
    except OSError as error:
        raise ConfigError(
            path, "a file of options", error.strerror or str(error), "check the path"
        ) from error
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # ValueError also for numbers with too many digits
        found = "text in another encoding" if isinstance(error, UnicodeDecodeError) else str(error)
        raise ConfigError(path, "TOML in UTF-8", found, "correct the file") from error


def _defaults(
    ctx: click.Context, command: click.Command, path: Path, name: str, table: dict[str, Any]
) -> dict[str, Any]:
    """Rename the keys of a table to the parameters of the command, and check every value."""
    options = {
        str(option.name): option
        for option in command.params
        if isinstance(option, click.Option) and option.expose_value
    }
    by_flag = {flag.lstrip("-"): option for option in options.values() for flag in option.opts}
    defaults: dict[str, Any] = {}
    for key, value in table.items():
        option = by_flag.get(key.replace("_", "-"))
        if option is None:
            fix = did_you_mean(key.replace("_", "-"), by_flag) or f"see 'fgbg {name} --help'"
            raise ConfigError(f"{path}: [{name}]", f"an option of {name}", shown(key), fix)
        where = f"{path}: [{name}] {key}"
        if option.name in defaults:
            raise ConfigError(where, "", "is there in two spellings", "remove one of them")
        defaults[str(option.name)] = _value(ctx, option, where, value)
    return defaults


def _value(ctx: click.Context, option: click.Option, where: str, value: Any) -> Any:
    """Check a value as if it came from the command line, and return it as click takes it."""
    if option.is_flag:
        if not isinstance(value, bool):
            raise ConfigError(where, "true or false", shown(value), "correct it")
        return value
    if isinstance(value, str):
        value = _HOME.sub(lambda start: f"{start[1] or ''}{Path.home()}", value)
    if option.multiple and not isinstance(value, list):
        value = [value]
    try:
        option.type_cast_value(ctx, value)
    except click.BadParameter as error:
        raise ConfigError(where, *_told(error.message)) from error
    return value


def _told(message: str) -> tuple[str, str, str]:
    """Split the message of a type's error into what was expected, what was found and what to do."""
    expected, comma, found = message.removeprefix("expected ").rpartition(", found ")
    if not comma:
        return "a value of this option", message.rstrip("."), "correct it"
    found, _, suggestion = found.partition("; did you mean ")
    return expected, found, f"did you mean {suggestion}" if suggestion else "correct it"
