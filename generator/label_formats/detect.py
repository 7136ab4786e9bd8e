"""Which format a data set has, by its files."""

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
    fitting = [name for name in FORMATS if name != ANY and _fits(name, source, choice)]
    if len(fitting) > 1:
        fix = "choose one with `format`"
        raise AssetError(source, "files of one format", f"those of {' and '.join(fitting)}", fix)
    if not fitting:
        _require_pairs(source, choice)
    return fitting[0] if fitting else ANY


def _require_pairs(source: Path, choice: Choice) -> None:
    """Make sure that there are pictures and masks; what is wrong with files of another format is not known.

    Raises:
        AssetError: there are none.
    """
    try:
        list_source(ANY, source, choice)
    except AssetError as error:
        fix = f"{error.fix.rstrip('.')}; if these are files of another format, choose it with `format`"
        raise AssetError(error.where, error.expected, error.found, fix) from error


def _fits(name: str, source: Path, choice: Choice) -> bool:
    try:
        return bool(list_source(name, source, choice).items)
    except FgbgError:
        return False
