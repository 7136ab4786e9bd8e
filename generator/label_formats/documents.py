"""JSON files of labels: read as records, and every mistake in them is reported with the file."""

import base64
import binascii
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import from_json

from generator.errors import AssetError, one_line
from generator.files import read_regular
from generator.label_formats.regions import ShapeError
from generator.strict_config import first_fault

LARGEST_FILE = 2**34
"""Much more than the instances of COCO, 0.5 GB."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

RecordType = TypeVar("RecordType")


class Entry(BaseModel):
    """A record in a label file. Fields that are not named are left alone; numbers must be finite."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, coerce_numbers_to_str=True)


def read_bytes(path: Path, what: str) -> bytes:
    """The content of a label file, without a byte order mark.

    Args:
        path: of the file.
        what: it should be, for the error.

    Raises:
        AssetError: it cannot be read.
    """
    try:
        return read_regular(path, LARGEST_FILE).removeprefix(_BYTE_ORDER_MARK)
    except FileNotFoundError as error:
        raise AssetError(path, "", "does not exist", "check the path") from error
    except OSError as error:
        found = error.strerror or one_line(error)
        raise AssetError(path, what, found, "check the path and its permissions") from error


def read_text(path: Path, what: str) -> str:
    """The text of a label file.

    Raises:
        AssetError: it cannot be read, or is not UTF-8.
    """
    try:
        return read_bytes(path, what).decode()
    except UnicodeDecodeError as error:
        raise AssetError(path, f"{what} in UTF-8", "other bytes", "save it as UTF-8 text") from error


def read_document(path: Path, adapter: TypeAdapter[RecordType], what: str) -> RecordType:
    """A label file in JSON as records.

    Args:
        path: of the file.
        adapter: of the records.
        what: it should be, for the error.

    Raises:
        AssetError: it cannot be read, is not JSON, or a field is missing or wrong: names the first one.
    """
    return parse_document(path, read_bytes(path, what), adapter, what)


def parse_document(
    where: str | Path, content: bytes, adapter: TypeAdapter[RecordType], what: str
) -> RecordType:
    """As `read_document`, from the content of a file.

    Raises:
        AssetError: as `read_document`.
    """
    try:
        # `validate_json` would hold the file three times: as text, as its own records, and as ours.
        values = from_json(content)
    except ValueError as error:
        raise AssetError(where, what, "text that is no JSON", "export it again, or correct it") from error
    return check_record(where, values, adapter, what)


def check_record(where: str | Path, value: Any, adapter: TypeAdapter[RecordType], what: str) -> RecordType:
    """A part of a document as a record.

    Raises:
        AssetError: a field is missing or wrong: names the first one.
    """
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        raise AssetError(where, what, first_fault(error), "export it again, or correct it") from error


def unpack_base64(text: str) -> bytes:
    """The bytes of a mask in a label file.

    Raises:
        ShapeError: it is no base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ShapeError("a mask in base64", "other text") from error


@contextmanager
def shapes_of(where: str | Path) -> Iterator[None]:
    """Turn the fault of a shape into an error that names its place.

    Raises:
        AssetError: a shape cannot be drawn.
    """
    try:
        yield
    except ShapeError as fault:
        raise AssetError(where, fault.expected, fault.found, "correct the label file") from fault


def check_size(where: str | Path, stored: tuple[int, int] | None, size: tuple[int, int]) -> None:
    """Make sure that a label is of its picture's size.

    Args:
        where: the label.
        stored: (width, height) that the label was drawn for; None if it does not say.
        size: (width, height) of the picture, upright.

    Raises:
        AssetError: it is of another size.
    """
    if stored is None or stored == size:
        return
    fix = "find the picture that was labelled, in its original size"
    if stored == size[::-1]:
        fix = "it was drawn on the picture lying on its side: label the picture as its EXIF turns it"
    found = f"{stored[0]} x {stored[1]}"
    raise AssetError(where, f"a label for {size[0]} x {size[1]} as the upright picture", found, fix)
