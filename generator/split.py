"""Who belongs to train, val and test: whole identities, so that no picture is on two sides."""

from collections.abc import Sequence

import imagehash
import numpy as np
from PIL import Image

from generator.config import SPLITS, SplitName
from generator.errors import ConfigError

PerceptualHash = tuple[int, int]
"""64-bit hashes of a picture and of its mirror image."""

NEAR_DUPLICATE_BITS = 6
_BLOCK = 2048


def perceptual_hash(rgb: np.ndarray) -> PerceptualHash:
    """64-bit pHashes of a picture (H, W, 3) uint8 and of its mirror image.

    Source: Zauner 2010, "Implementation and Benchmarking of Perceptual Image Hash Functions", by
    the imagehash library.
    """

    def as_int(picture: np.ndarray) -> int:
        return int(str(imagehash.phash(Image.fromarray(picture))), 16)

    return as_int(rgb), as_int(np.ascontiguousarray(rgb[:, ::-1]))


def over_grey(sprite: np.ndarray) -> np.ndarray:
    """A sprite (h, w, 4) uint8 over middle grey, as it is hashed: (h, w, 3) uint8."""
    alpha = sprite[..., 3:].astype(np.uint16)
    return ((sprite[..., :3] * alpha + 128 * (255 - alpha)) // 255).astype(np.uint8)


def group_near_duplicates(hashes: Sequence[PerceptualHash]) -> list[int]:
    """Give every picture the number of its group; near-duplicates, mirrored or not, share one.

    Two pictures are near-duplicates when their pHashes differ in at most `NEAR_DUPLICATE_BITS` bits;
    a chain of near-duplicates is one group. Groups are numbered by their first member.
    """
    plain = np.array([straight for straight, _ in hashes], np.uint64)
    mirrored = np.array([mirror for _, mirror in hashes], np.uint64)
    group = list(range(len(hashes)))

    def root(member: int) -> int:
        while group[member] != member:
            group[member] = group[group[member]]
            member = group[member]
        return member

    for start in range(0, len(plain), _BLOCK):
        rows = plain[start : start + _BLOCK, None]
        near = np.bitwise_count(rows ^ plain[None]) <= NEAR_DUPLICATE_BITS
        near |= np.bitwise_count(rows ^ mirrored[None]) <= NEAR_DUPLICATE_BITS
        for first, second in np.argwhere(near):
            low, high = sorted((root(int(first) + start), root(int(second))))
            group[high] = low
    return [root(member) for member in range(len(group))]


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
            "--split",
            f"at least {len(wanted)} different {kind} for {', '.join(wanted)}",
            f"{len(members)} (near-duplicates count once)",
            "add pictures or use --split none",
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
