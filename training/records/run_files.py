"""The files of a run by name. Finding one needs no torch, so a wrong path is reported at once."""

from pathlib import Path

from training.errors import CheckpointError

LAST = "last.pt"
BEST = "best.pt"
CARD = "model-card.md"


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
        "",
        f"holds neither {BEST} nor {LAST}" if path.exists() else "does not exist",
        "train a network first with 'fgbg train', or give another `checkpoint`",
    )
