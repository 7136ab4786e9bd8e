"""Which format a data set has, by its files."""

from collections.abc import Sequence
from pathlib import Path

from generator.errors import AssetError, FgbgError
from generator.label_formats.formats import FORMATS, list_source
from generator.label_formats.items import Choice

ANY = "folder"
"""The format of folders with pictures and masks of any layout: it is taken if no other one fits."""


def detect_format(source: Path, choice: Choice) -> str:
    """The format of a data set: the only one that finds labelled pictures in it, else `folder`.

    Args:
        source: a folder, or a file that names pictures.
        choice: of the user; formats that do not have it do not fit.

    Raises:
        AssetError: there is no such source, or several formats find labelled pictures, or none.
    """
    if not source.exists():
        raise AssetError(source, "", "does not exist", "give the folder of a labelled data set")
    tried = {name: _tried(name, source, choice) for name in FORMATS if name != ANY}
    fitting = [name for name, found in tried.items() if found is True]
    if len(fitting) > 1:
        fix = "choose one with `format`"
        raise AssetError(source, "files of one format", f"those of {' and '.join(fitting)}", fix)
    if not fitting:
        _require_pairs(source, choice, [error for error in tried.values() if isinstance(error, FgbgError)])
    return fitting[0] if fitting else ANY


def _require_pairs(source: Path, choice: Choice, errors: Sequence[FgbgError]) -> None:
    """Make sure that there are pictures and masks.

    Args:
        source, choice: as for `detect_format`.
        errors: of the other formats. The error of the only one that knows folders or files below the source
            says best what is wrong.

    Raises:
        FgbgError: there are none.
    """
    try:
        list_source(ANY, source, choice)
    except AssetError as error:
        known = [other for other in errors if source in Path(other.where).parents]
        if len(known) == 1:
            raise known[0] from error
        fix = f"{error.fix.rstrip('.')}; if these are files of another format, choose it with `format`"
        raise AssetError(error.where, error.expected, error.found, fix) from error


def _tried(name: str, source: Path, choice: Choice) -> bool | FgbgError:
    """Whether a format finds labelled pictures in a source, or its error."""
    try:
        return bool(list_source(name, source, choice).items)
    except FgbgError as error:
        return error
