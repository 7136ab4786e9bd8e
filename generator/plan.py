"""What a dataset is to become: its assets and their splits, its shards and their samples, its size."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from blake3 import blake3
from pydantic import BaseModel, ConfigDict

from generator.bank_builder import Decoded, bank_bytes
from generator.config import SPLITS, GenerateConfig
from generator.manifest import Asset
from generator.pixels import pixel_bytes
from generator.placement import SplitPlan, random_words
from generator.shard_writer import ShardTask
from generator.shards import shard_bytes
from generator.split import PerceptualHash, assign_splits, group_near_duplicates

AssetKind = Literal["fg", "bg"]


@dataclass(frozen=True)
class Difference:
    """The first thing in which two requests differ, in words."""

    wanted: str
    found: str


@dataclass(frozen=True)
class Request:
    """What decides a dataset's bytes.

    Attributes:
        config: `GenerateConfig.identity()`.
        hashes: for fg and bg, the BLAKE3 hash of each picture by its name.
    """

    config: dict[str, Any]
    hashes: dict[AssetKind, dict[str, str]]

    def difference(self, wanted: "Request") -> Difference | None:
        """How this request differs from the wanted one; None when it does not."""
        # An option that is younger than the dataset had its default then.
        found = GenerateConfig.defaults() | self.config
        fields = [name for name in wanted.config if wanted.config[name] != found[name]]
        if fields:
            return Difference(
                ", ".join(f"{name} {json.dumps(wanted.config[name])}" for name in fields),
                ", ".join(f"{name} {json.dumps(found[name])}" for name in fields),
            )
        for kind, hashes in wanted.hashes.items():
            names = sorted(
                name
                for name in hashes.keys() | self.hashes[kind].keys()
                if hashes.get(name) != self.hashes[kind].get(name)
            )
            if names:
                more = f" and {len(names) - 1} more" if len(names) > 1 else ""
                return Difference(
                    f"the same {kind} pictures", f"{names[0]}{more} added, removed or changed since"
                )
        return None

    def id(self) -> str:
        """The dataset's id: a hash of config and asset hashes."""
        return blake3(json.dumps([self.config, self.hashes], sort_keys=True).encode()).hexdigest()


class Header(BaseModel):
    """What a bank says of itself: what it was made for, and which asset is in which split."""

    model_config = ConfigDict(frozen=True)

    id: str
    config: dict[str, Any]
    assets: dict[AssetKind, list[Asset]]

    def request(self) -> Request:
        """The request it was made for."""
        return Request(self.config, {kind: assets_by_name(assets) for kind, assets in self.assets.items()})


def assets_by_name(assets: Sequence[Asset]) -> dict[str, str]:
    """The hash of each asset by its name."""
    return {asset.name: asset.hash for asset in assets}


def make_header(config: GenerateConfig, request: Request, decoded: Decoded) -> Header:
    """Divide the decoded assets into splits; near-duplicates stay together.

    Raises:
        ConfigError: there are too few different pictures for the splits.
    """

    def assets(kind: AssetKind, hashes: list[PerceptualHash], depth: Sequence[str | None]) -> list[Asset]:
        groups = group_near_duplicates(hashes)
        words = random_words(config.seed, kind, len(hashes))
        noun = {"fg": "foregrounds", "bg": "backgrounds"}[kind]
        splits = assign_splits(groups, config.split, words, noun)
        rows = zip(request.hashes[kind].items(), splits, depth, strict=True)
        return [
            Asset(name=name, hash=hash_, split=split, depth=source) for (name, hash_), split, source in rows
        ]

    return Header(
        id=request.id(),
        config=request.config,
        assets={
            "fg": assets("fg", decoded.fg_hashes, [None] * len(decoded.fg_hashes)),
            "bg": assets("bg", decoded.bg_hashes, decoded.depth_sources),
        },
    )


def plan_shards(config: GenerateConfig, header: Header) -> list[ShardTask]:
    """All shards of the dataset, split by split."""

    def members(kind: AssetKind, split: str) -> np.ndarray:
        return np.flatnonzero([asset.split == split for asset in header.assets[kind]])

    plans = [
        SplitPlan(name, members("fg", name), members("bg", name), config.flips, config.positions)
        for name in SPLITS
    ]
    kept = share_samples([len(plan) for plan in plans], config.samples)
    tasks = []
    for plan, count in zip(plans, kept, strict=True):
        order = plan.order(config.seed)[:count]
        for number, start in enumerate(range(0, count, config.shard_samples)):
            file = f"{plan.name}-{number:05d}.h5"
            tasks.append(ShardTask(file, plan, order[start : start + config.shard_samples]))
    return tasks


def share_samples(sizes: Sequence[int], wanted: int | None) -> list[int]:
    """How many samples of each split to keep, `wanted` in all, in the splits' own shares.

    Largest remainders; a split that is not empty keeps at least one sample where `wanted` allows.
    """
    total = sum(sizes)
    if wanted is None or wanted >= total:
        return list(sizes)
    exact = [wanted * size / total for size in sizes]
    kept = [int(share) for share in exact]
    # Empty splits first, then those that lost most by rounding down.
    order = sorted(range(len(sizes)), key=lambda split: (kept[split] > 0, kept[split] - exact[split]))
    for split in [split for split in order if sizes[split] > 0][: wanted - sum(kept)]:
        kept[split] += 1
    for split in order:
        largest = max(range(len(sizes)), key=kept.__getitem__)
        if sizes[split] > 0 and kept[split] == 0 and kept[largest] > 1:
            kept[split], kept[largest] = 1, kept[largest] - 1
    return kept


def estimate_bytes(config: GenerateConfig, fgs: int, bgs: int) -> int:
    """The size of the dataset on disk, before it is known which pictures are near-duplicates."""
    shares = config.split or (1, 0, 0)
    pairs = sum((fgs * share / sum(shares)) * (bgs * share / sum(shares)) for share in shares)
    samples = round(pairs * config.flips * config.positions)
    samples = min(samples, config.samples or samples)
    pixels = pixel_bytes(config.size, config.has_instances) if config.render else 0
    layers = sum(config.objects) / 2 * (1 - config.empty) * (1 + config.shadow)

    def shard(count: int) -> int:
        return shard_bytes(count, round(count * layers), pixels)

    shards, rest = divmod(samples, config.shard_samples)
    return bank_bytes(config, fgs, bgs) + shards * shard(config.shard_samples) + (shard(rest) if rest else 0)


def format_bytes(count: int) -> str:
    """A number of bytes for people: 58.4 GB (powers of 1000)."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
