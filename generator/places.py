"""Where a dataset is: a folder of this machine (`Path`), or the URL of a folder elsewhere (`Url`)."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.errors import UsageError

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

# A letter alone is a drive of Windows.
_PROTOCOL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(::[^/]*)?://")
_OF_THIS_MACHINE = re.compile(r"(file|local)://", re.IGNORECASE)

# What pathlib makes of "s3://bucket".
_COLLAPSED = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+:)[/\\](?![/\\])")


class Url(str):
    """The URL of a folder or file, such as `s3://bucket/data`. Like a path, it can be joined by `/`."""

    __slots__ = ()

    def __truediv__(self, name: str) -> "Url":
        return Url(f"{self}/{name}")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: "GetCoreSchemaHandler") -> "CoreSchema":
        from pydantic_core import core_schema  # slow, and the command line needs only the class

        return core_schema.is_instance_schema(cls, serialization=core_schema.to_string_ser_schema())


Place = Path | Url
"""A folder of this machine, or the URL of one elsewhere."""


def is_url(text: str) -> bool:
    """Whether a text is a URL, of this machine or of another one."""
    return _PROTOCOL.match(text) is not None


def as_place(place: str | Path) -> Place:
    """Read a place; `file://` URLs are folders of this machine.

    Raises:
        UsageError: a `Path` was made of a URL, which pathlib changes.
    """
    if isinstance(place, Url):
        return place
    if isinstance(place, Path):
        collapsed = _COLLAPSED.match(str(place))
        if collapsed and not Path(collapsed[1]).exists():
            fix = 'give the URL as text, as in "s3://bucket/data": a Path changes it'
            raise UsageError(place, "", "is a URL that was made a Path", fix)
        return place
    if not is_url(place):
        return Path(place)
    if _OF_THIS_MACHINE.match(place):
        from fsspec.implementations.local import LocalFileSystem  # rarely needed

        return Path(LocalFileSystem._strip_protocol(place))
    protocol, _, path = place.partition("://")
    return Url(f"{protocol}://{path.rstrip('/')}")
