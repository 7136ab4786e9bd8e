"""The depth channel of an EXR file, read in a process of its own.

OpenEXR is written in C++ and prints what is wrong with a file to stdout and stderr of its process.
"""

import importlib
import math
import os
from pathlib import Path
from typing import Any

import numpy as np

from generator.errors import AssetError

FAR = 1e9
"""Renderers write numbers from here on, or the largest half-precision number, where there is nothing."""

_CHANNELS = ("z", "depth", "v", "y", "r")
_LARGEST_HALF = 65504.0


def read_depth_channel(request: tuple[Path, int]) -> np.ndarray:
    """Read the channel whose name says that it is depth; numbers for "nothing there" become NaN.

    Args:
        request: the absolute path of the file, and the most numbers that it may hold.

    Returns:
        (H, W) float16, float32, or uint32.

    Raises:
        AssetError: the file has no such channel, cannot be read in part, or is too large.
    """
    path, most_numbers = request
    _be_silent()
    exr: Any = importlib.import_module("OpenEXR")
    headers = [part.header for part in exr.File(str(path), header_only=True).parts]
    names = [(number, each.name) for number, header in enumerate(headers) for each in header["channels"]]
    for header in headers:
        (left, top), (right, bottom) = (corner.tolist() for corner in header["dataWindow"])
        size = right - left + 1, bottom - top + 1
        if math.prod(size) * len(names) > most_numbers:
            found = f"{size[0]} x {size[1]} with {len(names)} channels"
            raise AssetError(path, f"at most {most_numbers:,} numbers in all", found, "scale it down")
    number, name = find_channel(path, names)
    parts = exr.File(str(path), separate_channels=True).parts
    if len(parts) < len(headers):  # OpenEXR leaves out parts that it cannot read
        found = f"{len(parts)} whole parts of {len(headers)}"
        raise AssetError(path, "a whole EXR file", found, "save it again")
    channels = parts[number].channels
    values: np.ndarray = channels[name].pixels
    if name[-1:] in "rR":
        green = channels.get(name[:-1] + chr(ord(name[-1]) - ord("r") + ord("g")))
        if green is not None and not np.array_equal(values, green.pixels, equal_nan=True):
            raise AssetError(path, "a depth channel", "colours", "name the depth channel Z")
    if values.dtype.kind == "f":
        far = _LARGEST_HALF if values.dtype == np.float16 else FAR
        values = np.where(values >= far, np.nan, values)
    return values


def find_channel(path: Path, names: list[tuple[int, str]]) -> tuple[int, str]:
    """The channel whose last word says that it is depth, or the only channel, among those of all parts.

    Raises:
        AssetError: there is none.
    """
    for wanted in _CHANNELS:
        for number, name in sorted(names, key=lambda each: len(each[1])):
            if name.lower().rpartition(".")[2] == wanted:
                return number, name
    if len(names) == 1:
        return names[0]
    found = ", ".join(name for _, name in names[:8]) or "none"
    raise AssetError(path, "a channel named Z, depth, V or Y", found, "name the depth channel Z")


def _be_silent() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
