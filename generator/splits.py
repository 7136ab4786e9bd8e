"""Dividing assets into train, val and test. Near-duplicates always go to the same split."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from generator.errors import ConfigError

SplitName = Literal["train", "val", "test"]
SPLITS: tuple[SplitName, ...] = ("train", "val", "test")


def assign_splits(
    groups: Sequence[int], shares: tuple[float, float, float] | None, words: np.ndarray, kind: str
) -> list[SplitName]:
    """Divide assets among the splits, in whole groups.

    Args:
        groups: the group of each asset.
        shares: of train, val and test, in any unit; None puts all in train.
        words: (n,) uint64 random words, one for each asset, by which groups are ordered.
        kind: what the assets are, for the error.

    Returns:
        The split of each asset. val and test get at least one group each, and their rounded share as far as
        whole groups allow. train gets the rest.

    Raises:
        ConfigError: there are fewer groups than splits with a share.
    """
    if shares is None:
        return ["train"] * len(groups)
    members: dict[int, list[int]] = {}
    for asset, group in enumerate(groups):
        members.setdefault(group, []).append(asset)
    wanted = [split for split, share in zip(SPLITS, shares, strict=True) if share > 0]
    if len(members) < len(wanted):
        raise ConfigError(
            "`split`",
            f"at least {len(wanted)} different {kind} for {', '.join(wanted)}",
            f"{len(members)} (near-duplicates count once)",
            "add pictures or use `split=none`",
        )
    remaining = sorted(members, key=lambda group: int(words[group]))
    splits: list[SplitName] = ["train"] * len(groups)
    for split in wanted[1:]:
        share = shares[SPLITS.index(split)] / sum(shares)
        room = max(1, round(len(groups) * share))
        kept_for_others = len(wanted) - wanted.index(split)
        taken: list[int] = []
        for group in remaining:
            if len(members[group]) <= room and len(taken) < len(remaining) - kept_for_others:
                taken.append(group)
                room -= len(members[group])
        taken = taken or [min(remaining, key=lambda group: len(members[group]))]
        for group in taken:
            for asset in members[group]:
                splits[asset] = split
        gone = set(taken)
        remaining = [group for group in remaining if group not in gone]
    return splits


def share_samples(sizes: Sequence[int], wanted: int | None) -> list[int]:
    """The number of samples to keep of each split, `wanted` in total, in proportion to their sizes.

    Rounded by largest remainders. A split that is not empty keeps at least one sample if `wanted` allows it.
    """
    total = sum(sizes)
    if wanted is None or wanted >= total:
        return list(sizes)
    exact = [wanted * size / total for size in sizes]
    kept = [int(share) for share in exact]
    # Splits that would keep no sample come first, then those that lost most by rounding down.
    order = sorted(range(len(sizes)), key=lambda split: (kept[split] > 0, kept[split] - exact[split]))
    for split in [split for split in order if sizes[split] > 0][: wanted - sum(kept)]:
        kept[split] += 1
    for split in order:
        largest = max(range(len(sizes)), key=kept.__getitem__)
        if sizes[split] > 0 and kept[split] == 0 and kept[largest] > 1:
            kept[split], kept[largest] = 1, kept[largest] - 1
    return kept
