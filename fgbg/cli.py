"""`fgbg`: the group of commands. A command is imported when it is used, so that --help answers at once."""

import importlib
import keyword
import sys
from collections.abc import Sequence
from typing import Any

import click

from fgbg import __version__
from fgbg.command_class import Command, common_options
from fgbg.errors import StoppedCommandError, report
from fgbg.option_names import name_options_in
from generator.errors import FgbgError

SECTIONS = {
    "Prepare pictures": {
        "samples": "Draw sample foregrounds and backgrounds with exact depth, or a labelled data set.",
        "review": "Check foregrounds and backgrounds, or a labelled data set, for problems.",
        "cutout": "Cut objects out of pictures, or clean the edges of cut-outs.",
    },
    "Make a dataset": {
        "generate": "Paste foregrounds onto backgrounds and write a dataset.",
        "import": "Make a dataset of pictures that people have labelled.",
        "verify": "Check every file of a dataset for damage.",
        "preview": "Draw a contact sheet of a dataset.",
        "stats": "Measure colours, coverage, positions, depth and classes of a dataset.",
    },
    "Train a network": {
        "train": "Train a network to predict mask and depth.",
        "evaluate": "Measure how good a network is.",
        "compare": "Show several runs side by side.",
    },
    "Use the results": {
        "predict": "Predict mask and depth for pictures and videos.",
        "app": "Show a web page to predict, and to look at datasets and runs.",
        "export": "Write a dataset or a trained network for other programs.",
    },
}
"""Every command and its short help, in the order in which a user needs them."""

COMMANDS = {name: text for commands in SECTIONS.values() for name, text in commands.items()}
"""Every command and its short help; `load_command` gives it."""


def load_command(name: str) -> Command:
    """The command of this name, from its file; the file of one with the name of a keyword ends in `_`."""
    file = f"{name}_" if keyword.iskeyword(name) else name
    command: Command = importlib.import_module(f"fgbg.commands.{file}").command
    return command


class CommandGroup(click.Group):
    """Finds commands by name, imports a command when it is asked for, and prints a failure as one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        return load_command(name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:  # click knows no names to suggest
            raise click.NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(8), text) for name, text in commands.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort) as error:
            raise StoppedCommandError(str(ctx.invoked_subcommand)) from error
        except FgbgError as error:
            name_options_in(error, ctx)
            raise

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        arguments = list(sys.argv[1:] if args is None else args)
        with report(debug="--debug" in arguments):
            sys.exit(super().main(arguments, *rest, **{**options, "standalone_mode": False}))


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="fgbg", help="Show the version and exit.")
@common_options
def main() -> None:
    """From two folders of pictures to a network that predicts mask and depth.

    Typical workflow: fgbg generate, fgbg train, fgbg predict. 'fgbg COMMAND --help' explains a command.
    """
