"""The files of a run by name. Finding one needs no torch, so a wrong path is reported at once."""

from pathlib import Path

from training.errors import CheckpointError

LAST = "last.pt"
BEST = "best.pt"


def find_checkpoint(path: Path) -> Path:
    """The checkpoint that a path means: the file itself, or best.pt or else last.pt in a run's folder.

    Raises:
        CheckpointError: there is none.
    """
    if path.is_file():
        return path
    for name in (BEST, LAST):
        if (path / name).is_file():
            return path / name
    raise CheckpointError(
        path,
        f"a checkpoint, or a run's folder with {BEST} or {LAST}",
        "neither" if path.exists() else "nothing",
        "run 'fgbg train' first, or give a file with `checkpoint`",
    )
