"""Where a dataset is written: a folder of this machine, or a URL by way of one."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from generator.cache_folder import OTHER_CACHE, working_folder
from generator.errors import ConfigError, DatasetError, FgbgError
from generator.files import remove_leftovers, write_atomically
from generator.format.bank import BANK_FILE
from generator.format.journal import Journal
from generator.format.manifest import JOURNAL_FILE, MANIFEST_FILE
from generator.format.records import BankEntry, ShardEntry
from generator.locks import LOCK_FILE, hold_folder, wait_for_folder
from generator.places import Place, Url
from generator.reading.cached_copy import bring_files
from generator.reading.verify import wrong_files, wrong_sizes
from generator.remote.check import wrong_remote_sizes
from generator.remote.folder import RemoteFolder
from generator.runner import Runner

# An object store cannot append to a file, so the journal is written as a whole now and then: after this many
# seconds, and never for more than this share of the time.
_JOURNAL_SECONDS = 5.0
_JOURNAL_SHARE = 0.05

# Of processes that download; the first machine holds the other lock all the time.
_BRING_LOCK = ".bring.lock"

Entry = BankEntry | ShardEntry


@dataclass(frozen=True)
class Shelf:
    """Copies shards from a machine to a URL. Any process of any machine may do it.

    Attributes:
        remote: where they go.
        keeps: whether they stay on this machine too, until the dataset is finished.
    """

    remote: RemoteFolder
    keeps: bool

    @property
    def folder(self) -> Path:
        """Where this machine makes them."""
        return working_folder(self.remote.url)

    def tidy(self) -> None:
        """Make the folder, and remove shards that an earlier run left half-way."""
        self.folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(self.folder)
        for path in self.folder.glob("*.h5"):
            if path.name != BANK_FILE:
                path.unlink()

    def empty(self) -> None:
        """Remove all files but the lock of `hold_output`, after the dataset is complete."""
        for path in self.folder.iterdir():
            if path.name != LOCK_FILE:
                path.unlink(missing_ok=True)

    def bring(self, entries: Sequence[Entry]) -> None:
        """Have files here that the first machine copied to the URL; other processes may do the same.

        Raises:
            DatasetError: a file is missing there, or is not as its entry says.
            DiskSpaceError: they do not fit on the disk.
            RemoteError: access is denied, or the other side does not answer.
        """
        with wait_for_folder(self.folder, "waiting for another process that downloads this", _BRING_LOCK):
            bring_files(self.remote, self.folder, entries)

    def store(self, name: str) -> None:
        """Copy one shard.

        Raises:
            RemoteError: access is denied, or the other side does not answer.
        """
        self.remote.upload(self.folder / name, name)
        if not self.keeps:
            (self.folder / name).unlink()


class Output:
    """A folder that a dataset is written to.

    Attributes:
        where: the folder or URL that the user named.
        folder: the folder of this machine in which files are made.
        shelf: copies finished shards to a URL; None if `folder` is where they belong.
    """

    def __init__(self, folder: Path) -> None:
        self.where: Place = folder
        self.folder = folder
        self.shelf: Shelf | None = None

    @contextmanager
    def spread(self, runner: Runner) -> Iterator[None]:
        """Let other machines make shards in the block."""
        yield

    def names(self) -> list[str]:
        """The names of all files, sorted."""
        return sorted(path.name for path in self.folder.iterdir())

    def require_writable(self) -> None:
        """Make sure that files can be written, before long work starts; holding the folder did."""

    def wrong_sizes(self, entries: Sequence[Entry]) -> dict[str, DatasetError]:
        """Find files that are missing or of a wrong size: the error of each, by the file's name."""
        return wrong_sizes(self.folder, entries)

    def wrong_files(self, entries: Sequence[Entry], label: str) -> dict[str, DatasetError]:
        """Find files that are not as they were written: the error of each, by the file's name."""
        return wrong_files(self.folder, entries, label)

    def bring(self, entries: Sequence[Entry]) -> None:
        """Have files in `folder` that are finished."""

    def store(self, name: str) -> None:
        """Put a file where it belongs that is finished in `folder`, and not a shard."""

    def keep(self, entry: Entry) -> None:
        """The same for a file of an interrupted run, which may be there already."""

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        (self.folder / name).unlink(missing_ok=True)

    def log(self, is_new: bool) -> None:
        """The journal in `folder` has changed, or was started again."""


class RemoteOutput(Output):
    """A folder behind a URL. Files are made in a folder of the cache, then copied; shards do not stay there.

    What the URL holds decides: when an interrupted run goes on, its journal and bank are downloaded first, by
    whatever machine.

    Object stores have no locks. The journal is one: before each writing, it must be as this process left it.
    """

    def __init__(self, url: Url, keeps_shards: bool) -> None:
        super().__init__(working_folder(url))
        self.where = url
        self._remote = RemoteFolder(url)
        self.shelf: Shelf = Shelf(self._remote, keeps_shards)
        self._journal: bytes | None = None
        self._journal_again_at = 0.0

    def prepare(self) -> None:
        """Bring what the working folder needs, and remove what an earlier run left that is of no use."""
        there = self._remote.sizes()
        for name in (MANIFEST_FILE, JOURNAL_FILE):
            content = self._remote.read(name) if name in there else None
            if content is None:
                (self.folder / name).unlink(missing_ok=True)
            else:
                write_atomically(self.folder / name, content)
            if name == JOURNAL_FILE:
                self._journal = content
        head = Journal.read(self.folder).head
        try:
            if head is None or head.bank is None:
                raise DatasetError(self.where / BANK_FILE, "", "is not known", "")
            if MANIFEST_FILE not in there:
                self.bring([head.bank])
        except DatasetError:  # it is made again
            (self.folder / BANK_FILE).unlink(missing_ok=True)

    def finish(self) -> None:
        """Empty the working folder, after the dataset is complete."""
        self.shelf.empty()

    def flush(self) -> None:
        """Copy the lines of the journal that are not copied yet."""
        path = self.folder / JOURNAL_FILE
        if path.exists() and (content := path.read_bytes()) != self._journal:
            self._write_journal(content)

    @contextmanager
    def spread(self, runner: Runner) -> Iterator[None]:
        runner.everywhere(self.shelf.tidy)
        yield
        with suppress(FgbgError):  # a machine may have died since
            runner.everywhere(self.shelf.empty)

    def names(self) -> list[str]:
        return sorted(self._remote.sizes())

    def require_writable(self) -> None:
        self._remote.require_writable()

    def wrong_sizes(self, entries: Sequence[Entry]) -> dict[str, DatasetError]:
        return wrong_remote_sizes(self._remote, entries)

    def wrong_files(self, entries: Sequence[Entry], label: str) -> dict[str, DatasetError]:
        return self.wrong_sizes(entries)  # all else would download everything; readers check every hash

    def bring(self, entries: Sequence[Entry]) -> None:
        bring_files(self._remote, self.folder, entries)

    def store(self, name: str) -> None:
        if name == MANIFEST_FILE:
            self.flush()
        self._remote.upload(self.folder / name, name)

    def keep(self, entry: Entry) -> None:
        if self.wrong_sizes([entry]):
            self.store(entry.file)

    def remove(self, name: str) -> None:
        super().remove(name)
        self._remote.remove(name)

    def log(self, is_new: bool) -> None:
        if is_new or time.monotonic() >= self._journal_again_at:
            self.flush()

    def _write_journal(self, content: bytes) -> None:
        began = time.monotonic()
        if self._remote.read(JOURNAL_FILE) != self._journal:
            problem = "was changed by another process while this one wrote there"
            raise ConfigError(self.where, "", problem, "let only one of them go on")
        self._remote.write(JOURNAL_FILE, content)
        self._journal = content
        ended = time.monotonic()
        self._journal_again_at = ended + max(_JOURNAL_SECONDS, (ended - began) / _JOURNAL_SHARE)


@contextmanager
def hold_output(place: Place, who: str, keeps_shards: bool = False) -> Iterator[Output]:
    """Lock the place that a dataset is written to for the block, as `hold_folder` does.

    Args:
        place: a folder, or a URL.
        who: the command that writes, as in "fgbg generate".
        keeps_shards: whether shards for a URL stay in its working folder until the dataset is finished.

    Raises:
        ConfigError: another process has locked it.
        UsageError: the folder cannot be made or written to.
        RemoteError: the URL cannot be read.
    """
    if isinstance(place, Path):
        with hold_folder(place, who):
            yield Output(place)
        return
    output = RemoteOutput(place, keeps_shards)
    with hold_folder(output.folder, who, where=place, elsewhere=OTHER_CACHE):
        output.prepare()
        try:
            yield output
        except BaseException:
            with suppress(FgbgError, OSError):  # the error of the block is more useful
                output.flush()
            raise
        output.finish()
