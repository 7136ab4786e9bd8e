"""The manifest of a finished imported dataset, from its request and its journal."""

from collections.abc import Mapping, Sequence

import numpy as np

from generator.format.assets import FROM_FILE
from generator.format.identity import HASH_BYTES, hash_sources, labelled_id
from generator.format.journal import JournalLine
from generator.format.labelled_shards import open_labelled_shard
from generator.format.manifest import AlphaMask, DepthEntry, LabelledManifest, MaskEntry, SourceEntry
from generator.importing.fit import VOID_LEVEL
from generator.importing.request import Request
from generator.shard_runs import library_versions, split_entries, statistics_of
from generator.splits import SplitName

_LIBRARIES = ("numpy", "opencv-python-headless", "pillow", "h5py", "imagehash", "blake3")


def stored_mask(mask: MaskEntry) -> MaskEntry:
    """What the levels of stored masks mean: an alpha has a level for void pixels."""
    return AlphaMask(void=VOID_LEVEL) if mask.kind == "alpha" else mask


def make_labelled_manifest(
    request: Request,
    lines: Mapping[SplitName, Sequence[JournalLine]],
    left_out: int,
    official: bool,
) -> LabelledManifest:
    """The manifest of a dataset that is complete.

    Args:
        request: that it was made for.
        lines: of the journal, by split.
        left_out: how many files and pictures could not be used.
        official: whether the splits are those of the data set itself.
    """
    sources = _hash_sources(request, [line for some in lines.values() for line in some])
    return LabelledManifest(
        id=labelled_id(request.identity, sources),
        size=request.config.size,
        config=request.identity,
        libraries=library_versions(_LIBRARIES),
        source=SourceEntry(
            format=request.config.format,
            samples=sum(line.samples for some in lines.values() for line in some),
            left_out=left_out,
            blake3=sources,
            splits="official" if official else "drawn",
        ),
        fields=request.fields,
        splits=split_entries(lines),
        mask=stored_mask(request.source.mask),
        depth=DepthEntry(sources=[FROM_FILE] if "depth" in request.fields else [], pseudo=False),
        statistics=statistics_of(lines["train"]),
    )


def _hash_sources(request: Request, lines: Sequence[JournalLine]) -> str:
    """`hash_sources` of all samples, whose hashes are read from the shards."""
    config, items = request.config, request.source.items
    hashes = np.zeros((len(items), HASH_BYTES), np.uint8)
    used = np.zeros(len(items), bool)
    for line in lines:
        if line.samples:
            path = config.folder / line.file
            shard = open_labelled_shard(path, line.samples, config.size, request.fields)
            numbers = shard.samples["sample_id"]
            hashes[numbers], used[numbers] = shard.pixels.source_hash, True
    return hash_sources(
        (items[number].name, hashes[number].tobytes()) for number in np.flatnonzero(used).tolist()
    )
