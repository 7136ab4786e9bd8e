"""`fgbg`: the command group. Commands are imported when used, so that --help answers at once."""

import importlib
import tomllib
from pathlib import Path
from typing import Any

import click

from fgbg.errors import report

COMMANDS: dict[str, str] = {
    "samples": "Draw sample foregrounds and backgrounds with exact depth.",
    "generate": "Composite foregrounds onto backgrounds into a dataset.",
    "verify": "Hash every file of a dataset and name what is damaged.",
    "train": "Train a network to predict mask and depth.",
    "predict": "Predict mask and depth for pictures.",
}
"""Every command and its short help; each lives in fgbg.commands under its own name."""


class CommandGroup(click.Group):
    """Finds commands by name, imports each when it is asked for, and turns failures into one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"fgbg.commands.{name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        with report(debug=ctx.params["debug"]):
            return super().invoke(ctx)


def _read_config(ctx: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
    """Fill the commands' defaults from a TOML file: a table per command, a key per option."""
    if path is None:
        return None
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{path}: expected TOML, found {error}; mend the file") from error
    for name, table in tables.items():
        command = ctx.command.get_command(ctx, name) if isinstance(ctx.command, click.Group) else None
        if command is None or not isinstance(table, dict):
            raise click.BadParameter(
                f"{path}: expected a table per command ({', '.join(COMMANDS)}), found {name!r}; mend it"
            )
        known = {parameter.name for parameter in command.params if isinstance(parameter, click.Option)}
        tables[name] = {key.replace("-", "_"): value for key, value in table.items()}
        for key in tables[name]:
            if key not in known:
                options = ", ".join(sorted(str(option) for option in known))
                raise click.BadParameter(f"{path}: [{name}] has no option {key!r}; it knows {options}")
    ctx.default_map = tables
    return path


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fgbg")
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=_read_config,
    expose_value=False,
    help="TOML file with defaults, a table per command: [train] res = 96.",
)
@click.option("--debug", is_flag=True, help="Show the whole traceback when something fails.")
def main(debug: bool) -> None:
    """From two folders of pictures to a network that predicts mask and depth.

    The whole road: fgbg generate, fgbg train, fgbg predict.
    """
