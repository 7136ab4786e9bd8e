from dataclasses import dataclass

import pytest
import torch

from training.augment.keyed import DrawnWithNoise, around, between, chosen, keyed_generator


@dataclass(frozen=True, kw_only=True)
class Lengths(DrawnWithNoise):
    length: torch.Tensor
    pair: torch.Tensor


LENGTHS = Lengths(length=torch.arange(6.0), pair=torch.arange(12.0).reshape(6, 2), noise_seed=50)


def numbers(seed: int, batch: int, stream: int) -> list[float]:
    return torch.rand(3, generator=keyed_generator(seed, batch, stream)).tolist()


def test_a_key_gives_the_same_numbers_again_and_another_key_others() -> None:
    assert numbers(1, 2, 0) == numbers(1, 2, 0)
    others = [(1, 2, 1), (1, 3, 0), (2, 2, 0), (2, 1, 0), (2**63 - 1, 10**9, 1)]
    assert len({tuple(numbers(*key)) for key in [(1, 2, 0), *others]}) == 6


def test_uniform_numbers_fill_their_range() -> None:
    generator = keyed_generator(0, 0, 0)
    for values, low, high in (
        (between(2, 5, generator, 4000, 2), 2.0, 5.0),
        (around(3, generator, 4000, 2), -3.0, 3.0),
    ):
        assert values.shape == (4000, 2) and low <= values.min() and values.max() < high
        # Six standard deviations of the mean of 8000 are 6 / sqrt(12 * 8000) = 0.02 of the range.
        assert values.mean() == pytest.approx((low + high) / 2, abs=0.02 * (high - low))
        assert values.min() < low + 0.01 * (high - low) and values.max() > high - 0.01 * (high - low)


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_a_share_is_chosen(share: float) -> None:
    # Four standard deviations of a share of 0.2 are 4 * sqrt(0.16 / 10000) = 0.016; 0 and 1 are exact.
    found = chosen(share, keyed_generator(0, 0, 0), 10_000).float().mean()
    assert found == pytest.approx(share, abs=0.016 if 0 < share < 1 else 0)


def test_a_part_is_the_same_record_for_its_rows() -> None:
    part = LENGTHS.part(slice(2, 4))
    assert isinstance(part, Lengths)
    assert part.length.tolist() == [2, 3] and part.pair.tolist() == [[4, 5], [6, 7]]


def test_parts_have_noise_of_their_own_and_the_whole_keeps_its() -> None:
    assert LENGTHS.part(slice(None)).noise_seed == LENGTHS.part(slice(0, 3)).noise_seed == 50
    # The seed depends on the first row, also for negative slices and for a part of a part.
    assert LENGTHS.part(slice(3, 6)).noise_seed == LENGTHS.part(slice(-3, None)).noise_seed == 53
    assert LENGTHS.part(slice(2, 6)).part(slice(1, 3)).noise_seed == 53
