"""Files of sealed lines, which journals are: each line is JSON that ends with a hash of the line itself.

A line that a kill has torn, or that has changed, does not count. No line after it counts either.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from blake3 import blake3
from pydantic import BaseModel, ValidationError

from generator.files import read_regular, room_for, write_atomically

# A line of JSON whose last field is a hash of the line without it.
_SEALED = re.compile(rb'(\{.*),"line":"([0-9a-f]{32})"\}')

Line = TypeVar("Line")
Model = TypeVar("Model", bound=BaseModel)


def seal(line: BaseModel) -> bytes:
    """The line of a record, with its line break."""
    return seal_text(line.model_dump_json().encode())


def seal_text(text: bytes) -> bytes:
    """The line of a JSON object that is given as text."""
    return text[:-1] + b',"line":"' + _hash(text) + b'"}\n'


def unseal(line: bytes, kind: type[Model]) -> Model | None:
    """The record of a line, given without its line break; None if it is torn, changed, or of another kind."""
    found = _SEALED.fullmatch(line)
    if found is None or _hash(found[1] + b"}") != found[2]:
        return None
    return parse(found[1] + b"}", kind)


def parse(text: bytes, kind: type[Model]) -> Model | None:
    """The record of a line that has no hash; None if it is of another kind."""
    try:
        return kind.model_validate_json(text)
    except ValidationError:
        return None


def read_lines(path: Path) -> list[bytes]:
    """The lines of a file without their line breaks, sealed or not; none if there is no file.

    Raises:
        OSError: the file cannot be read.
    """
    try:
        return read_regular(path).split(b"\n")
    except (FileNotFoundError, NotADirectoryError):
        return []


def take_whole(lines: Iterable[bytes], read: Callable[[bytes], Line | None]) -> Iterator[Line]:
    """What `read` makes of the lines, up to the first one of which it makes nothing."""
    for text in lines:
        line = read(text)
        if line is None:
            return
        yield line


def write_lines(path: Path, lines: Iterable[BaseModel]) -> None:
    """Make these lines the whole file."""
    write_atomically(path, b"".join(map(seal, lines)))


def append_line(path: Path, line: BaseModel, durable: bool = True) -> None:
    """Add a line at the end of a file.

    Args:
        path: of the file.
        line: to add.
        durable: return only when the line is on the disk.

    Raises:
        DiskSpaceError: it does not fit.
    """
    text = seal(line)
    with room_for(path, len(text)), path.open("ab") as file:
        file.write(text)
        file.flush()
        if durable:
            os.fsync(file.fileno())


def _hash(text: bytes) -> bytes:
    return blake3(text).hexdigest()[:32].encode()
