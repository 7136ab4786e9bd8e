import os
from pathlib import Path

import pytest

import generator.reading.watch
from generator.errors import DatasetError
from generator.reading.watch import FileWatch


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"12345678")
    return [tmp_path / "a", tmp_path / "b"]


def replace(path: Path) -> None:
    """Replace a file by another one of the same size and time."""
    status = path.stat()
    other = path.with_name("other")
    other.write_bytes(b"abcdefgh")
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)


def test_files_that_stay_are_fine(files: list[Path]) -> None:
    FileWatch(files).check([0, 1])


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda path: os.truncate(path, 3), "changed"),
        (lambda path: os.utime(path, ns=(1, 1)), "changed"),
        (replace, "changed"),
        (lambda path: path.unlink(), "deleted"),
    ],
)
def test_a_change_is_named(files: list[Path], change: object, found: str) -> None:
    watch = FileWatch(files)
    assert callable(change)
    change(files[1])
    with pytest.raises(DatasetError, match=rf"b was {found} after the dataset was opened\. Copy or make"):
        watch.check([0, 1])


def test_only_the_files_asked_for_are_looked_at(files: list[Path]) -> None:
    watch = FileWatch(files)
    files[1].unlink()
    watch.check([0])


def test_looking_takes_a_hundredth_of_the_time(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    now, seconds, looks = 0.0, 0.002, 0
    mark = generator.reading.watch.file_mark

    def slow(path: str) -> object:
        nonlocal now, looks
        now += seconds
        looks += 1
        return mark(path)

    watch = FileWatch(files)
    monkeypatch.setattr(generator.reading.watch, "file_mark", slow)
    monkeypatch.setattr(generator.reading.watch, "perf_counter", lambda: now)
    for at in (0.0, 0.1, 0.2, 0.203):
        now = at
        watch.check([0])
    assert looks == 2
    seconds = 1
    for at in (1.0, 2.9, 3.1):  # it never waits longer than a second
        now = at
        watch.check([0])
    assert looks == 4
