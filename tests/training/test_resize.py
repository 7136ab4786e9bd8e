import cv2
import numpy as np
import pytest
import torch

from training.resize import resize, resize_levels


@pytest.mark.parametrize("size", [(12, 20), (11, 13), (24, 7), (1, 1), (23, 39)])
def test_down_it_is_opencvs_area(size: tuple[int, int]) -> None:
    pictures = torch.rand(2, 3, 24, 40, generator=torch.Generator().manual_seed(0)) * 255
    resized = resize(pictures, size)
    assert resized.dtype == torch.float32 and resized.shape == (2, 3, *size)
    for one, picture in zip(resized, pictures, strict=True):
        expected = cv2.resize(
            picture.movedim(0, -1).numpy(), (size[1], size[0]), interpolation=cv2.INTER_AREA
        )
        assert np.allclose(one.movedim(0, -1), expected, atol=1e-3)


def test_up_it_is_bilinear() -> None:
    # Corners are not aligned: the new centres are at -0.25, 0.25, 0.75 and 1.25 of the old grid.
    resized = resize(torch.tensor([[[[0.0, 1.0]]]]), (2, 4))
    assert resized.tolist() == [[[[0, 0.25, 0.75, 1]] * 2]]


def test_the_same_size_is_left_exactly_alone() -> None:
    pictures = torch.rand(1, 3, 5, 7)
    assert torch.equal(resize(pictures, (5, 7)), pictures)


def test_autocast_does_not_round_it() -> None:
    pictures = torch.full((1, 1, 4, 4), 1.001)
    with torch.autocast("cpu", torch.bfloat16):
        resized = resize(pictures, (3, 3))
    assert resized.dtype == torch.float32 and torch.allclose(resized, torch.tensor(1.001))


@pytest.mark.parametrize(
    "size", [(24, 40), (12, 20), (8, 10), (24, 10), (1, 1), (1, 40), (11, 20), (12, 21), (48, 80), (24, 80)]
)
@pytest.mark.parametrize("channels", [1, 3])
def test_levels_become_what_their_floats_become(size: tuple[int, int], channels: int) -> None:
    levels = torch.randint(0, 256, (2, 24, 40, channels), dtype=torch.uint8)
    levels[0] = 255  # the largest sums
    expected = resize(levels.movedim(-1, 1).float(), size)
    before = levels.clone()
    assert torch.equal(resize_levels(levels, size), expected)
    assert torch.equal(levels, before)
