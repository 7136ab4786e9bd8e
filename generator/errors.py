"""The errors of every package. Each is one line: where, what was expected, what was found, what to do.

FgbgError
├── UsageError            the request itself is wrong (exit code 2)
│   ├── ConfigError       a field has a wrong value, or fields contradict each other
│   └── ExistsError       a result would replace a file that must be kept
├── AssetError            a folder or picture cannot be used
│   ├── ArrayError        an array cannot be a picture
│   └── ImageError        one picture cannot be decoded
│       ├── AlphaError    it has no transparency, or no opaque pixel
│       └── EmptyMaskError    a mask does not show the object
├── DatasetError          a dataset is damaged, unfinished or of another kind
├── RemoteError           a file or folder behind a URL cannot be read or written
├── DiskSpaceError        the result would not fit
└── WorkerError           a worker process ended without a result
"""

import unicodedata
from collections.abc import Mapping
from pathlib import Path

# Ends of lines and paragraphs, controls, halves of characters, marks that change the direction of writing.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


class FgbgError(Exception):
    """A failure that a user can understand and fix. Its text is always one printable line.

    For a wrong value the text is "size: expected 8 to 8192 pixels, found 4; choose another size". If
    something is missing or in the way, `expected` is empty and the text is "data/fg does not exist. Give
    another one.".

    Args:
        where: the file, folder or field that the error is about.
        expected: what should be there; empty for a sentence.
        found: what is there, or the rest of a sentence that begins with `where`.
        fix: what to do about it.

    Example:
        >>> try:
        ...     fgbg.open_dataset("no/such/folder")
        ... except fgbg.FgbgError as error:
        ...     print(error.where, error.exit_code)
        no/such/folder 1
    """

    exit_code = 1

    def __init__(self, where: str | Path, expected: str, found: str, fix: str) -> None:
        super().__init__(where, expected, found, fix)
        self.where = str(where)
        self.expected = expected
        self.found = found
        self.fix = fix

    def __str__(self) -> str:
        if self.expected:
            return printable(f"{self.where}: expected {self.expected}, found {self.found}; {self.fix}")
        return printable(f"{self.where} {self.found}. {_sentence(self.fix)}")


class UsageError(FgbgError):
    """The request is wrong. Nothing was started.

    Example:
        >>> try:
        ...     fgbg.train(fgbg.TrainConfig(out="outputs"))  # the folder holds a run
        ... except fgbg.UsageError as error:
        ...     print(error.exit_code)
        2
    """

    exit_code = 2


class ConfigError(UsageError):
    """A field has a wrong value, or one that contradicts another field or an earlier run.

    Example:
        >>> try:
        ...     fgbg.GenerateConfig(positions=0)
        ... except fgbg.ConfigError as error:
        ...     print(error.where, error.found)
        `positions` 0
    """


class ExistsError(UsageError):
    """A result would replace a file that must be kept.

    Args:
        where: the file.
        fix: what to do about it.
        found: what is there: a file or something else.
        more: number of other files that are there too.

    Example:
        >>> samples = fgbg.write_samples("drawn", count=1, size=32, seed=0)
        >>> try:
        ...     fgbg.write_samples("drawn", count=1, size=32, seed=1)
        ... except fgbg.ExistsError as error:
        ...     print(error.found)
        a file
    """

    def __init__(self, where: str | Path, fix: str, found: str = "a file", more: int = 0) -> None:
        super().__init__(where, "no file", found, fix)
        self.args = (where, fix, found, more)
        self.more = more

    def __str__(self) -> str:
        problem = "exists already" if self.found == "a file" else f"is {self.found}"
        others = f" (and {self.more:,} more)" if self.more else ""
        return printable(f"{self.where} {problem}{others}. {_sentence(self.fix)}")


class AssetError(FgbgError):
    """A folder of pictures or one of its pictures cannot be used.

    Example:
        >>> try:
        ...     fgbg.review("no/such/folder", "data/bg")
        ... except fgbg.AssetError as error:
        ...     print(error.where)
        no/such/folder
    """


class ArrayError(AssetError, ValueError):
    """An array given as a picture has a shape, dtype or range that no picture has."""


class ImageError(AssetError):
    """A picture cannot be decoded.

    Example:
        >>> predictor = fgbg.Predictor.load("outputs", device="cpu")
        >>> try:
        ...     predictor("no-such.jpg")
        ... except fgbg.ImageError as error:
        ...     print(error.where)
        no-such.jpg
    """


class AlphaError(ImageError):
    """A picture that should be a cut-out has no transparent pixel, or no opaque one."""


class EmptyMaskError(ImageError):
    """No pixel of a mask has the value of the object, so the picture does not show the object."""


class UnusableAssetsError(AssetError):
    """One or several pictures cannot be used.

    Args:
        problems: the error of each picture, by its path; at least one.
    """

    def __init__(self, problems: Mapping[Path, AssetError]) -> None:
        first = next(iter(problems.values()))
        more = f" (and {len(problems) - 1} more like it)" if len(problems) > 1 else ""
        super().__init__(first.where, first.expected, first.found, first.fix + more)
        self.problems = dict(problems)


class DatasetError(FgbgError):
    """A dataset is damaged, unfinished, or of another kind than asked for.

    Example:
        >>> try:
        ...     fgbg.open_dataset("outputs")
        ... except fgbg.DatasetError as error:
        ...     print(error.where)
        outputs
    """


class RemoteError(FgbgError):
    """A file or folder behind a URL cannot be read or written: the network, or missing permissions."""


class DiskSpaceError(FgbgError):
    """The result would not fit on the disk."""


class WorkerError(FgbgError):
    """A worker process ended without a result: it was killed, or ran out of memory."""


COPY_AGAIN = "copy the dataset again, or make it again with `overwrite=True`"
"""What to do about a damaged file of a dataset."""


def printable(text: str | Path) -> str:
    """Turn text or a path into one line that cannot control a terminal.

    Line breaks, control codes, marks that change the direction of writing, and bytes of a name that are not
    UTF-8 become escapes: `\\n`, `\\x1b`, `\\u202e`, `\\xdf`.
    """
    text = str(text)
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(character) for character in text)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _escaped(character: str) -> str:
    if unicodedata.category(character) not in _UNPRINTABLE:
        return character
    if 0xDC80 <= ord(character) <= 0xDCFF:  # a byte of a path that is not UTF-8, as Python stores it
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def one_line(error: BaseException) -> str:
    """The message of another library's error for `found`: its first 300 characters without line breaks."""
    return " ".join(str(error).split())[:300] or type(error).__name__
