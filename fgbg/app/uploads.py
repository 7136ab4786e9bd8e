"""Pictures that users upload: checked before they are decoded."""

from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from generator.assets.images import decode_rgb
from generator.errors import ImageError, printable

MOST_MEGABYTES = 10
"""Larger files are refused."""
MOST_PIXELS = 50_000_000
"""Pictures with more pixels are refused before they are decoded."""

_LONGEST_NAME = 80


@dataclass(frozen=True)
class Upload:
    """A file that a user uploaded.

    Attributes:
        name: as the browser gave it; it may hold a path or anything else.
        content: all of the file.
    """

    name: str
    content: bytes

    @property
    def shown_name(self) -> str:
        """The name without folders, as at most 80 printable characters."""
        name = printable(PurePosixPath(self.name.replace("\\", "/")).name)
        return name[-_LONGEST_NAME:] or "picture"

    @property
    def stem(self) -> str:
        """The name without its suffix, with only letters, digits, spaces, `-`, `_` and `.`."""
        stem = PurePosixPath(self.shown_name).stem
        kept = "".join(letter if letter.isalnum() or letter in " -_." else "_" for letter in stem)
        return kept.strip(" .") or "picture"

    def decode(self) -> np.ndarray:
        """The picture as (H, W, 3) uint8 sRGB, upright.

        Raises:
            ImageError: it is too large, or no picture that can be read.
        """
        if len(self.content) > MOST_MEGABYTES * 2**20:
            found = f"{len(self.content) / 2**20:.1f} MB"
            raise ImageError(self.shown_name, f"at most {MOST_MEGABYTES} MB", found, "scale it down")
        return decode_rgb(self.shown_name, self.content, MOST_PIXELS)


def plain(text: object) -> str:
    """Text for Streamlit, which reads Markdown: every sign stands for itself, on one line."""
    return "".join(
        f"\\{letter}" if letter.isascii() and not letter.isalnum() and letter != " " else letter
        for letter in printable(str(text))
    )
