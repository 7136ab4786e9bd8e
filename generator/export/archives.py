"""Archives, put together from blocks: the parts that workers wrote into the hidden folder."""

import shutil
import tarfile
from collections.abc import Iterable
from pathlib import Path

from generator.export.blocks import TAR_BLOCK, Block, BlockWriter
from generator.export.journal import ArchiveLine, Journal, part_path
from generator.files import atomic_file

_COPY_BYTES = 2**20


class Archives:
    """Puts each archive together when the last of its blocks is finished; does nothing for loose files."""

    def __init__(self, writer: BlockWriter, blocks: list[Block], journal: Journal) -> None:
        self._out, self._journal = writer.config.out, journal
        self._parts: dict[str, list[Block]] = {}
        for block in blocks if writer.format.in_tar else []:
            if block.archive not in journal.archives:
                self._parts.setdefault(block.archive, []).append(block)
        self._archive_of = {part.name: name for name, parts in self._parts.items() for part in parts}
        self._missing = {archive: len(parts) for archive, parts in self._parts.items()}

    def advance(self, block: str) -> None:
        """Count a finished block."""
        archive = self._archive_of.get(block)
        if archive is None:
            return
        self._missing[archive] -= 1
        if self._missing[archive]:
            return
        parts = self._parts[archive]
        size = _put_together(self._out, archive, parts)
        self._journal.append(ArchiveLine(archive=archive, samples=sum(map(len, parts)), bytes=size))
        for part in parts:
            part_path(self._out, part.name).unlink()


def _put_together(out: Path, archive: str, blocks: Iterable[Block]) -> int:
    """Make an archive from the parts of its blocks, keep the parts, and return its size."""
    parts = [part_path(out, block.name) for block in blocks]
    path = archive_path(out, archive)
    size = sum(part.stat().st_size for part in parts)
    with atomic_file(path, size) as temporary, temporary.open("wb") as file:
        for part in parts:
            with part.open("rb") as content:
                shutil.copyfileobj(content, file, _COPY_BYTES)
        end = file.tell() + 2 * TAR_BLOCK
        file.write(b"\0" * (2 * TAR_BLOCK + -end % tarfile.RECORDSIZE))
    return path.stat().st_size


def archive_path(out: Path, archive: str) -> Path:
    """Path of an archive."""
    return out / f"{archive}.tar"
