"""Seeded mutations of bytes, of text and of nested values."""

import math
import random
import re
import struct
import zlib
from collections.abc import Callable
from typing import Any

ODD_INTEGERS = (0, 1, 2, 3, 5, 255, 256, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1)
ODD_TEXT = (
    "",
    " ",
    "nan",
    "-1",
    "\0",
    "a\nb",
    "\x1b[31m",
    "\u202eabc",
    "é",
    "e\u0301",
    "²",
    "\udcff",
    "../outside/keep.txt",
    "/proc/self/mem",
    "..",
    "x" * 300,
    "9" * 5000,
    "auto",
    "none",
)
ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    -1,
    0,
    1,
    2.7,
    -0.0,
    1e308,
    math.nan,
    math.inf,
    10**30,
    [],
    {},
    [1, 2, 3],
    [[]],
    {"a": 1},
    *ODD_TEXT,
)


def mutate_bytes(rng: random.Random, content: bytes, other: bytes = b"") -> bytes:
    """Make 1 to 4 changes: flip, cut, insert or repeat bytes, write odd integers, or join with `other`."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 4))):
        # Headers matter most: half of the changes are near the beginning.
        end = len(data) if rng.random() < 0.5 else min(len(data), 128)
        at = rng.randrange(end) if end else 0
        rng.choice(_BYTE_CHANGES)(rng, data, at, other)
    return bytes(data)


def _flip(rng: random.Random, data: bytearray, at: int, other: bytes) -> None:
    if data:
        data[at] ^= 1 << rng.randrange(8)


def _set(rng: random.Random, data: bytearray, at: int, other: bytes) -> None:
    if data:
        data[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))


def _integer(rng: random.Random, data: bytearray, at: int, other: bytes) -> None:
    size, value = rng.choice((1, 2, 4, 8)), rng.choice(ODD_INTEGERS)
    data[at : at + size] = (value % 2 ** (8 * size)).to_bytes(size, rng.choice(("little", "big")))


def _cut(rng: random.Random, data: bytearray, at: int, other: bytes) -> None:
    del data[at : at + rng.choice((1, 4, 64, len(data)))]


def _repeat(rng: random.Random, data: bytearray, at: int, other: bytes) -> None:
    data[at:at] = data[at : at + rng.choice((1, 8, 200))]


def _noise(rng: random.Random, data: bytearray, at: int, other: bytes) -> None:
    data[at:at] = rng.randbytes(rng.choice((1, 7, 100)))


def _splice(rng: random.Random, data: bytearray, at: int, other: bytes) -> None:
    start = rng.randrange(len(other)) if other else 0
    data[at:] = other[start:]


_BYTE_CHANGES: tuple[Callable[[random.Random, bytearray, int, bytes], None], ...] = (
    _flip,
    _flip,
    _set,
    _integer,
    _integer,
    _cut,
    _repeat,
    _noise,
    _splice,
)


def with_checksums(data: bytes) -> bytes:
    """The same PNG with the right checksum after every complete chunk."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    out, at = bytearray(data[:8]), 8
    while at + 12 <= len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        if at + 12 + length > len(data):
            break
        body = data[at + 4 : at + 8 + length]
        out += data[at : at + 4] + body + struct.pack(">I", zlib.crc32(body))
        at += 12 + length
    return bytes(out) + data[at:]


def mutate_text(rng: random.Random, text: str) -> str:
    """Change numbers, characters and lines of a text."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        numbers = list(re.finditer(r"-?\d+(\.\d+)?", text))
        what = rng.randrange(6)
        if what <= 1 and numbers:
            found = rng.choice(numbers)
            text = text[: found.start()] + odd_text(rng) + text[found.end() :]
        elif what == 2:
            at = rng.randrange(len(text) + 1)
            text = text[:at] + rng.choice((*ODD_TEXT, "[", "]", "{", '"', "'", "=", "#", ",")) + text[at:]
        elif what == 3 and text:
            at = rng.randrange(len(text))
            text = text[:at] + text[at + rng.choice((1, 5, 50)) :]
        else:
            lines = text.split("\n")
            lines.insert(rng.randrange(len(lines) + 1), rng.choice(lines))
            if what == 5:
                del lines[rng.randrange(len(lines))]
            text = "\n".join(lines)
    return text


def odd_text(rng: random.Random) -> str:
    """A number or word that users rarely mean."""
    numbers = ("-1", "0", "1", "2", "3", "2.7", "1e999", "-inf", "1e-300", "0x10", "1_0", "10" * 10, "true")
    return rng.choice((*numbers, *ODD_TEXT))


def mutate_tree(rng: random.Random, value: Any) -> Any:
    """Change one node in nested mappings and sequences; the result shares all others with the original."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        copy = dict(value)
        key = rng.choice(list(copy))
        what = rng.random()
        if what < 0.1:
            del copy[key]
        elif what < 0.15:
            copy[rng.choice(ODD_TEXT)] = copy[key]
        else:
            copy[key] = mutate_tree(rng, copy[key])
        return copy
    if isinstance(value, list | tuple) and value and rng.random() < 0.8:
        items = list(value)
        at = rng.randrange(len(items))
        what = rng.random()
        if what < 0.15:
            del items[at]
        elif what < 0.3:
            items.insert(at, items[at])
        else:
            items[at] = mutate_tree(rng, items[at])
        return type(value)(items)
    return odd_value(rng, value)


def odd_value(rng: random.Random, value: Any) -> Any:
    """Something similar to `value`, or something completely different."""
    if isinstance(value, bool) and rng.random() < 0.4:
        return not value
    if isinstance(value, int) and rng.random() < 0.6:
        return rng.choice((value + 1, value - 1, -value, *ODD_INTEGERS))
    if isinstance(value, float) and rng.random() < 0.6:
        return rng.choice((-value, value * 1e6, math.nan, math.inf, -math.inf, 0.0))
    if isinstance(value, str) and rng.random() < 0.5 and value:
        return mutate_text(rng, value)
    return rng.choice(ODD_VALUES)
