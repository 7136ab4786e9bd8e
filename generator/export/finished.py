"""Which parts of an earlier export are still whole."""

from generator.export.archives import archive_path
from generator.export.blocks import Block, BlockWriter, block_samples, cut
from generator.export.journal import (
    ArchiveLine,
    BlockLine,
    Journal,
    is_hidden_file_whole,
)
from generator.splits import SplitName


def is_whole(writer: BlockWriter, samples: dict[SplitName, int], journal: Journal) -> bool:
    """Whether a finished export still has all of its files."""
    out = writer.config.out
    manifest = writer.dataset.manifest
    step = None if journal.is_old else block_samples(manifest.size, manifest.has_instances)
    blocks = cut(samples, step)
    if not all((out / path).is_file() for path in writer.summaries(samples, blocks)):
        return False
    if writer.format.in_tar:
        return len(whole_archives(writer, samples, journal)) == len(cut(samples, None))
    return all(_has_files(writer, block, journal.blocks.get(block.name)) for block in blocks)


def whole_archives(
    writer: BlockWriter, samples: dict[SplitName, int], journal: Journal
) -> dict[str, ArchiveLine]:
    """The archives that are finished by the journal and have the size that it says."""
    whole = {}
    for block in cut(samples, None):
        line = journal.archives.get(block.archive)
        path = archive_path(writer.config.out, block.archive)
        if line and line.samples == len(block) and path.is_file() and path.stat().st_size == line.bytes:
            whole[line.archive] = line
    return whole


def whole_blocks(writer: BlockWriter, blocks: list[Block], journal: Journal) -> dict[str, BlockLine]:
    """The blocks that are finished by the journal and whose hidden files have the right hashes.

    Loose files are not fsynced one by one: after a power cut, their sizes tell which blocks are damaged.
    """
    whole = {}
    for block in blocks:
        line, path = journal.blocks.get(block.name), writer.hidden_path(block.name)
        if line is None or line.samples != len(block) or not is_hidden_file_whole(path, line):
            continue
        if writer.format.in_tar or _has_files(writer, block, line):
            whole[block.name] = line
    return whole


def _has_files(writer: BlockWriter, block: Block, line: BlockLine | None) -> bool:
    """Whether the loose files of a block exist and have the size that its line says."""
    if line is None or line.samples != len(block):
        return False
    try:
        found = sum((writer.config.out / path).stat().st_size for path in writer.paths(block))
    except FileNotFoundError:
        return False
    return found == line.bytes
