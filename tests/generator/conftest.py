"""A file system behind URLs, in memory, that can be made to fail."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from generator.places import Url
from generator.remote import folder


@dataclass
class Faults:
    """What the file system does and has done.

    Attributes:
        denied: calls that are answered by PermissionError: put_file, pipe_file, cat_file.
        fail_after: how many more calls of each kind succeed; the others fail until it is removed from here.
        sent: bytes of parts of files that were read.
        calls: the names of the files that were uploaded.
        sends_all: whether the whole file is the answer where a part is asked for.
    """

    denied: set[str] = field(default_factory=set)
    fail_after: dict[str, int] = field(default_factory=dict)
    sent: int = 0
    calls: list[str] = field(default_factory=list)
    sends_all: bool = False

    def meet(self, call: str) -> None:
        if call in self.denied:
            raise PermissionError("Access Denied")
        if call in self.fail_after:
            if not self.fail_after[call]:
                raise ConnectionResetError("connection reset by peer")
            self.fail_after[call] -= 1


class FaultyFileSystem(MemoryFileSystem):
    protocol = "faulty"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    faults = Faults()

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return "/" + path.removeprefix("faulty://").strip("/")

    def put_file(self, lpath: str, rpath: str, *given: Any, **options: Any) -> None:
        self.faults.meet("put_file")
        self.faults.calls.append(rpath.rpartition("/")[2])
        super().put_file(lpath, rpath, *given, **options)

    def pipe_file(self, path: str, value: bytes, **options: Any) -> None:
        self.faults.meet("pipe_file")
        super().pipe_file(path, value, **options)

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **options: Any) -> bytes:
        self.faults.meet("cat_file")
        if self.faults.sends_all:
            start = end = None
        content: bytes = super().cat_file(path, start, end, **options)
        self.faults.sent += len(content) if start is not None else 0
        return content


@dataclass(frozen=True)
class Elsewhere:
    """A folder behind a URL, and the cache of this machine."""

    url: Url
    cache: Path

    @property
    def faults(self) -> Faults:
        return FaultyFileSystem.faults

    @property
    def store(self) -> dict[str, bytes]:
        """The files of the folder by name."""
        prefix = f"/{self.url.partition('://')[2]}/"
        found = FaultyFileSystem.store.items()
        return {path.removeprefix(prefix): file.getvalue() for path, file in found if path.startswith(prefix)}

    def put(self, name: str, content: bytes) -> None:
        MemoryFileSystem.pipe_file(FaultyFileSystem(), f"/{self.url.partition('://')[2]}/{name}", content)

    def copy(self, dataset: Path) -> None:
        """Put the files of a dataset of this machine there."""
        for path in dataset.iterdir():
            if not path.name.startswith("."):
                self.put(path.name, path.read_bytes())

    def remove(self, name: str) -> None:
        del FaultyFileSystem.store[f"/{self.url.partition('://')[2]}/{name}"]


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Elsewhere]:
    """An empty folder behind a URL, and an empty cache."""
    fsspec.register_implementation("faulty", FaultyFileSystem, clobber=True)
    FaultyFileSystem.store.clear()
    FaultyFileSystem.pseudo_dirs[:] = [""]
    FaultyFileSystem.faults = Faults()
    monkeypatch.setattr(folder, "PAUSES", (0.0, 0.0))
    monkeypatch.setenv("FGBG_CACHE", str(tmp_path / "cache"))
    yield Elsewhere(Url("faulty://bucket/data"), tmp_path / "cache")
