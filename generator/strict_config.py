"""What configs have in common: frozen, strict about types, and a mistake is one line."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from generator.errors import ConfigError
from generator.numerals import shown

Count = Annotated[int, Field(strict=True, ge=1, le=10**9)]
"""A whole number from 1; neither True nor 2.0 is one."""
Switch = Annotated[bool, Field(strict=True)]
Real = Annotated[float, Field(strict=True, allow_inf_nan=False)]
"""A finite number; True is none."""
Share = Annotated[float, Field(strict=True, ge=0, le=1)]


class StrictConfig(BaseModel):
    """A frozen record that takes no unknown fields.

    Raises:
        ConfigError: a field is unknown, or its value cannot be.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __init__(self, /, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise config_error(error) from error


def config_error(error: ValidationError) -> ConfigError:
    """The first mistake of a request, by its field."""
    first = error.errors()[0]
    place = [str(part) for part in first["loc"] if isinstance(part, str | int)]
    option = f"`{place[0]}`" if place else "the request"
    if first["type"] == "extra_forbidden":
        return ConfigError(option, "a field of this request", shown(place[0]), "check its spelling")
    expected = first["msg"].removeprefix("Input should be ")
    if expected.startswith(("greater", "less")):
        expected = f"a value {expected}"
    return ConfigError(option, expected, shown(first["input"]), "correct it")
