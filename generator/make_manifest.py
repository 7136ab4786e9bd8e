"""The manifest of a finished dataset, from its config, its bank and its journal."""

import importlib.metadata
from collections.abc import Sequence

from generator import __version__
from generator.config import GenerateConfig
from generator.format.assets import FROM_PLANE
from generator.format.journal import Journal
from generator.format.manifest import AlphaMask, DepthEntry, GeneratedManifest
from generator.format.records import ShardEntry, SplitEntry, Statistics, Sums
from generator.plan import Header, ShardTask
from generator.splits import SPLITS, SplitName

_LIBRARIES = ("numpy", "opencv-python-headless", "pillow", "h5py", "imagehash", "albumentations", "blake3")


def make_manifest(
    config: GenerateConfig, header: Header, tasks: Sequence[ShardTask], journal: Journal
) -> GeneratedManifest:
    """The manifest of a dataset, all of whose shards are in the journal."""
    splits: dict[SplitName, SplitEntry] = {}
    for name in SPLITS:
        lines = [journal.shards[task.file] for task in tasks if task.split.name == name]
        shards = [ShardEntry(**line.model_dump(include=set(ShardEntry.model_fields))) for line in lines]
        splits[name] = SplitEntry(samples=sum(line.samples for line in lines), shards=shards)
    train = [journal.shards[task.file] for task in tasks if task.split.name == "train"]
    sums: dict[str, Sums] = {}
    for line in train:
        sums = {name: sums[name] + part if sums else part for name, part in line.statistics.items()}
    assert journal.head is not None
    sources = sorted({asset.depth for asset in header.assets["bg"] if asset.depth is not None})
    return GeneratedManifest(
        id=header.id,
        storage="rendered" if config.render else "unrendered",
        size=config.size,
        config=header.config,
        libraries={"fgbg": __version__} | {name: importlib.metadata.version(name) for name in _LIBRARIES},
        assets=header.assets,
        bank=journal.head.bank,
        splits=splits,
        mask=AlphaMask(),
        depth=DepthEntry(sources=sources, pseudo=FROM_PLANE in sources),
        statistics=Statistics(
            samples=sum(line.statistics_samples for line in train),
            fields={name: part.moments() for name, part in sums.items()},
        ),
    )
