import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from generator.errors import ConfigError
from generator.split import assign_splits, group_near_duplicates, perceptual_hash


def words(count: int, seed: int = 0) -> np.ndarray:
    return np.random.Philox(key=seed).random_raw(count)


def photo(seed: int) -> np.ndarray:
    """Smooth and irregular, as photographs are; neither very dark nor very bright."""
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


def test_default_shares_of_a_hundred() -> None:
    splits = assign_splits(range(100), (80, 10, 10), words(100), "foregrounds")
    assert [splits.count(split) for split in ("train", "val", "test")] == [80, 10, 10]


@given(
    sizes=st.lists(st.integers(1, 5), min_size=3, max_size=40),
    shares=st.tuples(st.integers(1, 90), st.integers(1, 50), st.integers(1, 50)),
    seed=st.integers(0, 1000),
)
def test_groups_stay_together_and_no_split_is_empty(
    sizes: list[int], shares: tuple[int, int, int], seed: int
) -> None:
    groups = [group for group, size in enumerate(sizes) for _ in range(size)]
    splits = assign_splits(groups, shares, words(len(groups), seed), "foregrounds")
    for group in set(groups):
        assert len({split for split, of in zip(splits, groups, strict=True) if of == group}) == 1
    assert set(splits) == {"train", "val", "test"}


def test_a_split_without_share_stays_empty() -> None:
    splits = assign_splits(range(10), (90, 10, 0), words(10), "foregrounds")
    assert [splits.count(split) for split in ("train", "val", "test")] == [9, 1, 0]


def test_none_puts_all_in_train_even_a_single_one() -> None:
    assert assign_splits([0], None, words(1), "foregrounds") == ["train"]


def test_too_few_different_pictures_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least 3 different foregrounds for train, val, test, found 2"):
        assign_splits([0, 1, 1, 1], (80, 10, 10), words(4), "foregrounds")


def test_another_seed_divides_otherwise() -> None:
    first, second = (assign_splits(range(50), (80, 10, 10), words(50, seed), "bg") for seed in (1, 2))
    assert first != second
