"""Types of option values. Each reads text from the command line and natural values from TOML."""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import click

from generator.numerals import MOST, finite_number, shown, whole_number
from generator.places import Url, as_place, is_url

Value = TypeVar("Value")

_LONGEST_TEXT = 4096


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Ask whether the most similar known word was meant; an empty text if none is similar."""
    from difflib import get_close_matches  # rarely needed

    close = get_close_matches(str(word)[:80], known, n=1)
    return f"did you mean {close[0]!r}?" if close else ""


class ValueType(click.ParamType[Value], Generic[Value]):
    """A type whose error names what was expected and what was found.

    Attributes:
        name: shown after the option in its help.
        expected: describes right values, for the error.
    """

    name = "TEXT"
    expected = "text"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return self.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Value:
        try:
            return self.read(value)
        except ValueError:
            self.fail(f"expected {self.expected}, found {shown(value)}", param, ctx)

    def read(self, value: Any) -> Value:
        """Convert a value from the command line, from TOML or from the option's default.

        Raises:
            ValueError: it cannot be read.
        """
        raise NotImplementedError


class Whole(ValueType[Any]):
    """A whole number within bounds, or the word `also`."""

    def __init__(self, lowest: int = 0, highest: int = MOST, also: str | None = None) -> None:
        bounds = f"from {lowest}" if highest >= MOST else f"from {lowest} to {highest}"
        self.expected = " or ".join(filter(None, (f"a whole number {bounds}", also)))
        self.name = "|".join(filter(None, ("N" if highest >= MOST else f"{lowest}..{highest}", also)))
        self._lowest, self._highest, self._also = lowest, highest, also

    def read(self, value: Any) -> int | str:
        if self._also and isinstance(value, str) and value.strip().lower() == self._also:
            return self._also
        return whole_number(value, self._lowest, self._highest)


class Number(ValueType[Any]):
    """A finite number within bounds, or the word `also`.

    Args:
        lowest, highest: the bounds; None for none.
        above, below: whether the value must differ from the bound.
        also: a word that is also allowed.
    """

    def __init__(
        self,
        lowest: float,
        highest: float | None = None,
        *,
        above: bool = False,
        below: bool = False,
        also: str | None = None,
    ) -> None:
        bounds = f"above {lowest:g}" if above else f"from {lowest:g}"
        if highest is not None:
            bounds += f" to below {highest:g}" if below else f" to {highest:g}"
        self.expected = " or ".join(filter(None, (f"a number {bounds}", also)))
        self.name = "|".join(filter(None, ("X" if highest is None else f"{lowest:g}..{highest:g}", also)))
        self._lowest, self._highest, self._also = lowest, highest, also
        self._above, self._below = above, below

    def read(self, value: Any) -> float | str:
        if self._also and isinstance(value, str) and value.strip().lower() == self._also:
            return self._also
        number = finite_number(value)
        if number < self._lowest or (self._above and number == self._lowest):
            raise ValueError("below its bound")
        if self._highest is not None and (
            number > self._highest or (self._below and number == self._highest)
        ):
            raise ValueError("above its bound")
        return number


class OneOf(click.Choice[Any]):
    """One of a few words or numbers."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        choices = list(map(str, self.choices))
        suggestion = did_you_mean(value, choices)
        return f"expected {', '.join(choices)}, found {shown(value)}" + (suggestion and f"; {suggestion}")


class Text(ValueType[str]):
    """Text that is neither empty nor holds a NUL character."""

    def __init__(self, name: str = "TEXT", expected: str = "text") -> None:
        self.name, self.expected = name, expected

    def read(self, value: Any) -> str:
        if not isinstance(value, str) or not value.strip() or "\0" in value or len(value) > _LONGEST_TEXT:
            raise ValueError("no text")
        return value


class FilePath(click.Path):
    """A path that is neither empty nor holds a NUL character.

    Args:
        urls: whether it may be the URL of a folder, which is then a `Url`, unless it is of this machine.
        allowed: as of `click.Path`.
    """

    def __init__(self, urls: bool = False, **allowed: Any) -> None:
        super().__init__(path_type=Path, **allowed)
        self.urls = urls
        if not self.file_okay:
            self.name = "folder|url" if urls else "folder"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str | os.PathLike) or not os.fspath(value) or "\0" in os.fspath(value):
            self.fail(f"expected a path, found {shown(value)}", param, ctx)
        if isinstance(value, str) and is_url(value):
            place = as_place(value)
            if isinstance(place, Url):
                if not self.urls:
                    told = f"expected a path of this machine, found {shown(value)}"
                    self.fail(f"{told}; URLs are for datasets: --data, and --out of generate and import")
                return place
            value = str(place)
        return super().convert(value, param, ctx)


PATH = FilePath()
FOLDER = FilePath(file_okay=False)
PATH_OR_URL = FilePath(urls=True)
PLACE = FilePath(urls=True, file_okay=False)
FILE = FilePath(dir_okay=False)
SHARE = Number(0, 1)


class CanvasSize(ValueType[tuple[int, int]]):
    """`192`, `256x192` (width x height) or two numbers, as (width, height)."""

    name = "N|WxH"
    expected = "a side like 192 or a size like 256x192"

    def read(self, value: Any) -> tuple[int, int]:
        sides = _parts(value, "x")
        width, height = sides if len(sides) == 2 else (sides[0], *sides)
        return whole_number(width, 1), whole_number(height, 1)


class Grid(ValueType[tuple[int, int]]):
    """`5x4` (columns x rows) or two numbers, as (5, 4)."""

    name = "CxR"
    expected = "columns x rows like 5x4, at most 1000 of each"

    def read(self, value: Any) -> tuple[int, int]:
        columns, rows = _parts(value, "x")
        return whole_number(columns, 1, 1000), whole_number(rows, 1, 1000)


class SplitShares(ValueType[tuple[float, float, float] | str | None]):
    """`80/10/10` or three numbers as shares of train, val and test; `none` for all in train.

    With `auto`, that word stays, and `75/25` are the shares of train and val.
    """

    def __init__(self, auto: bool = False) -> None:
        self.name = "auto|A/B[/C]|none" if auto else "A/B/C|none"
        self.expected = "shares like 75/25, 'auto' or 'none'" if auto else "shares like 80/10/10 or 'none'"
        self._auto = auto

    def read(self, value: Any) -> tuple[float, float, float] | str | None:
        if value is None or (isinstance(value, str) and value.strip().lower() == "none"):
            return None
        if self._auto and isinstance(value, str) and value.strip().lower() == "auto":
            return "auto"
        parts = [finite_number(share) for share in _parts(value, "/")]
        train, val, test = [*parts, 0.0] if self._auto and len(parts) == 2 else parts
        return train, val, test


class Span(ValueType[tuple[float, float]]):
    """`0.5-1` or two numbers as (0.5, 1.0); with `whole`, `1-3` as (1, 3). One number is both ends."""

    _BOTH = re.compile(r"\s*([^\s-]+(?:[eE]-[0-9]+)?)\s*-\s*([^\s-]+(?:[eE]-[0-9]+)?)\s*")

    def __init__(self, whole: bool = False) -> None:
        self.name = "N[-M]" if whole else "A[-B]"
        self.expected = f"a range like {'1-3' if whole else '0.5-1'} or one number"
        self._number = whole_number if whole else finite_number

    def read(self, value: Any) -> tuple[float, float]:
        if isinstance(value, list | tuple):
            low, high = value
        elif isinstance(value, str) and (both := self._BOTH.fullmatch(value)):
            low, high = both.groups()
        else:
            low = high = value
        return self._number(low), self._number(high)


class WeightedTerms(ValueType[dict[str, float]]):
    """`dice:1,bce:0.5` or a table as {"dice": 1.0, "bce": 0.5}. A name alone has weight 1."""

    name = "NAME[:WEIGHT],..."
    expected = "terms with weights from 0 like dice:1,bce:1, each once"
    _highest = 1e9
    _NAME = re.compile(r"[A-Za-z0-9_.-]+")

    def read(self, value: Any) -> dict[str, float]:
        if isinstance(value, dict):
            pairs = list(value.items())
        else:
            pairs = [self._pair(part) for part in _parts(value, ",")]
        terms = {name: finite_number(weight) for name, weight in pairs}
        if len(terms) < len(pairs) or not all(map(self._NAME.fullmatch, terms)):
            raise ValueError("a missing or duplicate name")
        if not all(0 <= weight <= self._highest for weight in terms.values()):
            raise ValueError("out of bounds")
        return terms

    def _pair(self, part: Any) -> tuple[str, Any]:
        if not isinstance(part, str):
            raise ValueError("no name")
        name, _, weight = part.strip().partition(":")
        return name.strip(), weight or 1


class ClassWeights(ValueType[dict[str, float] | str]):
    """`sky:0.2,paved area:3` or a table as {"sky": 0.2, "paved area": 3.0}; `auto` as it is."""

    name = "NAME:WEIGHT,...|auto"
    expected = "weights of classes from 0 like sky:0.2,car:3, each once, or 'auto'"

    def read(self, value: Any) -> dict[str, float] | str:
        if isinstance(value, str) and value.strip().lower() == "auto":
            return "auto"
        pairs = list(value.items()) if isinstance(value, dict) else list(map(self._pair, _parts(value, ",")))
        weights = {name: finite_number(weight) for name, weight in pairs}
        if len(weights) < len(pairs) or not all(weights) or min(weights.values()) < 0:
            raise ValueError("a missing or duplicate name, or a negative weight")
        return weights

    @staticmethod
    def _pair(part: Any) -> tuple[str, str]:
        if not isinstance(part, str):
            raise ValueError("no name")
        # The name may hold a colon.
        name, _, weight = part.rpartition(":")
        return name.strip(), weight


class Shares(WeightedTerms):
    """`flip:0.5,light` as {"flip": 0.5, "light": 1.0}, `none` as {}."""

    name = "NAME[:SHARE],...|none"
    expected = "shares from 0 to 1 like flip:0.5,light:1, each once, or 'none'"
    _highest = 1

    def read(self, value: Any) -> dict[str, float]:
        return {} if isinstance(value, str) and value.strip().lower() == "none" else super().read(value)


class Words(ValueType[tuple[str, ...]]):
    """`mask,depth` or a list as ("mask", "depth"): some of a few words."""

    def __init__(self, words: Sequence[str]) -> None:
        self.name = "|".join(words) + ",..."
        self.expected = f"some of {', '.join(words)}, separated by commas"
        self._words = words

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        words = _parts(value, ",")
        for word in words:
            if word not in self._words:
                suggestion = did_you_mean(word, self._words)
                told = f"expected {self.expected}, found {shown(word)}"
                self.fail(told + (suggestion and f"; {suggestion}"), param, ctx)
        return tuple(words)


class Names(ValueType[tuple[str, ...]]):
    """`cat,dog` or a list as ("cat", "dog"): names that are not known beforehand."""

    name = "NAME,..."
    expected = "names separated by commas"

    def read(self, value: Any) -> tuple[str, ...]:
        names = tuple(Text().read(part).strip() for part in _parts(value, ","))
        if not names:
            raise ValueError("no names")
        return names


class Widths(ValueType[tuple[int, ...]]):
    """`16,32,64` or numbers, as (16, 32, 64)."""

    name = "N,N,..."
    expected = "2 to 16 widths like 16,32,64, each at most 65536"

    def read(self, value: Any) -> tuple[int, ...]:
        parts = _parts(value, ",")
        if not 2 <= len(parts) <= 16:
            raise ValueError("wrong number of levels")
        return tuple(whole_number(part, 1, 65536) for part in parts)


class Numbers(ValueType[tuple[float, ...]]):
    """`0,65535` or numbers, as (0.0, 65535.0); `none` as ()."""

    name = "X,...|none"
    expected = "numbers like 0,65535, or 'none'"

    def read(self, value: Any) -> tuple[float, ...]:
        if isinstance(value, str) and value.strip().lower() == "none":
            return ()
        return tuple(finite_number(part) for part in _parts(value, ","))


class LabelValue(ValueType[int | tuple[int, int, int]]):
    """`3` as a label's value, `255,0,255` or three numbers as a label's colour (255, 0, 255)."""

    name = "N|R,G,B"
    expected = "a value up to 65535 like 3, or a colour like 255,0,255"

    def read(self, value: Any) -> int | tuple[int, int, int]:
        parts = _parts(value, ",")
        if len(parts) == 1:
            return whole_number(parts[0], 0, 65535)
        red, green, blue = (whole_number(part, 0, 255) for part in parts)
        return red, green, blue


class ObjectLabel(ValueType[int | tuple[int, int, int] | str]):
    """A label as of `LabelValue`, or the name of a class: text that does not begin with a digit."""

    name = "N|R,G,B|NAME"
    expected = f"{LabelValue.expected}, or the name of a class"

    def read(self, value: Any) -> int | tuple[int, int, int] | str:
        if (
            isinstance(value, str)
            and value.isprintable()
            and value.strip()
            and not value.strip()[0].isdigit()
        ):
            return value.strip()
        return LabelValue().read(value)


class Behind(ValueType[tuple[int, int, int] | Path]):
    """`white`, `#00ff00` or `0,255,0` as a colour (R, G, B), anything else as the path of a picture."""

    name = "COLOUR|PICTURE"
    expected = "a colour like white, #00ff00 or 0,255,0, or a picture file"

    def read(self, value: Any) -> tuple[int, int, int] | Path:
        if isinstance(value, str) and "," not in value:
            from PIL import ImageColor  # rarely needed

            try:
                colour = ImageColor.getrgb(value.strip())
            except ValueError:
                if value.startswith("#") or not Path(value).suffix:
                    raise
                return Path(value)
            return colour[0], colour[1], colour[2]
        red, green, blue = (whole_number(part, 0, 255) for part in _parts(value, ","))
        return red, green, blue


class PixelBox(ValueType[tuple[int, int, int, int]]):
    """`10,20,300,200` or four numbers as left, top, width and height in pixels."""

    name = "X,Y,W,H"
    expected = "left, top, width and height like 10,20,300,200"

    def read(self, value: Any) -> tuple[int, int, int, int]:
        left, top, width, height = (whole_number(part) for part in _parts(value, ","))
        return left, top, width, height


class Resolutions(ValueType[tuple[tuple[int, int | None], ...]]):
    """`96` or `48:4,96:4,192:8` as pairs of a resolution and its epochs, or None without epochs."""

    name = "N|N:EPOCHS,..."
    expected = "a resolution of 8 to 8192 like 96, or stages like 48:4,96:8"

    def read(self, value: Any) -> tuple[tuple[int, int | None], ...]:
        return tuple(self._stage(part) for part in _parts(value, ","))

    @staticmethod
    def _stage(part: Any) -> tuple[int, int | None]:
        """Read one stage: text, a number, or a pair."""
        if isinstance(part, str):
            side, colon, own = part.partition(":")
            part = side, own if colon else None
        side, epochs = part if isinstance(part, tuple | list) else (part, None)
        return whole_number(side, 8, 8192), None if epochs is None else whole_number(epochs, 1, 10**9)


class Interval(ValueType[str]):
    """`100` (steps) or `5m` (minutes), kept as text."""

    name = "N|Nm"
    expected = "steps like 100, or minutes like 5m"
    _TEXT = re.compile(r"[1-9][0-9]{0,8}m?", re.ASCII)

    def read(self, value: Any) -> str:
        text = str(value).strip()
        if isinstance(value, bool | float) or not self._TEXT.fullmatch(text):
            raise ValueError("no interval")
        return text


def _parts(value: Any, separator: str) -> Sequence[Any]:
    """Split a text at the separator; a list is returned as its items, any other value as the only part."""
    if isinstance(value, str):
        return [part.strip() for part in re.split(separator, value, flags=re.IGNORECASE)]
    return tuple(value) if isinstance(value, list | tuple) else (value,)
