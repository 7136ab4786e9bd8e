"""What all commands of fgbg have in common: their class, their options under headings, and four options."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

import click

from fgbg.config_file import fill_defaults
from fgbg.terminal import be_quiet, is_quiet
from fgbg.value_types import FILE

Function = TypeVar("Function", bound=Callable[..., Any])

_COMMON = "Options of every command"


class Option(click.Option):
    """An option that stands under a heading in the help of its command, which shows its default."""

    def __init__(self, *arguments: Any, section: str = "", **settings: Any) -> None:
        if "default" in settings:
            settings.setdefault("show_default", True)
        super().__init__(*arguments, **settings)
        self.section = section

    def get_help_extra(self, ctx: click.Context) -> Any:
        extra = super().get_help_extra(ctx)
        if isinstance(self.show_default, str):
            extra["default"] = self.show_default  # click puts it in parentheses
        return extra


option = partial(click.option, cls=Option)


class Command(click.Command):
    """A command whose help has a heading for each group of options, and that --quiet silences.

    Attributes:
        lists: tables of words that the command knows, by heading; its help shows them before the options.
    """

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.lists: dict[str, Callable[[], Iterable[tuple[str, str]]]] = {}

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx  # so that the error names the command
            raise

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {"": []}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and not isinstance(param, click.Argument):
                sections.setdefault(getattr(param, "section", _COMMON), []).append(record)
        sections[_COMMON] = sections.pop(_COMMON)  # the last
        listed = {title: list(words()) for title, words in self.lists.items()}
        for title, records in (listed | sections).items():
            if records:
                with formatter.section(title or "Options"):
                    formatter.write_dl(records)

    def invoke(self, ctx: click.Context) -> Any:
        if not is_quiet(ctx):
            return super().invoke(ctx)
        from generator.progress import show_progress

        with show_progress(False):
            return super().invoke(ctx)


def _silence(ctx: click.Context, _: click.Parameter, quiet: bool) -> None:
    if quiet:
        be_quiet(ctx)


def common_options(function: Function) -> Function:
    """The options that every command has, and that mean the same before and after its name."""
    add = partial(click.option, expose_value=False, is_eager=True)
    config_help = "TOML file of defaults for options, with a table for each command."
    add_config = add("--config", type=FILE, callback=fill_defaults, help=config_help)
    quiet_help = "Print only errors and requested results."
    add_quiet = add("-q", "--quiet", is_flag=True, callback=_silence, help=quiet_help)
    add_debug = add("--debug", is_flag=True, help="Show the whole traceback of an error.")
    return add_config(add_quiet(add_debug(function)))


def command(name: str) -> Callable[[Callable[..., Any]], Command]:
    """Make a function a command of fgbg, with the options that every command has."""

    def decorate(function: Callable[..., Any]) -> Command:
        return click.command(name, cls=Command)(common_options(function))

    return decorate


def section(title: str, *options: Callable[[Function], Function]) -> Callable[[Function], Function]:
    """Put options under a heading of the command's help; those without one come first."""

    def decorate(function: Function) -> Function:
        for add_option in reversed(options):
            function = add_option(function)
            params: list[Option] = getattr(function, "__click_params__")  # noqa: B009
            params[-1].section = title
        return function

    return decorate
