"""The errors every floor raises, each one line: where, what was expected, what was found, what to do.

FgbgError
├── UsageError            the request itself is wrong (exit code 2)
│   └── ConfigError       an option's value, or options that do not go together
├── AssetError            a folder or picture cannot be used
│   └── ImageError        one picture cannot be decoded
│       └── AlphaError    it can, but it is no cut-out
├── DatasetError          a dataset is damaged, unfinished or made otherwise
├── DiskSpaceError        the result would not fit
└── WorkerError           a worker process ended without an answer
"""

from pathlib import Path


class FgbgError(Exception):
    """A failure that a user can understand and mend.

    Args:
        where: the file, folder or option it is about.
        expected: what should have been there.
        found: what was there.
        fix: what to do about it.
    """

    exit_code = 1

    def __init__(self, where: str | Path, expected: str, found: str, fix: str) -> None:
        super().__init__(where, expected, found, fix)
        self.where = str(where)
        self.expected = expected
        self.found = found
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.where}: expected {self.expected}, found {self.found}; {self.fix}"


class UsageError(FgbgError):
    """The request is wrong: nothing was started."""

    exit_code = 2


class ConfigError(UsageError):
    """An option has a value that cannot be, or that contradicts another one or an earlier run."""


class AssetError(FgbgError):
    """A folder of pictures or one of its pictures cannot be used."""


class ImageError(AssetError):
    """A picture cannot be decoded."""


class AlphaError(ImageError):
    """A picture that should be a cut-out has no transparency, or nothing but it."""


class DatasetError(FgbgError):
    """A dataset is damaged, unfinished, or of another kind than asked for."""


class DiskSpaceError(FgbgError):
    """The result would not fit on the disk."""


class WorkerError(FgbgError):
    """A worker process ended without an answer: killed, or out of memory."""


def one_line(error: BaseException) -> str:
    """What another library's error says, for `found`: its first 300 characters without line breaks."""
    return " ".join(str(error).split())[:300] or type(error).__name__
