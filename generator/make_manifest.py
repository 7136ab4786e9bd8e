"""The manifest of a finished dataset, from its config, its bank and its journal."""

from collections.abc import Sequence

from generator.config import GenerateConfig
from generator.format.assets import FROM_PLANE
from generator.format.journal import Journal
from generator.format.manifest import AlphaMask, DepthEntry, GeneratedManifest
from generator.plan import Header, ShardTask
from generator.shard_runs import library_versions, split_entries, statistics_of
from generator.splits import SPLITS

LIBRARIES = ("numpy", "opencv-python-headless", "pillow", "h5py", "imagehash", "albumentations", "blake3")


def make_manifest(
    config: GenerateConfig, header: Header, tasks: Sequence[ShardTask], journal: Journal
) -> GeneratedManifest:
    """The manifest of a dataset, all of whose shards are in the journal."""
    lines = {name: [journal.shards[task.file] for task in tasks if task.split == name] for name in SPLITS}
    assert journal.head is not None and journal.head.bank is not None
    sources = sorted({asset.depth for asset in header.assets["bg"] if asset.depth is not None})
    return GeneratedManifest(
        id=header.id,
        storage="rendered" if config.render else "unrendered",
        size=config.size,
        config=header.config,
        libraries=library_versions(LIBRARIES),
        assets=header.assets,
        bank=journal.head.bank,
        splits=split_entries(lines),
        mask=AlphaMask(),
        depth=DepthEntry(sources=sources, pseudo=FROM_PLANE in sources),
        statistics=statistics_of(lines["train"]),
    )
