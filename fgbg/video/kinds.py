"""What the results of a video are called, and which may be replaced; needs no PyAV."""

import os
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from generator.errors import ConfigError, ExistsError
from generator.files import refuse_existing

WHOLE_FORMATS = ("mp4", "webm", "mov")
"""Formats of results that are one file."""
FORMATS = (*WHOLE_FORMATS, "png")


def result_paths(base: Path, results: Iterable[str], form: str) -> dict[str, Path]:
    """The path of each result of one video.

    Args:
        base: without suffix.
        results: kinds of results, see `fgbg.predictor.result_kinds`.
        form: one of `FORMATS`.

    Returns:
        BASE.mask.mp4, or for `png` the folder BASE.mask, which holds 000001.png, 000002.png, ...
    """
    ending = "" if form == "png" else f".{form}"
    return {result: base.with_name(f"{base.name}.{result}{ending}") for result in results}


def refuse_results(paths: Iterable[Path], form: str, overwrite: bool) -> None:
    """Make sure that no result replaces an existing file, unless `overwrite` is True.

    Numbered PNG files may always be written to an empty folder.

    Raises:
        ExistsError: a result exists and `overwrite` is False, or it is a folder where a file goes, or a file
            where a folder goes.
    """
    if form != "png":
        refuse_existing(paths, overwrite)
        return
    for folder in paths:
        if folder.is_dir():
            if not overwrite and any(folder.iterdir()):
                raise ExistsError(folder, "use another `out`, or `overwrite=True` to replace what is there")
        elif os.path.lexists(folder):
            raise ExistsError(folder, "use another `out`", "no folder")


def require_pyav() -> None:
    """Make sure that videos can be read and written.

    Raises:
        ConfigError: PyAV is not installed.
    """
    if find_spec("av") is None:
        raise ConfigError(
            "a video", "", "needs PyAV, which is not installed", "run: pip install 'fgbg[video]'"
        )
