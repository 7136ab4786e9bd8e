"""The folder of a run: only files that a run wrote are replaced or removed, by one process at a time."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

from generator.errors import UsageError
from generator.files import open_regular, read_regular
from generator.locks import hold_folder
from generator.own_results import is_marked
from generator.places import Place, as_place
from training.config import LoggerName
from training.process.devices import is_first_process
from training.records.run_files import BEST, LAST

FORMAT = "fgbg-checkpoint"
"""This word at the beginning of its content marks a checkpoint."""
LOG_FOLDER = "log"
CONFIG_FILE = "config.json"
CSV_FILE = "metrics.csv"
LR_PLOT = "lr-range.png"
TRACKERS_FILE = "trackers.json"
"""The ids of the run in experiment trackers."""
BOARD_SUFFIX = ".fgbg"
"""Names of a run's TensorBoard files end in this."""

MAKER = "train"
"""The command whose mark is in the plots of a run."""

_HEAD = 4096
_MOST_CONFIG = 2**20
_CSV_BEGINS = b"epoch,stage,res,step,"
_CONFIG_HAS = {"data", "stages", "widths", "lr"}


@contextmanager
def hold_run(out: Path) -> Iterator[None]:
    """Lock a folder against other calls of train. Of the processes of one run, the first holds the lock.

    Raises:
        ConfigError: another call trains there.
        UsageError: the file system has no locks, or there is a file in place of a folder.
    """
    if not is_first_process():
        yield
        return
    for path in (out, out / LOG_FOLDER):
        if path.exists() and not path.is_dir():
            raise UsageError(path, "", "is a file, and a run needs a folder there", "use another `out`")
    with hold_folder(out, "fgbg train"):
        yield


def refuse_foreign(out: Path) -> None:
    """Check that every file that a run would replace was written by a run.

    A damaged checkpoint counts as one if its beginning is right.

    Raises:
        UsageError: a file is of someone else; nothing was changed.
    """
    for path, is_own in _owned(out):
        _refuse_foreign_file(path, is_own)


def refuse_foreign_plot(out: Path) -> None:
    """As `refuse_foreign`, for the plot of a range test."""
    _refuse_foreign_file(out / LOG_FOLDER / LR_PLOT, lambda path: is_marked(path, MAKER))


def _refuse_foreign_file(path: Path, is_own: Callable[[Path], bool]) -> None:
    if (path.exists() or path.is_symlink()) and not is_own(path):
        raise UsageError(
            path, "", "was not written by a run, which would replace it", "move it away, or use another `out`"
        )


def remove_run(out: Path) -> None:
    """Remove the checkpoints, table and TensorBoard files of a run; all else stays."""
    for path, is_own in _owned(out):
        if path.name != CONFIG_FILE and is_own(path):
            path.unlink()
    for path in (out / LOG_FOLDER).glob(f"events.out.tfevents.*{BOARD_SUFFIX}"):
        path.unlink(missing_ok=True)


def recorded_config(out: Path) -> dict[str, Any]:
    """The content of config.json in `out`; empty where there is no such file."""
    return _config(out / CONFIG_FILE)


def recorded_data(out: Path) -> Place | None:
    """Where the dataset is that the run in `out` was last trained on; None if that is unknown."""
    data = recorded_config(out).get("data")
    return as_place(data) if isinstance(data, str) and data else None


def read_tracker_runs(log: Path) -> dict[str, str]:
    """The id of the run in each tracker, by its name; empty where there is no such file."""
    content = _config(log / TRACKERS_FILE)
    known = content.keys() <= set(get_args(LoggerName)) and all(
        isinstance(one, str) for one in content.values()
    )
    return content if known else {}


def _owned(out: Path) -> list[tuple[Path, Callable[[Path], bool]]]:
    log = out / LOG_FOLDER
    return [
        (out / LAST, _is_checkpoint),
        (out / BEST, _is_checkpoint),
        (out / CONFIG_FILE, _is_config),
        (log / CSV_FILE, _is_table),
        (log / TRACKERS_FILE, lambda path: bool(read_tracker_runs(path.parent))),
    ]


def _is_checkpoint(path: Path) -> bool:
    return FORMAT.encode() in _head(path)


def _is_table(path: Path) -> bool:
    return _head(path).startswith(_CSV_BEGINS)


def _is_config(path: Path) -> bool:
    return _config(path).keys() >= _CONFIG_HAS


def _config(path: Path) -> dict[str, Any]:
    """The JSON object in a file; empty where there is none."""
    try:
        content = json.loads(read_regular(path, _MOST_CONFIG))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _head(path: Path) -> bytes:
    """The first bytes of a file; empty where there is no file."""
    try:
        with open_regular(path) as file:
            return file.read(_HEAD)
    except OSError:
        return b""
