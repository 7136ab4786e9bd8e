"""Planning an imported dataset: the split of each picture, the shards and the order of their samples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from blake3 import blake3

from generator.assets.duplicates import PerceptualHash, group_near_duplicates
from generator.format.identity import encode_name
from generator.format.journal import shard_file
from generator.importing.config import DRAWN_SHARES, ImportConfig
from generator.label_formats.items import Item
from generator.scene.random_bits import random_words
from generator.splits import SPLITS, SplitName, assign_splits


@dataclass(frozen=True)
class ShardTask:
    """A shard to make.

    Attributes:
        file: its name.
        split: of its pictures.
        numbers: of its pictures in the source, in order.
        items: its pictures.
    """

    file: str
    split: SplitName
    numbers: Sequence[int]
    items: Sequence[Item]

    @cached_property
    def planned(self) -> str:
        """A hash of the names of its pictures and their numbers, by which a finished shard is known again."""
        digest = blake3(self.split.encode())
        for number, item in zip(self.numbers, self.items, strict=True):
            name = encode_name(item.name)
            digest.update(number.to_bytes(8, "little") + len(name).to_bytes(4, "little") + name)
        return digest.hexdigest()


def to_draw(config: ImportConfig, items: Sequence[Item]) -> list[int]:
    """The numbers of the pictures whose split is drawn by their near-duplicates.

    These are all pictures if the user gave shares, otherwise those in no split of the data set that is used.
    """
    if config.split is None:
        return []
    official = official_splits(config, items)
    return [number for number, item in enumerate(items) if item.split not in official]


def official_splits(config: ImportConfig, items: Sequence[Item]) -> frozenset[SplitName]:
    """The splits of the data set itself that are used, if the user gave no others.

    Where it has no validation pictures, those for training are divided; where it has none to train on, all.
    """
    there = {item.split for item in items}
    if config.split != "auto" or there.isdisjoint({"train", None}):
        return frozenset()
    named = frozenset(split for split in there if split is not None)
    return named if "val" in named else named - {"train"}


def notes_about(config: ImportConfig, items: Sequence[Item]) -> list[str]:
    """Lines for the user: splits of the data set that are divided again, and what some pictures lack."""
    return [*_split_notes(config, items), *_gap_notes(items)]


def _gap_notes(items: Sequence[Item]) -> list[str]:
    lack = {
        "no background": [item for item in items if item.bg is None],
        "no depth file": [item for item in items if item.depth is None],
        "no map of objects": [item for item in items if item.objects is None],
    }
    return [
        f"{what} for {len(without):,} of {len(items):,} pictures, as {without[0].name}"
        for what, without in lack.items()
        if 0 < len(without) < len(items)
    ]


def _split_notes(config: ImportConfig, items: Sequence[Item]) -> list[str]:
    named = {item.split for item in items if item.split is not None}
    official = official_splits(config, items)
    if config.split != "auto" or named == official:
        return []
    if "train" not in named:
        only = " and ".join(sorted(named))
        return [f"the data set has only {only}: all its pictures are divided into train and val"]
    kept = "; test stays as it is" if "test" in official else ""
    return [f"no validation pictures: pictures for training are divided into train and val{kept}"]


def choose_splits(
    config: ImportConfig, items: Sequence[Item], drawn: Mapping[int, PerceptualHash]
) -> list[SplitName]:
    """The split of each picture.

    Args:
        config: shares and seed.
        items: all pictures of the source.
        drawn: perceptual hashes of the pictures whose split is drawn.

    Raises:
        ConfigError: there are too few different pictures for the splits.
    """
    official = official_splits(config, items)
    splits: list[SplitName] = [item.split if item.split in official else "train" for item in items]
    if drawn:
        shares = config.split if isinstance(config.split, tuple) else DRAWN_SHARES
        words = random_words(config.seed, "pictures", len(items))[list(drawn)]
        groups = group_near_duplicates(list(drawn.values()))
        for number, split in zip(drawn, assign_splits(groups, shares, words, "pictures"), strict=True):
            splits[number] = split
    return splits


def plan_shards(
    config: ImportConfig, items: Sequence[Item], splits: Sequence[SplitName], without: frozenset[int]
) -> list[ShardTask]:
    """All shards of the dataset, one split after another, each split in random order.

    Args:
        config: seed, and size of a shard.
        items: all pictures of the source.
        splits: the split of each.
        without: numbers of pictures that cannot be used.
    """
    tasks = []
    step = config.samples_in_shard(len(items))
    for name in SPLITS:
        members = np.array(
            [number for number, split in enumerate(splits) if split == name and number not in without],
            np.int64,
        )
        order = members[np.argsort(random_words(config.seed, f"order/{name}", len(members)), kind="stable")]
        for count, start in enumerate(range(0, len(order), step)):
            numbers = order[start : start + step].tolist()
            some = [items[number] for number in numbers]
            tasks.append(ShardTask(shard_file(name, count), name, numbers, some))
    return tasks
