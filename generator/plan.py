"""Planning a dataset before it is written: the splits of its assets, its shards and their samples."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from generator.assets.duplicates import PerceptualHash, group_near_duplicates
from generator.config import GenerateConfig
from generator.decode_assets import Decoded
from generator.errors import COPY_AGAIN, DatasetError
from generator.format.assets import FROM_FILE, Asset, AssetKind, Assets, hashes_by_name
from generator.format.bank import Bank
from generator.format.identity import dataset_id, prove_id
from generator.format.journal import shard_file
from generator.format.records import Hash, Record
from generator.scene.numbering import SplitPlan
from generator.scene.random_bits import random_words
from generator.splits import SPLITS, SplitName, assign_splits, share_samples
from generator.strict_config import first_fault


@dataclass(frozen=True)
class Request:
    """Everything that decides a dataset's bytes.

    Attributes:
        config: `GenerateConfig.identity()`.
        hashes: for fg and bg, the BLAKE3 hash of each picture by its name.
        depth_hashes: the BLAKE3 hash of each depth file, by the name of its background; None where an older
            version did not store it.
    """

    config: dict[str, Any]
    hashes: dict[AssetKind, dict[str, str]]
    depth_hashes: dict[str, str | None] = field(default_factory=dict)

    @classmethod
    def of(cls, config: dict[str, Any], assets: dict[AssetKind, list[Asset]]) -> "Request":
        """The request that a dataset with this config and these assets was made for."""
        return cls(
            config,
            {kind: hashes_by_name(assets[kind]) for kind in ("fg", "bg")},
            {
                asset.name: asset.depth_hash
                for asset in assets["bg"]
                if asset.depth_hash is not None or asset.depth == FROM_FILE
            },
        )

    def difference(self, wanted: "Request") -> str | None:
        """How the dataset of this request differs from the wanted one, as in "was made with other options".

        None where it does not.
        """
        # A field that did not exist when the dataset was made had its default.
        asked, found = (GenerateConfig.defaults() | request.config for request in (wanted, self))
        fields = [name for name in asked if asked[name] != found[name]]
        if fields:
            each = (f"{name}: {json.dumps(found[name])}, now {json.dumps(asked[name])}" for name in fields)
            return f"was made with other options ({'; '.join(each)})"
        for kind in ("fg", "bg"):
            if change := _change(self.hashes[kind], wanted.hashes[kind], f"{kind}/"):
                return f"was made of other pictures ({change})"
        known = {name: hash_ or wanted.depth_hashes.get(name) for name, hash_ in self.depth_hashes.items()}
        if change := _change(known, wanted.depth_hashes, "the depth of bg/"):
            return f"was made with other depth files ({change})"
        return None

    def id(self) -> str:
        """The dataset's id."""
        depth_hashes = {name: hash_ for name, hash_ in self.depth_hashes.items() if hash_ is not None}
        return dataset_id(self.config, self.hashes, depth_hashes)


def _change(found: Mapping[str, str | None], wanted: Mapping[str, str | None], noun: str) -> str:
    """Which files differ, in words; an empty text where none does."""
    changes = {
        name: "changed" if name in found and name in wanted else "added" if name in wanted else "removed"
        for name in sorted(found.keys() | wanted.keys())
        if name not in found or name not in wanted or found[name] != wanted[name]
    }
    if not changes:
        return ""
    first, *others = changes
    if not others:
        return f"{noun}{first} {changes[first]} since"
    return f"{noun}{first} and {len(others)} more added, removed or changed since"


class Header(Record):
    """The header of a bank: what the bank was made for, and the split of each asset."""

    id: Hash
    config: dict[str, Any]
    assets: Assets

    @classmethod
    def of(cls, bank: Bank, path: Path) -> "Header":
        """Read the header of the bank at `path`.

        Raises:
            DatasetError: a field is missing or wrong, or the id does not match the config and the pictures.
        """
        try:
            header = cls.model_validate_json(bank.header.tobytes())
        except ValidationError as error:
            found = first_fault(error)
            raise DatasetError(f"{path}:header", "all fields of a header", found, COPY_AGAIN) from error
        prove_id(f"{path}:header", header.id, header.config, header.assets)
        return header

    def request(self) -> Request:
        """The request that the bank was made for."""
        return Request.of(self.config, self.assets)


def make_header(config: GenerateConfig, request: Request, decoded: Decoded) -> Header:
    """Divide the decoded assets among the splits; near-duplicates stay together.

    Raises:
        ConfigError: there are too few different pictures for the splits.
    """

    def assets(kind: AssetKind, hashes: list[PerceptualHash], depth: Sequence[str | None]) -> list[Asset]:
        depth_hashes = request.depth_hashes if kind == "bg" else {}
        groups = group_near_duplicates(hashes)
        words = random_words(config.seed, kind, len(hashes))
        noun = {"fg": "foregrounds", "bg": "backgrounds"}[kind]
        splits = assign_splits(groups, config.split, words, noun)
        rows = zip(request.hashes[kind].items(), splits, depth, strict=True)
        return [
            Asset(name=name, hash=hash_, split=split, depth=source, depth_hash=depth_hashes.get(name))
            for (name, hash_), split, source in rows
        ]

    return Header(
        id=request.id(),
        config=request.config,
        assets={
            "fg": assets("fg", decoded.fg_hashes, [None] * len(decoded.fg_hashes)),
            "bg": assets("bg", decoded.bg_hashes, decoded.depth_sources),
        },
    )


@dataclass(frozen=True)
class ShardTask:
    """A shard to write.

    Attributes:
        file: its name.
        split: its split.
        places: of its samples, in the order of the split.
        sorted_ids: (n,) uint32, the numbers of its samples, where the split is sorted; otherwise None.
    """

    file: str
    split: SplitName
    places: range
    sorted_ids: np.ndarray | None

    @property
    def samples(self) -> int:
        """How many samples it has."""
        return len(self.places)

    def sample_ids(self, plan: SplitPlan, seed: int) -> np.ndarray:
        """The numbers of its samples in order: (n,) int64."""
        if self.sorted_ids is None:
            return plan.numbers_at(seed, self.places)
        return self.sorted_ids.astype(np.int64)


def plan_splits(config: GenerateConfig, header: Header) -> dict[SplitName, SplitPlan]:
    """The pictures of each split, and how many samples each pair has."""

    def members(kind: AssetKind, split: str) -> np.ndarray:
        return np.flatnonzero([asset.split == split for asset in header.assets[kind]])

    return {
        name: SplitPlan(name, members("fg", name), members("bg", name), config.flips, config.positions)
        for name in SPLITS
    }


def count_shards(config: GenerateConfig, plans: Mapping[SplitName, SplitPlan]) -> dict[SplitName, int]:
    """The number of shards of each split."""
    return {name: -(-count // config.shard_samples) for name, count in _kept(config, plans).items()}


def plan_shards(config: GenerateConfig, plans: Mapping[SplitName, SplitPlan]) -> list[ShardTask]:
    """All shards of the dataset, one split after another."""
    tasks = []
    for name, count in _kept(config, plans).items():
        plan = plans[name]
        order = plan.order(config.seed, count) if plan.is_sorted else None
        for number, start in enumerate(range(0, count, config.shard_samples)):
            places = range(start, min(start + config.shard_samples, count))
            ids = None if order is None else order[places.start : places.stop]
            tasks.append(ShardTask(shard_file(name, number), name, places, ids))
    return tasks


def _kept(config: GenerateConfig, plans: Mapping[SplitName, SplitPlan]) -> dict[SplitName, int]:
    """The number of samples of each split."""
    kept = share_samples([len(plan) for plan in plans.values()], config.samples)
    return dict(zip(plans, kept, strict=True))
