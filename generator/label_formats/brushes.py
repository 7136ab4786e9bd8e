"""Brushes of Label Studio: RGBA pixels, packed as runs of bits.

Source: https://github.com/thi-ng/umbrella/tree/develop/packages/rle-pack
"""

from collections.abc import Sequence

import numpy as np

from generator.errors import one_line
from generator.label_formats.regions import ShapeError, Size

_CHANNELS = 4


def unpack_brush(packed: Sequence[int], size: Size) -> np.ndarray:
    """The mask of a brush: the alpha of RGBA pixels, whose bytes are packed as runs of bits.

    The bits are: 32 for the number of bytes; 5 for the bits of a value; 4 times 4 for the bits of a length.
    Then runs follow: 1 bit for one value repeated, or each value by itself; 2 bits to choose among the four
    lengths; the length; the value or values. Widths and lengths are stored as one less.

    Args:
        packed: bytes, 0 to 255.
        size: of the picture.

    Returns:
        (H, W) uint8.

    Raises:
        ShapeError: it holds another number of bytes, or is cut off.
    """
    width, height = size
    try:
        bits = _Bits(bytes(packed))
    except ValueError as error:
        raise ShapeError("bytes from 0 to 255", one_line(error)) from error
    count, bits_of_value = bits.read(32), bits.read(5) + 1
    bits_of_length = [bits.read(4) + 1 for _ in range(4)]
    if count != width * height * _CHANNELS or bits_of_value != 8:
        expected = f"a brush of {width} x {height} pixels of {_CHANNELS} bytes"
        raise ShapeError(expected, f"{count:,} values of {bits_of_value} bits")
    values = np.zeros(count, np.uint8)
    start = 0
    while start < count:
        repeated = bits.read(1)
        length = bits.read(bits_of_length[bits.read(2)]) + 1
        if start + length > count:
            raise ShapeError(f"runs of {count:,} values together", "more")
        values[start : start + length] = bits.read(8) if repeated else bits.read_bytes(length)
        start += length
    return values.reshape(height, width, _CHANNELS)[..., _CHANNELS - 1]


class _Bits:
    """Reads numbers from bits, the highest bit of each byte first."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._place = 0

    def read(self, count: int) -> int:
        """The next number of up to 32 bits."""
        end = self._place + count
        if end > 8 * len(self._content):
            raise ShapeError("a whole brush", "one that is cut off")
        first, last = self._place // 8, -(-end // 8)
        number = int.from_bytes(self._content[first:last], "big") >> (8 * last - end)
        self._place = end
        return number & ((1 << count) - 1)

    def read_bytes(self, count: int) -> np.ndarray:
        """The next bytes, (count,) uint8, wherever in a byte they begin."""
        first, shift = divmod(self._place, 8)
        if self._place + 8 * count > 8 * len(self._content):
            raise ShapeError("a whole brush", "one that is cut off")
        pieces = np.frombuffer(self._content + b"\0", np.uint8, count + 1, first).astype(np.uint16)
        self._place += 8 * count
        return ((pieces[:-1] << shift | pieces[1:] >> (8 - shift)) & 255).astype(np.uint8)
