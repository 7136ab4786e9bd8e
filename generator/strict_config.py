"""The base of all configs: frozen, strict about types, and every mistake is reported in one line."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from generator.errors import ConfigError
from generator.numerals import shown

Count = Annotated[int, Field(strict=True, ge=1, le=10**9)]
"""A whole number from 1; True and 2.0 are refused."""
Switch = Annotated[bool, Field(strict=True)]
Real = Annotated[float, Field(strict=True, allow_inf_nan=False)]
"""A finite number; True is refused."""
Share = Annotated[float, Field(strict=True, ge=0, le=1)]


class StrictConfig(BaseModel):
    """A frozen record that accepts no unknown fields.

    Raises:
        ConfigError: a field is unknown, or its value is not allowed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __init__(self, /, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise config_error(error) from error


def config_error(error: ValidationError) -> ConfigError:
    """The error for the first wrong field of a request."""
    first = error.errors()[0]
    place = [str(part) for part in first["loc"] if isinstance(part, str | int)]
    field = f"`{place[0]}`" if place else "the request"
    if first["type"] == "extra_forbidden":
        return ConfigError(field, "a field of this request", shown(place[0]), "check its spelling")
    expected = first["msg"].removeprefix("Input should be ")
    if expected.startswith(("greater", "less")):
        expected = f"a value {expected}"
    return ConfigError(field, expected, shown(first["input"]), "correct it")
