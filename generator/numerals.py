"""Numbers in text: reading them strictly, and showing them to people."""

import math
import re

MOST = 10**9
"""The largest count that any option accepts, unless it says otherwise."""

_WHOLE = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", re.ASCII)
_LONGEST = 40


def whole_number(value: object, lowest: int = 0, highest: int = MOST) -> int:
    """Read a whole number from text of ASCII digits, or from an int.

    Raises:
        ValueError: it is not a whole number from `lowest` to `highest`.
    """
    if isinstance(value, str):
        text = value.strip()
        value = int(text) if _WHOLE.fullmatch(text) else None
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise ValueError("no such whole number")
    return value


def finite_number(value: object) -> float:
    """Read a finite number from text of ASCII digits, or from an int or a float.

    Raises:
        ValueError: it is not a finite number.
    """
    if isinstance(value, str):
        text = value.strip()
        value = float(text) if len(text) <= _LONGEST and _NUMBER.fullmatch(text) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("no number")
    if isinstance(value, int) and value.bit_length() > 1000:  # float() would overflow
        raise ValueError("too large")
    if not math.isfinite(value):
        raise ValueError("not finite")
    return float(value)


def shown(value: object) -> str:
    """A wrong value for the `found` of an error: its first 60 characters, in quotes if it is text."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 200:
        return "a number of more than 60 digits"  # which Python would not even print
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def format_bytes(count: int) -> str:
    """A number of bytes for people: 58.4 GB (powers of 1000)."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
