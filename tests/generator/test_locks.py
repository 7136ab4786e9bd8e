import errno
from pathlib import Path

import filelock
import pytest

from generator.errors import ConfigError, UsageError
from generator.locks import LOCK_FILE, hold_folder


def test_the_second_writer_is_refused_and_the_next_one_is_not(tmp_path: Path) -> None:
    with (
        hold_folder(tmp_path, "fgbg generate"),
        pytest.raises(ConfigError, match=r"is in use by another 'fgbg train'\. Wait until it ends\."),
        hold_folder(tmp_path, "fgbg train"),
    ):
        pass
    with hold_folder(tmp_path, "fgbg train"):
        pass


def test_leftovers_of_killed_runs_go_and_nothing_else_does(tmp_path: Path) -> None:
    (tmp_path / ".fgbg-0123456789abcdef.tmp").touch()
    (tmp_path / ".mine.tmp").touch()
    with hold_folder(tmp_path, "fgbg generate"):
        assert {path.name for path in tmp_path.iterdir()} == {LOCK_FILE, ".mine.tmp"}
        # As if a worker of the killed run had started a file before it noticed that its parent is gone.
        (tmp_path / ".fgbg-fedcba9876543210.tmp").touch()
    assert {path.name for path in tmp_path.iterdir()} == {LOCK_FILE, ".mine.tmp"}


def test_a_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = r"new cannot be made, because .*file is not a folder\. Use another `out`\."
    with pytest.raises(UsageError, match=said), hold_folder(tmp_path / "file" / "new", "fgbg generate"):
        pass


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EIO])
def test_a_disk_without_locks_is_named(tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def acquire(*_: object, **__: object) -> None:
        raise OSError(number, "No locks available")

    monkeypatch.setattr(filelock.FileLock, "acquire", acquire)
    said = (
        f"^{tmp_path}: expected a file system that can lock .lock, found No locks available; use a folder on"
    )
    with pytest.raises(UsageError, match=said), hold_folder(tmp_path, "fgbg generate"):
        pass
