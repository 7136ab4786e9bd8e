"""Which pictures look alike, by their perceptual hashes; a hundred thousand are compared in some seconds."""

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

import imagehash
import numpy as np
from PIL import Image

PerceptualHash = tuple[int, int]
"""64-bit hashes of a picture and of its mirror image."""

NEAR_DUPLICATE_BITS = 6
"""Two pictures are near-duplicates if at most this many bits of their hashes differ."""

# If two hashes differ in at most 6 bits, at least one of 7 bands of their bits is equal, or two of 8, or
# three of 9. More bands give smaller buckets of hashes to compare, but more combinations to sort by.
_BANDS = range(NEAR_DUPLICATE_BITS + 1, NEAR_DUPLICATE_BITS + 4)
# The time of sorting one hash by a combination of bands, in times of comparing it with another one.
_SORTING = 100
# Larger buckets are compared bucket by bucket, smaller ones all together.
_LARGE_BUCKET = 200
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
        apart = group[rows] != group[columns]
        near = np.nonzero((bits <= NEAR_DUPLICATE_BITS) & apart)
        if len(near[0]):
            first = np.broadcast_to(rows, bits.shape)[near]
            group = _joined(group, group[first], group[columns[near[1]]])
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
        rank = (bits.astype(np.int64) * 2 + mirrored) * len(new) + rows
        rank[(bits > NEAR_DUPLICATE_BITS) | (rows >= columns)] = none
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
        Numbers of pictures (r, 1) or (1, c); numbers of the pictures (c,) that they are compared with;
        (c,) bool, whether the latter are mirrored; and (r, c) or (1, c) uint8, how many bits differ.
    """
    both, owner = hashes.T.ravel(), np.tile(np.arange(len(hashes)), 2)
    mirrored = np.repeat([False, True], len(hashes))
    for key in _keys(both):
        order = np.argsort(key, kind="stable")
        ends = np.append(np.flatnonzero(np.diff(key[order])) + 1, len(order))
        sizes = np.diff(ends, prepend=0)
        is_large = sizes > min(_LARGE_BUCKET, len(order) - 1)
        for start, end in zip((ends - sizes)[is_large].tolist(), ends[is_large].tolist(), strict=True):
            bucket = order[start:end]
            rows = bucket[~mirrored[bucket]]
            height = max(1, _BLOCK // len(bucket))
            for first in range(0, len(rows), height):
                some = rows[first : first + height, None]
                yield some, owner[bucket], mirrored[bucket], np.bitwise_count(both[some] ^ both[bucket])
        small = np.flatnonzero(np.repeat(~is_large, sizes))
        end_of_bucket = np.repeat(ends, sizes)[small]
        for one, other in _pairs_in_buckets(both[order], small, end_of_bucket):
            one, other = order[one], order[other]
            # Of two pictures, the one in a row is not mirrored, and comes first where both are not.
            turned = mirrored[one] | (~mirrored[other] & (owner[one] > owner[other]))
            rows, columns = np.where(turned, other, one), np.where(turned, one, other)
            straight = ~mirrored[rows]
            rows, columns = rows[straight], columns[straight]
            bits = np.bitwise_count(both[rows] ^ both[columns])
            yield owner[rows][None], owner[columns], mirrored[columns], bits[None]


def _pairs_in_buckets(
    values: np.ndarray, places: np.ndarray, ends: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The pairs of hashes in the same bucket that differ in few bits.

    Args:
        values: (n,) uint64 hashes, those of a bucket after each other.
        places: (k,) of the hashes to compare.
        ends: (k,) where the bucket of each ends.

    Yields:
        The places (p,) of some hashes, and of those that are near to them.
    """
    # Collected, because whoever gets them looks at all groups each time.
    found, count = list[tuple[np.ndarray, np.ndarray]](), 0
    for start in range(0, len(places), _BLOCK):
        here, last = places[start : start + _BLOCK], ends[start : start + _BLOCK]
        # Each hash with the one after it, then with the one after that, until its bucket ends.
        for step in range(1, _LARGE_BUCKET):
            inside = here + step < last
            here, last = here[inside], last[inside]
            if not len(here):
                break
            near = here[np.bitwise_count(values[here] ^ values[here + step]) <= NEAR_DUPLICATE_BITS]
            found.append((near, near + step))
            count += len(near)
            if count > _BLOCK:
                yield _joined_pairs(found)
                found, count = [], 0
    if count:
        yield _joined_pairs(found)


def _joined_pairs(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([one for one, _ in pairs]), np.concatenate([other for _, other in pairs])


def _keys(hashes: np.ndarray) -> Iterator[np.ndarray]:
    """Keys (n,) of hashes (n,) uint64; any two near-duplicates agree in one of their keys at least.

    Few hashes all have the same key.
    """
    if len(hashes) < 2 * _FEWEST_TO_SORT:
        yield np.zeros(len(hashes), np.uint16)
        return

    def work(bands: int) -> int:
        masks = _masks(bands)
        buckets = np.bincount(_packed(hashes, masks[0]))
        return len(masks) * (len(hashes) * _SORTING + int((buckets**2).sum()))

    for bands in _masks(min(_BANDS, key=work)):
        yield _packed(hashes, bands)


def _masks(bands: int) -> list[tuple[tuple[int, int], ...]]:
    """The combinations of bands of which near-duplicates agree in one: where each band begins and ends."""
    edges = list(pairwise(np.linspace(0, 64, bands + 1).astype(int).tolist()))
    return list(combinations(edges, bands - NEAR_DUPLICATE_BITS))


def _packed(hashes: np.ndarray, bands: tuple[tuple[int, int], ...]) -> np.ndarray:
    """The bits of some bands as one number: (n,) of the smallest type, because 16 bits are sorted fastest."""
    packed, bits = np.zeros(len(hashes), np.uint64), sum(high - low for low, high in bands)
    for low, high in bands:
        packed <<= np.uint64(high - low)
        packed |= (hashes >> np.uint64(low)) & np.uint64(2 ** (high - low) - 1)
    return packed.astype(np.uint16 if bits <= 16 else np.uint32)


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
