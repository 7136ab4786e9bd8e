"""What the page was started with. The server and its page run in one process and share it."""

from dataclasses import dataclass, field
from pathlib import Path

from fgbg.app.desk import Desk


@dataclass(frozen=True)
class Settings:
    """The places that the page may show, and the desk that reads from them.

    Attributes:
        checkpoints: files of networks, folders of runs, or folders of such folders.
        data: folders of datasets, or folders of such folders.
        desk: answers all users.
    """

    checkpoints: tuple[Path, ...]
    data: tuple[Path, ...]
    desk: Desk = field(default_factory=Desk)


_started: list[Settings] = []


def start_with(settings: Settings) -> None:
    """Set what the page shows from now on."""
    _started[:] = [settings]


def started_with() -> Settings:
    """What the page shows; `start_with` must have been called."""
    (settings,) = _started
    return settings
