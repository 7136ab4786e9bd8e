"""A dataset behind a URL, as far as it is needed: its files come into a folder of the cache once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from generator.cache_folder import OTHER_CACHE, cache_folder
from generator.files import require_writable, write_atomically
from generator.format.manifest import MANIFEST_FILE, Manifest
from generator.format.records import BankEntry, ShardEntry
from generator.locks import wait_for_folder
from generator.places import Url
from generator.reading.verify import check_files, remember_right, wrong_sizes
from generator.remote.download import download
from generator.remote.folder import RemoteFolder
from generator.remote.manifest import read_remote_manifest


@dataclass(frozen=True)
class CachedCopy:
    """A local copy of a part of a remote dataset.

    The name of its folder is the hash of `dataset.json`, which holds the hashes of all other files. So a
    dataset that is made again has another folder, and the same dataset at two URLs has one.

    Attributes:
        url: of the dataset.
        manifest: of the dataset.
        folder: of the copy.
    """

    url: Url
    manifest: Manifest
    folder: Path

    @classmethod
    def of(cls, url: Url) -> "CachedCopy":
        """Read the manifest of a dataset.

        Raises:
            DatasetError: there is no finished dataset, or its manifest is damaged.
            RemoteError: the other side does not answer, or denies access.
            UsageError: the cache cannot be written to.
        """
        manifest, content = read_remote_manifest(url)
        folder = cache_folder("datasets") / blake3(content).hexdigest()[:32]
        if not (folder / MANIFEST_FILE).exists():
            require_writable(folder, OTHER_CACHE)
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(folder / MANIFEST_FILE, content)
        return cls(url, manifest, folder)

    def bring(self, entries: Sequence[BankEntry | ShardEntry], check_hashes: bool) -> None:
        """Download those of these files that are not there, or not right.

        Args:
            entries: of the manifest.
            check_hashes: whether to hash files that are there but not known to be right.

        Raises:
            DatasetError: a remote file is missing, or is not as the manifest says.
            DiskSpaceError: they do not fit on the disk.
            RemoteError: the other side does not answer, or denies access.
        """
        with wait_for_folder(self.folder, "waiting for another process that downloads this dataset"):
            bring_files(RemoteFolder(self.url), self.folder, entries, check_hashes)


def bring_files(
    remote: RemoteFolder, folder: Path, entries: Sequence[BankEntry | ShardEntry], check_hashes: bool = True
) -> None:
    """The same as `CachedCopy.bring`, for a folder that is locked already."""
    problems = check_files(folder, entries) if check_hashes else wrong_sizes(folder, entries)
    missing = [entry for entry in entries if entry.file in problems]
    if missing:
        download(remote, missing, folder)
        remember_right(folder, missing)
