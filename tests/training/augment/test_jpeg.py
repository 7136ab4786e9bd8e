import io

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional

from training.augment.jpeg import QUALITIES, draw_quality, jpeg


def smooth(count: int, height: int = 64, width: int = 48) -> torch.Tensor:
    """Smooth pictures (B, 3, H, W) in [-1, 1]: patches of colour, with whole levels from 30 to 225."""
    patches = torch.rand(count, 3, 9, 7, generator=torch.Generator().manual_seed(0))
    pictures = functional.interpolate(patches, (height, width), mode="bicubic", align_corners=False)
    return (30 + 195 * pictures.clamp(0, 1)).round() / 127.5 - 1


def levels(picture: torch.Tensor) -> np.ndarray:
    return ((picture + 1) * 127.5).permute(1, 2, 0).double().numpy()


def by_pillow(picture: torch.Tensor, quality: int) -> np.ndarray:
    file = io.BytesIO()
    pixels = levels(picture).round().astype(np.uint8)
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling="4:2:0")
    return np.asarray(Image.open(file)).astype(float)


@pytest.mark.parametrize("quality", [10, 30, 50, 75, 95])
def test_grey_pictures_come_back_as_from_a_file(quality: int) -> None:
    grey = smooth(1)[:, :1].expand(1, 3, 64, 48)
    (after,) = jpeg(grey, torch.tensor([float(quality)]))
    # A file rounds its levels, by 0.25 on average. Wrong steps would give an error as large as JPEG's own.
    apart = np.abs(levels(after) - by_pillow(grey[0], quality)).mean()
    moved = np.abs(levels(grey[0]) - by_pillow(grey[0], quality)).mean()
    assert apart < 0.45 and (quality == 95 or moved > 2 * apart)


@pytest.mark.parametrize("quality", [30, 60, 95])
def test_coloured_pictures_come_back_nearly_as_from_a_file(quality: int) -> None:
    (picture,) = smooth(1)
    (after,) = jpeg(picture[None], torch.tensor([float(quality)]))
    # Files also round colours between the steps; sometimes this changes a cosine term.
    apart = np.abs(levels(after) - by_pillow(picture, quality)).mean()
    moved = np.abs(levels(picture) - by_pillow(picture, quality)).mean()
    assert apart < 1.3 and moved > 3 * apart


def test_each_picture_has_its_own_quality_and_0_leaves_it_alone() -> None:
    before = smooth(3)
    after = jpeg(before, torch.tensor([20.0, 0.0, 90.0]))
    assert torch.equal(after[1], before[1])
    for number, quality in ((0, 20.0), (2, 90.0)):
        (alone,) = jpeg(before[number : number + 1], torch.tensor([quality]))
        assert torch.allclose(after[number], alone, atol=1e-4)
    assert (after - before)[0].abs().mean() > 2 * (after - before)[2].abs().mean() > 0


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 17), (16, 16), (20, 33)])
def test_any_size_comes_back_as_it_was_of_pictures_as_large(height: int, width: int) -> None:
    before = smooth(2, height, width)
    after = jpeg(before, torch.tensor([95.0, 95.0]))
    assert after.shape == before.shape
    larger = functional.pad(before, (0, -width % 16, 0, -height % 16), "replicate")
    assert torch.allclose(after, jpeg(larger, torch.tensor([95.0, 95.0]))[..., :height, :width], atol=1e-4)


def test_pictures_stay_in_range_and_what_is_even_stays_even() -> None:
    noise = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)).round() * 2 - 1
    assert jpeg(noise, torch.tensor([30.0, 30.0])).abs().max() == 1
    even = torch.full((1, 3, 16, 16), 4 / 127.5 + 0.5 / 127.5)  # level 132: 4 above 128, whole DC steps
    assert torch.allclose(jpeg(even, torch.tensor([50.0])), even, atol=1e-5)


def test_qualities_are_whole_and_within_their_limits() -> None:
    quality = draw_quality(0.5, torch.Generator().manual_seed(0), 4000)
    drawn = quality[quality > 0]
    assert {float(one) for one in drawn} == set(range(QUALITIES[0], QUALITIES[1] + 1))
    # Four standard deviations: 4 * sqrt(0.25 / 4000) = 0.032.
    assert len(drawn) / 4000 == pytest.approx(0.5, abs=0.032)
