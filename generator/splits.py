"""Who belongs to train, val and test: whole identities, so that no picture is on two sides."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from generator.errors import ConfigError

SplitName = Literal["train", "val", "test"]
SPLITS: tuple[SplitName, ...] = ("train", "val", "test")


def assign_splits(
    groups: Sequence[int], shares: tuple[float, float, float] | None, words: np.ndarray, kind: str
) -> list[SplitName]:
    """Divide assets by share, whole groups at a time.

    Args:
        groups: the group of each asset.
        shares: of train, val, test, in any unit; None puts all in train.
        words: (n,) uint64 random words, one an asset; they order the groups.
        kind: what the assets are, for the error.

    Returns:
        The split of each asset. val and test get their rounded share (at least one group each) as far
        as whole groups allow; train gets the rest.

    Raises:
        ConfigError: there are fewer groups than splits that want a share.
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
