"""Which pictures look alike, by their perceptual hashes; thousands are compared in a second."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import imagehash
import numpy as np
from PIL import Image

PerceptualHash = tuple[int, int]
"""64-bit hashes of a picture and of its mirror image."""

NEAR_DUPLICATE_BITS = 6
"""Two pictures are near-duplicates if at most this many bits of their hashes differ."""

# If two hashes differ in at most 6 bits, at least one of 7 bands of their bits is equal.
_BANDS = NEAR_DUPLICATE_BITS + 1
# Fewer hashes are compared each with every other one, which is faster than sorting them by bands.
_FEWEST_TO_SORT = 8192
_BLOCK = 2**20


def perceptual_hash(rgb: np.ndarray) -> PerceptualHash:
    """64-bit pHashes of a picture (H, W, 3) uint8 and of its mirror image.

    Source: Zauner 2010, "Implementation and Benchmarking of Perceptual Image Hash Functions", by
    the imagehash library.
    """

    def as_int(picture: np.ndarray) -> int:
        return int(str(imagehash.phash(Image.fromarray(picture))), 16)

    return as_int(rgb), as_int(np.ascontiguousarray(rgb[:, ::-1]))


def over_grey(sprite: np.ndarray) -> np.ndarray:
    """A sprite (h, w, 4) uint8 laid over middle grey, (h, w, 3) uint8: the picture that is hashed."""
    alpha = sprite[..., 3:].astype(np.uint16)
    return ((sprite[..., :3] * alpha + 128 * (255 - alpha)) // 255).astype(np.uint8)


def group_near_duplicates(hashes: Sequence[PerceptualHash]) -> list[int]:
    """Give every picture the number of its group; near-duplicates, mirrored or not, share one.

    A chain of near-duplicates is one group. Groups are numbered by their first member.
    """
    if not hashes:
        return []
    different, number = np.unique(np.array(hashes, np.uint64), axis=0, return_inverse=True)
    group = np.arange(len(different))
    for rows, columns, _, bits in _compared(different):
        # Only pairs of two groups are of use: few, even among thousands of pictures that are all alike.
        apart = group[rows][:, None] != group[columns]
        first, second = np.nonzero((bits <= NEAR_DUPLICATE_BITS) & apart)
        if len(first):
            group = _joined(group, group[rows[first]], group[columns[second]])
    groups = group[number.ravel()]
    found: list[int] = _first_of_each(groups).tolist()
    return found


def nearest_earlier(hashes: Sequence[PerceptualHash]) -> list[tuple[int, int, bool] | None]:
    """The nearest earlier near-duplicate of each picture.

    Returns:
        For each picture, the number of the earlier one, how many bits differ, and whether it is its mirror
        image; None if it has no near-duplicate before it. Among equally near ones, pictures that are not
        mirrored come first, then earlier ones.
    """
    if not hashes:
        return []
    pairs = np.array(hashes, np.uint64)
    first = _first_of_each(pairs[:, 0])
    # A picture with the hash of earlier ones is nearest to the first of them.
    new = np.flatnonzero(first == np.arange(len(first)))
    none = np.iinfo(np.int64).max
    best = np.full(len(new), none)
    for rows, columns, mirrored, bits in _compared(pairs[new]):
        rank = (bits.astype(np.int64) * 2 + mirrored) * len(new) + rows[:, None]
        rank[(bits > NEAR_DUPLICATE_BITS) | (rows[:, None] >= columns)] = none
        np.minimum.at(best, columns, rank.min(axis=0))
    found: list[tuple[int, int, bool] | None] = [(earlier, 0, False) for earlier in first.tolist()]
    for picture, rank in zip(new.tolist(), best.tolist(), strict=True):
        likeness, earlier = divmod(rank, len(new))
        found[picture] = None if rank == none else (int(new[earlier]), likeness // 2, bool(likeness % 2))
    return found


def _compared(hashes: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Compare every pair of pictures that may be near-duplicates, in blocks; a pair may come several times.

    Args:
        hashes: (n, 2) uint64, of pictures and of their mirror images.

    Yields:
        Numbers of pictures (r,); numbers of the pictures (c,) that they are compared with; (c,) bool, whether
        the latter are mirrored; and (r, c) uint8, how many bits differ.
    """
    straight = hashes[:, 0]
    both, owner = hashes.T.ravel(), np.tile(np.arange(len(hashes)), 2)
    mirrored = np.repeat([False, True], len(hashes))
    for band in _bands(len(hashes)):
        order = np.argsort(both & band, kind="stable")
        keys = (both & band)[order]
        for bucket in np.split(order, np.flatnonzero(keys[1:] != keys[:-1]) + 1):
            rows = bucket[~mirrored[bucket]]
            if len(bucket) < 2 or not len(rows):
                continue
            height = max(1, _BLOCK // len(bucket))
            for start in range(0, len(rows), height):
                some = rows[start : start + height]
                bits = np.bitwise_count(straight[some, None] ^ both[bucket])
                yield some, owner[bucket], mirrored[bucket], bits


def _bands(count: int) -> list[np.uint64]:
    """Masks of the bits of each band; a single mask of no bits for few hashes, which all agree in it."""
    if count < _FEWEST_TO_SORT:
        return [np.uint64(0)]
    edges = np.linspace(0, 64, _BANDS + 1).astype(int).tolist()
    return [np.uint64(2**high - 2**low) for low, high in pairwise(edges)]


def _joined(group: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The groups (n,) after joining group one[i] with group other[i], for each of k pairs."""
    # Imported here: only comparing pictures needs SciPy.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    joined, number = np.unique(np.concatenate([one, other]), return_inverse=True)
    links = number[: len(one)], number[len(one) :]
    graph = coo_array((np.ones(len(one), bool), links), (len(joined), len(joined)))
    renamed = np.arange(len(group))
    renamed[joined] = joined[_first_of_each(connected_components(graph, directed=False)[1])]
    groups: np.ndarray = renamed[group]
    return groups


def _first_of_each(values: np.ndarray) -> np.ndarray:
    """For each of (n,) values, the index of the first one that is equal."""
    _, first, number = np.unique(values, return_index=True, return_inverse=True)
    places: np.ndarray = first[number.ravel()]
    return places
