"""What the output folder of `generate` already holds: a dataset, finished or not, or other files."""

import contextlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from generator.errors import ConfigError, DatasetError
from generator.files import read_regular
from generator.format.assets import AssetKind
from generator.format.bank import BANK_FILE, Bank
from generator.format.journal import Journal, shard_number
from generator.format.manifest import (
    JOURNAL_FILE,
    MANIFEST_FILE,
    GeneratedManifest,
    LabelledManifest,
    Manifest,
    read_manifest,
)
from generator.output import Output
from generator.plan import Header, Request
from generator.reading.verify import VERIFIED_FILE
from generator.splits import SPLITS, SplitName

# The names of shards; the folder may hold other files too.
_SHARD = re.compile(rf"({'|'.join(SPLITS)})-\d{{5,}}\.h5")
_FORMAT = b'"fgbg-dataset"'

PROBLEMS_FILE = "problems.csv"
"""What an import could not use, a file or picture in each row."""

LOOKED_FILE = ".looked.jsonl"
"""The perceptual hashes of pictures, which an unfinished import remembers."""

_FIXED = (BANK_FILE, MANIFEST_FILE, JOURNAL_FILE)


@dataclass(frozen=True)
class Existing:
    """An output folder before anything is written.

    Attributes:
        output: the folder.
        manifest: of the finished dataset there; None if none can be read.
        journal: of the dataset there.
        header: of the bank there; None if none can be read.
    """

    output: Output
    manifest: Manifest | None
    journal: Journal
    header: Header | None

    @classmethod
    def look(cls, output: Output, overwrite: bool) -> "Existing":
        """Read what a folder holds.

        Args:
            output: the folder.
            overwrite: whether a dataset there will be replaced; then it may be damaged.

        Raises:
            DatasetError: the finished dataset there is damaged, or of a version that cannot be read.
        """
        folder, manifest, header = output.folder, None, None
        try:
            manifest = read_manifest(folder)
        except DatasetError:
            if not overwrite and _says_it_is_ours(folder / MANIFEST_FILE):
                raise
        with contextlib.suppress(DatasetError):
            header = Header.of(Bank.open(folder / BANK_FILE), folder / BANK_FILE)
        journal = Journal.read(folder)
        journal.on_change = output.log
        return cls(output, manifest, journal, header)

    @property
    def is_imported(self) -> bool:
        """Whether the dataset there was imported, finished or not."""
        if self.manifest is not None:
            return isinstance(self.manifest, LabelledManifest)
        return self.journal.head is not None and self.journal.head.request is not None

    @property
    def is_generated(self) -> bool:
        """Whether the dataset there was generated, finished or not."""
        there = self.manifest or self.header or self.journal.head or self.journal.older
        return bool(there) and not self.is_imported

    @cached_property
    def files(self) -> list[str]:
        """The names of the dataset's files, sorted; read only once, before anything is written."""
        return [name for name in self.output.names() if self._owns(name)]

    def refuse_foreign(self) -> None:
        """Make sure that no file is replaced that fgbg did not write.

        Raises:
            ConfigError: a file has a name of the format, but belongs to no dataset.
        """
        ours = set(self.files)
        for name in self.output.names():
            taken = name in _FIXED or _SHARD.fullmatch(name)
            if taken and name not in ours:
                problem = "was not written by fgbg and would be replaced"
                where = self.output.where / name
                raise ConfigError(where, "", problem, "use another `out`, or move the file away")

    def difference(self, wanted: Request) -> str | None:
        """How the dataset there differs from a request, as `Request.difference` says it."""
        if self.is_imported:
            return "holds a dataset of 'fgbg import'"
        if isinstance(self.manifest, GeneratedManifest):
            return Request.of(self.manifest.identity, self.manifest.assets).difference(wanted)
        head = self.journal.head
        if self.header is not None and (head is None or head.id == self.header.id):
            return self.header.request().difference(wanted)
        if head is not None and head.id != wanted.id():
            return "was made with other options or of other pictures (its bank is damaged)"
        return None

    def asset_names(self) -> dict[AssetKind, set[str]] | None:
        """The names of the pictures that the dataset there was made of.

        None where there is no dataset; empty sets where its pictures cannot be read.
        """
        if self.is_imported:
            return {"fg": set(), "bg": set()}
        found = self.manifest if isinstance(self.manifest, GeneratedManifest) else self.header
        if found is not None:
            return {kind: {asset.name for asset in assets} for kind, assets in found.assets.items()}
        return {"fg": set(), "bg": set()} if self.journal.head is not None else None

    def shard_counts(self) -> dict[SplitName, int]:
        """The number of shards of each split that may belong to the dataset, by the journal and the names."""
        counts = dict(self.journal.head.shards) if self.journal.head else {}
        for split in SPLITS:
            numbers = [shard_number(split, name) for name in self.files]
            found = max((number + 1 for number in numbers if number is not None), default=0)
            counts[split] = max(counts.get(split, 0), found)
        return counts

    def clear(self) -> None:
        """Remove all files but the journal, the manifest first: it marks a finished dataset.

        The bank goes too. An old one of the same size would be taken for the new one, if copying that to a
        server fails.
        """
        others = [name for name in self.files if name not in (MANIFEST_FILE, JOURNAL_FILE)]
        for name in (MANIFEST_FILE, VERIFIED_FILE, *others):
            self.output.remove(name)

    @cached_property
    def _in_manifest(self) -> set[str]:
        """The names of the files of the finished dataset there."""
        return set() if self.manifest is None else {entry.file for entry in self.manifest.files()}

    def _owns(self, name: str) -> bool:
        manifest, journal = self.manifest, self.journal
        if name == MANIFEST_FILE:
            return manifest is not None or _says_it_is_ours(self.output.folder / name)
        if not (manifest or self.header or journal.head or journal.older):
            return False
        if name in (BANK_FILE, JOURNAL_FILE):
            return name == JOURNAL_FILE or not self.is_imported
        if name in (PROBLEMS_FILE, LOOKED_FILE):
            return self.is_imported
        if name in self._in_manifest:
            return True
        if journal.head is not None:
            return journal.head.owns(name)
        # Journals of older versions do not say which shards will be written.
        return manifest is None and _SHARD.fullmatch(name) is not None


def _says_it_is_ours(path: Path) -> bool:
    """Whether a manifest was written by fgbg, even if it is damaged or of another version."""
    try:
        return _FORMAT in read_regular(path)[:1000]
    except OSError:
        return False
