"""Options and value types that several commands share, defined once."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)


def _read_config(ctx: click.Context, option: click.Parameter, path: Path | None) -> None:
    """Fill defaults from a TOML file: a table per command, a key per option."""
    if path is None:
        return
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{path}: expected TOML, found {error}; mend the file") from error
    root = ctx.find_root().command
    assert isinstance(root, click.Group)
    for name, table in tables.items():
        command = root.get_command(ctx, name)
        if command is None or not isinstance(table, dict):
            names = ", ".join(root.list_commands(ctx))
            raise click.BadParameter(
                f"{path}: expected a table per command ({names}), found {name!r}; mend it"
            )
        known = {parameter.name for parameter in command.params if isinstance(parameter, click.Option)}
        tables[name] = {key.replace("-", "_"): value for key, value in table.items()}
        for key in tables[name]:
            if key not in known:
                options = ", ".join(sorted(str(option) for option in known))
                raise click.BadParameter(
                    f"{path}: expected options of {name} ({options}), found {key!r}; mend it"
                )
    ctx.default_map = tables if ctx.command is root else tables.get(str(ctx.info_name))


config_option = click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=_read_config,
    is_eager=True,
    expose_value=False,
    help="TOML file with defaults, a table per command; flags win.",
)
debug_option = click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    help="Show the whole traceback when something fails.",
)


def common_options(command: Command) -> Command:
    """The options that every command has, which mean the same before and behind its name."""
    return config_option(debug_option(command))


overwrite_option = click.option("--overwrite", is_flag=True, help="Replace what an earlier call made there.")
seed_option = click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Of all randomness."
)
data_option = click.option(
    "--data",
    type=FOLDER,
    default=Path("data/shards"),
    show_default=True,
    help="Folder of the dataset.",
)
subset_option = click.option(
    "--subset",
    type=click.Choice(["train", "val", "test"]),
    default="train",
    show_default=True,
    help="Split of the dataset.",
)
device_option = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    default="auto",
    show_default=True,
    help="Where the network runs; auto is the best there is.",
)
checkpoint_option = click.option(
    "--checkpoint",
    type=click.Path(path_type=Path),
    default=Path("outputs"),
    show_default="outputs/best.pt, else outputs/last.pt",
    help="The network: a checkpoint, or a run's folder (best.pt there, else last.pt).",
)

mirror_option = click.option(
    "--mirror/--no-mirror",
    default=True,
    show_default=True,
    help="Look at each picture's mirror image too: better, in twice the time.",
)


class NumberOrAuto(click.ParamType[int | float | str]):
    """A number above a limit, or `auto`."""

    def __init__(self, kind: type[int] | type[float], lowest: float) -> None:
        self.name = "N|auto"
        self._kind, self._lowest = kind, lowest

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | float | str:
        if str(value).lower() == "auto":
            return "auto"
        try:
            number = self._kind(value)
        except ValueError:
            number = self._kind(-1)
        # A count may be its lowest; a rate must be above it.
        if number < self._lowest or (self._kind is float and not self._lowest < number < float("inf")):
            limit = f"from {self._lowest}" if self._kind is int else f"above {self._lowest}"
            self.fail(f"expected a number {limit} or auto, found {value!r}", param, ctx)
        return number


class CanvasSize(click.ParamType[tuple[int, int]]):
    """`192` or `256x192` (width x height) as (width, height)."""

    name = "N|WxH"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        width, _, height = str(value).lower().partition("x")
        if not width.isdecimal() or (height and not height.isdecimal()):
            self.fail(f"expected a side like 192 or a size like 256x192, found {value!r}", param, ctx)
        return int(width), int(height or width)


class SplitShares(click.ParamType[tuple[float, float, float] | None]):
    """`80/10/10` as shares of train, val and test, or `none` for all in train."""

    name = "A/B/C|none"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float, float] | None:
        if value is None or str(value).lower() == "none":
            return None
        try:
            train, val, test = (float(share) for share in str(value).split("/"))
        except ValueError:
            self.fail(f"expected shares like 80/10/10 or 'none', found {value!r}", param, ctx)
        return train, val, test


class Span(click.ParamType[tuple[float, float]]):
    """`0.5-1` as (0.5, 1.0), with `whole` numbers `1-3` as (1, 3); one number alone is both ends."""

    def __init__(self, whole: bool = False) -> None:
        self.name = "N[-M]" if whole else "A[-B]"
        self._number: type[int] | type[float] = int if whole else float

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float]:
        if isinstance(value, tuple):
            return value
        low, _, high = str(value).partition("-")
        try:
            return self._number(low), self._number(high or low)
        except ValueError:
            self.fail(f"expected a range like 1-3 or one number, found {value!r}", param, ctx)


class Grid(click.ParamType[tuple[int, int]]):
    """`5x4` (columns x rows) as (5, 4)."""

    name = "CxR"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        columns, _, rows = str(value).lower().partition("x")
        if not (columns.isdecimal() and rows.isdecimal() and int(columns) and int(rows)):
            self.fail(f"expected columns x rows like 5x4, found {value!r}", param, ctx)
        return int(columns), int(rows)


class Workers(click.ParamType[int | str]):
    """A number of processes from 1, or `auto`."""

    name = "N|auto"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        if str(value).lower() == "auto":
            return "auto"
        if not str(value).isdecimal() or int(value) < 1:
            self.fail(f"expected a number from 1 or 'auto', found {value!r}", param, ctx)
        return int(value)


workers_option = click.option(
    "--workers",
    type=Workers(),
    default="auto",
    show_default=True,
    help="Processes; auto is as many as the cores and the work have use for.",
)


class SampleCount(click.ParamType[int | str]):
    """A number of samples from 1, or `all`."""

    name = "N|all"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        if str(value).lower() == "all":
            return "all"
        if not str(value).isdecimal() or int(value) < 1:
            self.fail(f"expected a number from 1 or 'all', found {value!r}", param, ctx)
        return int(value)


class WeightedTerms(click.ParamType[dict[str, float]]):
    """`dice:1,bce:0.5` as {"dice": 1.0, "bce": 0.5}; a name alone weighs 1."""

    name = "NAME[:WEIGHT],..."
    example = "dice:1,bce:1"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, float]:
        if isinstance(value, dict):
            return value
        terms = {}
        for part in str(value).split(","):
            name, _, weight = part.strip().partition(":")
            try:
                terms[name] = float(weight or 1)
            except ValueError:
                self.fail(f"expected terms like {self.example}, found {value!r}", param, ctx)
        return terms


class Shares(WeightedTerms):
    """`flip:0.5,light` as {"flip": 0.5, "light": 1.0}, `none` as {}."""

    name = "NAME[:SHARE],...|none"
    example = "flip:0.5,light:1"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, float]:
        return {} if str(value).lower() == "none" else super().convert(value, param, ctx)


class Widths(click.ParamType[tuple[int, ...]]):
    """`16,32,64` as (16, 32, 64)."""

    name = "N,N,..."

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        parts = str(value).split(",")
        if len(parts) < 2 or not all(part.strip().isdecimal() and int(part) > 0 for part in parts):
            self.fail(f"expected at least two widths like 16,32,64, found {value!r}", param, ctx)
        return tuple(int(part) for part in parts)


class LabelValue(click.ParamType[int | tuple[int, int, int]]):
    """`3` as a label's value, `255,0,255` as a label's colour (255, 0, 255)."""

    name = "N|R,G,B"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | tuple[int, int, int]:
        if isinstance(value, int | tuple):
            return value
        parts = [part.strip() for part in str(value).split(",")]
        if len(parts) not in (1, 3) or not all(part.isdecimal() for part in parts):
            self.fail(f"expected a value like 3 or a colour like 255,0,255, found {value!r}", param, ctx)
        numbers = tuple(int(part) for part in parts)
        if max(numbers) > (65535 if len(numbers) == 1 else 255):
            self.fail(f"expected values up to 65535 and colours up to 255, found {value!r}", param, ctx)
        return numbers[0] if len(numbers) == 1 else (numbers[0], numbers[1], numbers[2])


class PixelBox(click.ParamType[tuple[int, int, int, int]]):
    """`10,20,300,200` as left, top, width and height in pixels."""

    name = "X,Y,W,H"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int, int, int]:
        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in str(value).split(",")]
        if len(parts) != 4 or not all(part.isdecimal() for part in parts):
            self.fail(f"expected left, top, width and height like 10,20,300,200, found {value!r}", param, ctx)
        left, top, width, height = (int(part) for part in parts)
        return left, top, width, height


fg_option = click.option(
    "--fg", type=FOLDER, default=Path("data/fg"), show_default=True, help="Folder of cut-outs (RGBA)."
)
bg_option = click.option(
    "--bg", type=FOLDER, default=Path("data/bg"), show_default=True, help="Folder of backgrounds."
)
size_option = click.option(
    "--size", type=CanvasSize(), default="192", show_default=True, help="Canvas in pixels."
)
fg_size_option = click.option(
    "--fg-size",
    type=click.IntRange(1),
    show_default="half the canvas",
    help="Longer side of a pasted foreground in pixels; never enlarged more than 2 times.",
)
