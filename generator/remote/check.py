"""Checking the files of a dataset behind a URL: each is read once, and nothing is kept."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from blake3 import blake3

from generator.errors import COPY_AGAIN, DatasetError
from generator.format.records import BankEntry, ShardEntry
from generator.places import Url
from generator.progress import Progress
from generator.remote.folder import RemoteFolder
from generator.remote.manifest import read_remote_manifest

_PIECE = 2**23
_AT_ONCE = 4

Entry = BankEntry | ShardEntry


def wrong_remote_files(url: Url, quick: bool) -> dict[str, DatasetError]:
    """Find every file of a dataset that is missing or not as it was written.

    Args:
        url: of the dataset.
        quick: compare only sizes.

    Returns:
        The error of each wrong file, by its name.

    Raises:
        DatasetError: there is no finished dataset, or its `dataset.json` is damaged.
        RemoteError: the other side does not answer, or denies access.
    """
    remote, entries = RemoteFolder(url), read_remote_manifest(url)[0].files()
    problems = wrong_remote_sizes(remote, entries)
    unknown = [entry for entry in entries if not quick and entry.file not in problems]
    with (
        Progress("verifying", sum(entry.bytes for entry in unknown) // 2**20 + 1, "MiB") as progress,
        ThreadPoolExecutor(_AT_ONCE) as pool,
    ):
        for entry, found in zip(unknown, pool.map(lambda entry: _hash(remote, entry), unknown), strict=True):
            if found != entry.blake3:
                expected = f"BLAKE3 {entry.blake3[:16]}..."
                problems[entry.file] = DatasetError(
                    url / entry.file, expected, f"{found[:16]}...", COPY_AGAIN
                )
            progress.advance(entry.bytes // 2**20)
    return {entry.file: problems[entry.file] for entry in entries if entry.file in problems}


def wrong_remote_sizes(remote: RemoteFolder, entries: Sequence[Entry]) -> dict[str, DatasetError]:
    """Find files that are missing or of a wrong size: the error of each, by the file's name."""
    sizes = remote.sizes()
    return dict(_wrong(remote.url, entries, sizes))


def _wrong(url: Url, entries: Iterable[Entry], sizes: dict[str, int]) -> Iterable[tuple[str, DatasetError]]:
    for entry in entries:
        found = sizes.get(entry.file)
        if found is None:
            yield entry.file, DatasetError(url / entry.file, "", "is missing", COPY_AGAIN)
        elif found != entry.bytes:
            expected = f"{entry.bytes:,} bytes"
            yield entry.file, DatasetError(url / entry.file, expected, f"{found:,}", COPY_AGAIN)


def _hash(remote: RemoteFolder, entry: Entry) -> str:
    """The BLAKE3 hash of as many bytes of a file as it should have."""
    digest = blake3()
    for start in range(0, entry.bytes, _PIECE):
        stop = min(start + _PIECE, entry.bytes)
        while start < stop:
            piece = remote.read_range(entry.file, start, stop)
            digest.update(piece)
            start += len(piece)
    return digest.hexdigest()
