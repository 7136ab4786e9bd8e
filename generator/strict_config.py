"""The base of all configs: frozen, strict about types, and every mistake is reported in one line."""

import operator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from generator.errors import ConfigError
from generator.numerals import MOST, shown
from generator.places import Url, as_place

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Count = Annotated[int, Field(strict=True, ge=1, le=10**9)]
"""A whole number from 1; True and 2.0 are refused."""
Switch = Annotated[bool, Field(strict=True)]
Real = Annotated[float, Field(strict=True, allow_inf_nan=False)]
"""A finite number; True is refused."""
Share = Annotated[float, Field(strict=True, ge=0, le=1)]
PlaceField = Annotated[
    Path | Url,
    BeforeValidator(lambda value: as_place(value) if isinstance(value, str | Path) else value),
]
"""A place, given as text or as a `Path`."""


class StrictConfig(BaseModel):
    """A frozen record that accepts no unknown fields.

    Raises:
        ConfigError: a field is unknown, or its value is not allowed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __init__(self, /, **fields: Any) -> None:
        try:
            super().__init__(**{name: self._local(name, value) for name, value in fields.items()})
        except ValidationError as error:
            raise config_error(error) from error

    @classmethod
    def _local(cls, name: str, value: Any) -> Any:
        """The value of a field; where the field is a path of this machine, a URL is refused.

        `Path` would make a folder called "s3:" of it.
        """
        field = cls.model_fields.get(name)
        if field is None or field.annotation not in (Path, Path | None) or not isinstance(value, str | Path):
            return value
        place = as_place(value)
        if isinstance(place, Url):
            raise ConfigError(
                f"`{name}`", "a path of this machine", f"the URL {place}", "give a folder or file"
            )
        return place


def config_error(error: ValidationError) -> ConfigError:
    """The error for the first wrong field of a request."""
    first = error.errors()[0]
    place = [str(part) for part in first["loc"] if isinstance(part, str | int)]
    field = f"`{place[0]}`" if place else "the request"
    if first["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return ConfigError(field, "the name of a field", shown(place[-1]), "check its spelling")
    return ConfigError(field, _expected(first), shown(first["input"]), "correct it")


def _expected(problem: "ErrorDetails") -> str:
    """What a field takes, in words that need no knowledge of pydantic."""
    limits = problem.get("ctx", {})
    words = {
        "path_type": "a path",
        "tuple_type": "a list",
        "list_type": "a list",
        "dict_type": "names with values",
        "model_type": "an object",
        "string_pattern_mismatch": f"text like {limits.get('pattern')}",
        "too_short": f"{limits.get('min_length')} or more values",
        "too_long": f"{limits.get('max_length')} or fewer values",
    }
    expected = words.get(problem["type"], problem["msg"].removeprefix("Input should be "))
    return f"a value {expected}" if expected.startswith(("greater", "less")) else expected


def first_fault(error: ValidationError, below: int = 0) -> str:
    """The first missing or wrong field of a stored record, in words: `size: not 2 or more values`.

    Args:
        error: of the record.
        below: how many parts of the place are left out.
    """
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part)[:40] for part in first["loc"][below : below + 4])
    if first["type"] == "json_invalid":
        return "text that is no JSON"
    if first["type"] == "missing":
        return f"{place}: missing"
    if first["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"{place}: unknown"
    if first["type"] in ("value_error", "assertion_error"):
        said = first["msg"].partition(", ")[2]
        return _within(place, said)
    if first["type"] == "union_tag_not_found":
        return _within(place, f"{_tag(first)}: missing")
    if first["type"] == "union_tag_invalid":
        return _within(place, f"{_tag(first)}: not {first['ctx']['expected_tags']}")
    said = f"not {_expected(first)}"[:120]
    return _within(place, said)


def _within(place: str, said: str) -> str:
    return f"{place}: {said}" if place else said


def _tag(problem: "ErrorDetails") -> str:
    """The field that tells which of several records it is."""
    return str(problem["ctx"]["discriminator"]).strip("'")


def require_whole(field: str, value: object, lowest: int, highest: int = MOST) -> int:
    """A whole number in a range; NumPy's are whole numbers too, and booleans are not.

    Raises:
        ConfigError: it is not; names the field.
    """
    try:
        whole = None if isinstance(value, bool) else operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        whole = None
    if whole is None or not lowest <= whole <= highest:
        expected = f"a whole number from {lowest}" + (f" to {highest}" if highest < MOST else "")
        raise ConfigError(f"`{field}`", expected, shown(value), "give another one")
    return whole
