import time
from functools import reduce
from operator import xor

import numpy as np
import pytest
from PIL import Image

from generator.assets import duplicates
from generator.assets.duplicates import group_near_duplicates, nearest_earlier, perceptual_hash


def photo(seed: int) -> np.ndarray:
    """A picture that is smooth and irregular like a photo, and neither very dark nor very bright."""
    coarse = np.random.default_rng(seed).integers(40, 200, (6, 6, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((96, 96), Image.Resampling.BICUBIC))


def test_near_duplicates_share_a_group_and_others_do_not() -> None:
    picture = photo(0)
    brighter = np.clip(picture.astype(int) + 12, 0, 255).astype(np.uint8)
    mirrored = np.ascontiguousarray(picture[:, ::-1])
    pictures = [photo(1), picture, brighter, photo(2), mirrored]
    assert group_near_duplicates([perceptual_hash(p) for p in pictures]) == [0, 1, 1, 3, 1]


def test_a_chain_is_one_group() -> None:
    chain = [0, 0b111111, 0b111111_111111]  # 6 bits from one to the next, 12 from end to end
    assert group_near_duplicates([(plain, 2**64 - 1) for plain in chain]) == [0, 0, 0]


def test_seven_bits_are_too_many() -> None:
    assert group_near_duplicates([(0, 2**64 - 1), (0b1111111, 2**64 - 1)]) == [0, 1]


def brute_force(hashes: list[tuple[int, int]]) -> tuple[list[int], list[tuple[int, int, bool] | None]]:
    """The results of both functions, by comparing all pairs."""
    group, nearest = list(range(len(hashes))), []
    for later, (straight, mirrored) in enumerate(hashes):
        near = []
        for earlier, (other, _) in enumerate(hashes[:later]):
            bits = (other ^ straight).bit_count(), (other ^ mirrored).bit_count()
            near.append((min(bits), bits[1] < bits[0], earlier))
            if min(*bits, (hashes[earlier][1] ^ straight).bit_count()) <= 6:
                low, high = sorted((group[earlier], group[later]))
                group = [low if number == high else number for number in group]
        bits_there, is_mirrored, who = min(near, default=(64, False, 0))
        nearest.append((who, bits_there, is_mirrored) if bits_there <= 6 else None)
    return group, nearest


@pytest.mark.parametrize(
    ("fewest", "bands", "large"),
    [(8192, 7, 200), (1, 7, 0), (1, 7, 3), (1, 7, 200), (1, 8, 3), (1, 8, 200), (1, 9, 3), (1, 9, 200)],
)
def test_nothing_near_is_missed(fewest: int, bands: int, large: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "_FEWEST_TO_SORT", fewest)
    monkeypatch.setattr(duplicates, "_BANDS", [bands])
    monkeypatch.setattr(duplicates, "_LARGE_BUCKET", large)
    monkeypatch.setattr(duplicates, "_BLOCK", 30)
    for seed in range(8):
        rng = np.random.default_rng(seed)
        # Few values, each with up to 12 changed bits: many pairs are just below or just above the limit.
        changes = rng.integers(0, 64, (30, 2, 12)).tolist()
        flips = [[reduce(xor, (1 << bit for bit in bits[: seed + 2])) for bits in pair] for pair in changes]
        values = rng.choice(
            np.array([0, 0xFFFF0000FFFF0000, 0x0F0F0F0F0F0F0F0F], np.uint64), (30, 2)
        ).tolist()
        hashes = [
            (one ^ flip, other ^ turn) for (one, other), (flip, turn) in zip(values, flips, strict=True)
        ]
        group, nearest = brute_force(hashes)
        assert seed > 2 or len(set(group)) < 30
        assert group_near_duplicates(hashes) == group
        assert nearest_earlier(hashes) == nearest


def test_thousands_of_alike_pictures_take_little_time() -> None:
    changed = np.random.default_rng(0).integers(0, 64, (9000, 2))  # too many to compare all pairs
    alike = [(5 ^ (1 << one) ^ (1 << other), 2**60) for one, other in changed.tolist()]
    began = time.process_time()
    assert set(group_near_duplicates(alike)) == {0}
    assert all(near is not None for near in nearest_earlier(alike)[1:])
    assert time.process_time() - began < 3


def test_each_picture_is_compared_with_few_however_many_there_are() -> None:
    compared = []
    for count in (30_000, 300_000):
        hashes = np.random.default_rng(0).integers(0, 2**64, 2 * count, np.uint64)
        pairs = sum(int((np.bincount(key) ** 2).sum()) for key in duplicates._keys(hashes))
        compared.append(pairs / len(hashes))
    assert max(compared) < 1000
