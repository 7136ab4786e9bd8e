import math

import pytest
import torch

from training.augment.effects import add_noise, blur, cut_out, on_rows


def pictures(count: int, height: int = 8, width: int = 8) -> torch.Tensor:
    shape = (count, 3, height, width)
    return torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


def seeded(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_an_effect_gets_its_rows_and_their_parameters_and_no_others() -> None:
    values = torch.tensor([[1.0], [2.0], [3.0], [4.0]])
    asked: list[list[float]] = []

    def add(some: torch.Tensor, more: torch.Tensor) -> torch.Tensor:
        asked.append(some[:, 0].tolist())
        return some + more[:, None]

    rows, more = torch.tensor([False, True, False, True]), torch.tensor([10.0, 20, 30, 40])
    assert on_rows(values, rows, add, more)[:, 0].tolist() == [1, 22, 3, 44]
    assert on_rows(values, rows | True, add, more)[:, 0].tolist() == [11, 22, 33, 44]
    assert on_rows(values, rows & False, add, more) is values
    assert asked == [[2, 4], [1, 2, 3, 4]]
    assert values[:, 0].tolist() == [1, 2, 3, 4]


def test_noise_has_each_picture_s_standard_deviation_and_spares_the_others() -> None:
    grey = torch.zeros(4, 3, 64, 64)
    noisy = add_noise(grey, torch.tensor([0.05, 0.0, 0.1, 0.0]), seeded())
    for number, deviation in ((0, 0.05), (2, 0.1)):
        assert float(noisy[number].std()) == pytest.approx(deviation, rel=0.05)
        # Six standard deviations of the mean of 12288 numbers.
        assert float(noisy[number].mean()) == pytest.approx(0, abs=6 * deviation / math.sqrt(12_288))
    assert torch.equal(noisy[1::2], grey[1::2])
    assert not torch.equal(noisy[0, 0], noisy[0, 1]) and not torch.allclose(2 * noisy[0], noisy[2])


def test_noise_comes_from_the_generator_alone_and_goes_on() -> None:
    before, deviation = torch.get_rng_state(), torch.tensor([0.1, 0.1])
    generator = seeded(3)
    first, second = (add_noise(pictures(2), deviation, generator) for _ in range(2))
    assert torch.equal(first, add_noise(pictures(2), deviation, seeded(3)))
    assert not torch.equal(first, second)
    assert torch.equal(before, torch.get_rng_state())


def test_noise_stays_in_range() -> None:
    white = add_noise(torch.ones(1, 3, 8, 8), torch.tensor([0.5]), seeded())
    assert white.max() == 1 and white.min() < 1


def test_blur_spreads_a_point_as_a_gaussian_of_its_deviation() -> None:
    points = torch.zeros(3, 3, 15, 15)
    points[..., 7, 7] = 1
    blurred = blur(points, torch.tensor([0.5, 0.0, 1.2]))
    for number, deviation in ((0, 0.5), (2, 1.2)):
        weights = [math.exp(-(place**2) / (2 * deviation**2)) for place in range(-4, 5)]
        total = sum(weights)
        for down, across in ((0, 0), (1, 0), (0, -2), (2, 1)):
            expected = weights[4 + down] * weights[4 + across] / total**2
            for channel in range(3):
                found = float(blurred[number, channel, 7 + down, 7 + across])
                assert found == pytest.approx(expected, abs=1e-6)
    assert torch.equal(blurred[1], points[1])


def test_blur_takes_pictures_smaller_than_its_window_and_keeps_what_is_even() -> None:
    even = torch.tensor([1.0, -1.0])[:, None, None, None].expand(2, 3, 2, 3)
    assert torch.allclose(blur(even, torch.tensor([1.2, 1.2])), even, atol=1e-6)


def test_what_is_cut_out_is_grey_to_the_pixel() -> None:
    before = pictures(3, height=4, width=8)
    # A box of columns 1 to 3 and rows 2 to 3; no box; a box that extends beyond the upper left corner.
    box = torch.tensor([[0.125, 0.5, 0.5, 1.0], [0, 0, 0, 0], [-0.2, -0.5, 0.25, 0.25]])
    after, expected = cut_out(before, box), before.clone()
    expected[0, :, 2:4, 1:4] = 0
    expected[2, :, 0:1, 0:2] = 0
    assert torch.equal(after, expected)
    assert (before != 0).all()
