"""`fgbg`: the command group. Commands are imported when used, so that --help answers at once."""

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import click

from fgbg.errors import StoppedCommandError, name_options_in, report
from fgbg.options import config_option, debug_option
from generator.errors import FgbgError

COMMANDS: dict[str, str] = {
    "samples": "Draw sample foregrounds and backgrounds with exact depth.",
    "review": "Report what is wrong with foregrounds and backgrounds.",
    "cutout": "Cut foregrounds out of pictures, by masks or by a box, or clean the edges of finished ones.",
    "generate": "Composite foregrounds onto backgrounds into a dataset.",
    "verify": "Hash every file of a dataset and name what is damaged.",
    "preview": "Draw a contact sheet of a dataset to look at.",
    "stats": "Count what a dataset looks like: colours, coverage, positions, depth.",
    "train": "Train a network to predict mask and depth.",
    "evaluate": "Measure a network on a split it was not trained on.",
    "compare": "Show runs side by side: figures, curves and predictions.",
    "predict": "Predict mask and depth for pictures.",
    "export": "Write a dataset as plain pictures, COCO or WebDataset.",
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
@click.version_option(package_name="fgbg")
@config_option
@debug_option
def main() -> None:
    """From two folders of pictures to a network that predicts mask and depth.

    The whole road: fgbg generate, fgbg train, fgbg predict.
    """
