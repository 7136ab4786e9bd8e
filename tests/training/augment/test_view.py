from dataclasses import asdict, replace
from typing import Any

import pytest
import torch

from training.augment.backgrounds import draw_background_change
from training.augment.effects import blur
from training.augment.jpeg import QUALITIES, jpeg
from training.augment.view import (
    BLURS,
    COVERS,
    MAX_CAST,
    MAX_HUE,
    MAX_LIGHT,
    MAX_SATURATION,
    NOISES,
    View,
    apply_view,
    draw_view,
)
from training.batches.prepare import Prepared
from training.config import DEFAULT_AUGMENT
from training.models import Truth

ALL = dict.fromkeys(DEFAULT_AUGMENT, 1.0)


def samples(count: int, height: int = 2, width: int = 3) -> Prepared:
    """Random samples; depth is known in the first column only."""
    plain = torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(1))
    known = (torch.arange(width) == 0).expand(count, 1, height, width)
    return Prepared(plain * 2 - 1, 1 - plain, Truth(plain[:, :1], plain[:, 1:2], known))


def seen(count: int, **fields: Any) -> View:
    """A view that changes nothing except the given fields."""
    zeros = torch.zeros(count)
    none = zeros > 0
    plain: dict[str, Any] = {
        "mirrored": none,
        "relit": none,
        "colour": torch.eye(3).expand(count, 3, 3),
        "offset": torch.zeros(count, 3),
        "blur": zeros,
        "noise": zeros,
        "quality": zeros,
        "covered": torch.zeros(count, 4),
        "noise_seed": 1,
    }
    return View(**(plain | fields))


def parts(batch: Prepared) -> list[torch.Tensor]:
    return [batch.bg, batch.fg_bg, batch.truth.mask, batch.truth.depth, batch.truth.known]


def test_a_view_is_a_pure_function_of_seed_and_batch() -> None:
    torch.manual_seed(1)
    first = draw_view(5, 3, 8, ALL)
    torch.manual_seed(2)
    again = draw_view(5, 3, 8, ALL)
    assert str(asdict(first)) == str(asdict(again))
    for seed, batch in ((5, 4), (4, 3)):
        other = draw_view(seed, batch, 8, ALL)
        for name in ("colour", "offset", "blur", "noise", "quality", "covered"):
            assert not torch.equal(getattr(first, name), getattr(other, name))
    before = samples(8)
    assert all(map(torch.equal, parts(apply_view(before, first)), parts(apply_view(before, again))))


def test_seeing_leaves_the_global_random_state_and_the_given_batch_alone() -> None:
    state, batch = torch.get_rng_state(), samples(4)
    apply_view(batch, draw_view(0, 0, 4, ALL))
    assert torch.equal(state, torch.get_rng_state())
    assert all(map(torch.equal, parts(batch), parts(samples(4))))


def test_without_shares_a_batch_stays_exactly_as_it_was() -> None:
    batch = samples(16)
    assert all(map(torch.equal, parts(apply_view(batch, draw_view(0, 0, 16, {}))), parts(batch)))


@pytest.mark.parametrize("name", DEFAULT_AUGMENT)
def test_every_effect_there_is_changes_pictures_and_only_flip_the_truth(name: str) -> None:
    batch = samples(16, 16, 16)
    after = apply_view(batch, draw_view(0, 0, 16, {name: 1.0}))
    changed = [not torch.equal(one, other) for one, other in zip(parts(after), parts(batch), strict=True)]
    assert changed == [True, True, *[name == "flip"] * 3]
    for pictures in parts(after)[:2]:
        assert pictures.abs().max() <= 1


def test_the_share_of_one_effect_leaves_the_others_as_they_are() -> None:
    few, all_of_them = (draw_view(0, 0, 50, {"noise": 0.5, "flip": share}) for share in (0.0, 1.0))
    assert torch.equal(few.noise, all_of_them.noise)
    assert not few.mirrored.any() and all_of_them.mirrored.all()


def test_samples_get_each_effect_in_its_share_and_apart_from_the_others() -> None:
    shares = {"flip": 0.5, "light": 0.7, "noise": 0.1, "jpeg": 0.2, "blur": 0.3, "cutout": 0.4}
    view = draw_view(0, 1, 20_000, shares)
    got = {
        "flip": view.mirrored,
        "light": view.relit,
        "noise": view.noise > 0,
        "jpeg": view.quality > 0,
        "blur": view.blur > 0,
        "cutout": view.covered[:, 2] > view.covered[:, 0],
    }
    for name, share in shares.items():
        # Four standard deviations of a share of 0.5: 4 * sqrt(0.25 / 20000) = 0.014.
        assert got[name].float().mean() == pytest.approx(share, abs=0.015)
        for other in shares.keys() - {name}:
            both = (got[name] & got[other]).float().mean()
            assert both == pytest.approx(share * shares[other], abs=0.015)


def test_a_mirrored_sample_is_mirrored_in_all_its_parts() -> None:
    batch = samples(2)
    after = parts(apply_view(batch, seen(2, mirrored=torch.tensor([False, True]))))
    for part, before in zip(after, parts(batch), strict=True):
        assert torch.equal(part[0], before[0])
        assert torch.equal(part[1], before[1].flip(-1)) and not torch.equal(part[1], before[1])


def test_light_changes_both_pictures_alike() -> None:
    batch = samples(2)
    for pictures in parts(batch)[:2]:
        pictures[0, :, 0, 0] = torch.tensor([0.5, -0.5, 0.25])
    colour = torch.tensor([[0.5, 0.0, 0.0], [0.0, 1.0, 1.0], [0.0, 0.0, 4.0]]).expand(2, 3, 3)
    offset = torch.tensor([0.1, 0.1, 0.1]).expand(2, 3)
    relit = apply_view(batch, seen(2, relit=torch.tensor([True, False]), colour=colour, offset=offset))
    for before, after in zip(parts(batch)[:2], parts(relit)[:2], strict=True):
        # 0.5 * 0.5 + 0.1; -0.5 + 0.25 + 0.1; 0.25 * 4 + 0.1 is clipped to 1.
        assert after[0, :, 0, 0].tolist() == pytest.approx([0.35, -0.15, 1.0])
        assert torch.equal(after[1], before[1])


def test_blur_and_quality_are_the_same_for_both_pictures() -> None:
    batch, deviation, quality = samples(2, 24, 24), torch.tensor([1.0, 0.5]), torch.tensor([40.0, 80.0])
    after = apply_view(batch, seen(2, blur=deviation, quality=quality))
    for before, pictures in zip(parts(batch)[:2], parts(after)[:2], strict=True):
        assert torch.equal(pictures, jpeg(blur(before, deviation), quality))


def test_noise_is_drawn_apart_for_both_pictures_and_not_blurred() -> None:
    grey = torch.zeros(1, 3, 64, 64)
    view = seen(1, noise=torch.tensor([0.05]), blur=torch.tensor([1.0]))
    after = apply_view(Prepared(grey, grey, samples(1, 64, 64).truth), view)
    bg, fg_bg = after.bg.flatten(), after.fg_bg.flatten()
    assert float(bg.std()) == pytest.approx(0.05, rel=0.05) == float(fg_bg.std())
    # Six standard deviations of a correlation of 12288 numbers: 6 / sqrt(12288).
    assert abs(float(torch.corrcoef(torch.stack([bg, fg_bg]))[0, 1])) < 0.055


def test_the_same_rectangle_of_both_pictures_is_covered_whatever_else_is_done() -> None:
    batch = samples(2, 16, 16)
    covered = torch.tensor([[0.25, 0.5, 0.5, 0.75], [0, 0, 0, 0]])
    view = replace(draw_view(0, 0, 2, ALL), covered=covered)
    after = apply_view(batch, view)
    for pictures in (after.bg, after.fg_bg):
        assert (pictures[0, :, 8:12, 4:8] == 0).all()
        assert (pictures == 0).float().mean() < 0.05  # 16 of 2 * 256 pixels, and a few by chance


def test_each_sample_is_seen_by_itself_whether_as_a_part_or_in_the_whole() -> None:
    batch, view = samples(4, 16, 16), draw_view(0, 0, 4, ALL | {"noise": 0.0})
    together = apply_view(batch, view)
    for number in range(4):
        one = slice(number, number + 1)
        truth = Truth(*(part[one] for part in parts(batch)[2:]))
        alone = apply_view(Prepared(batch.bg[one], batch.fg_bg[one], truth), view.part(one))
        for part, expected in zip(parts(together), parts(alone), strict=True):
            assert torch.allclose(part[one].float(), expected.float(), atol=1e-4)


def test_parameters_of_light_keep_to_their_limits() -> None:
    view = draw_view(0, 1, 50_000, ALL)
    # Of a grey pixel, only light and the cast of each channel change the levels; saturation does not.
    grey = view.colour.sum(dim=2)
    assert (1 - MAX_LIGHT) * (1 - MAX_CAST) < grey.min() < 1.02 * (1 - MAX_LIGHT) * (1 - MAX_CAST)
    assert 0.98 * (1 + MAX_LIGHT) * (1 + MAX_CAST) < grey.max() < (1 + MAX_LIGHT) * (1 + MAX_CAST)
    # Because of the cast, channels differ by a factor of up to (1 + MAX_CAST) / (1 - MAX_CAST).
    apart = (grey[:, 0] / grey[:, 1]).max()
    assert 0.98 * (1 + MAX_CAST) / (1 - MAX_CAST) < apart < (1 + MAX_CAST) / (1 - MAX_CAST)
    # Without gain and grey: half of the trace is saturation * cos(hue), the skew part saturation * sin(hue).
    turned = view.colour / grey[..., None] - 1 / 3
    straight = turned.diagonal(dim1=1, dim2=2).sum(dim=1) / 2
    across = (turned[:, 1, 0] - turned[:, 0, 1]) * 3**0.5 / 2
    saturation, hue = torch.hypot(straight, across), torch.atan2(across, straight)
    assert 0.99 * MAX_HUE < hue.abs().max() < 1.001 * MAX_HUE
    assert 1 - MAX_SATURATION <= saturation.min() < 1.01 - MAX_SATURATION
    assert 0.99 + MAX_SATURATION < saturation.max() <= 1.0001 + MAX_SATURATION
    assert 0.99 * MAX_LIGHT < view.offset.abs().max() <= MAX_LIGHT
    assert torch.equal(view.offset[:, 0], view.offset[:, 2])


def test_parameters_of_the_other_effects_fill_their_ranges() -> None:
    view = draw_view(0, 1, 20_000, ALL)
    left, top, right, bottom = view.covered.unbind(1)
    for values, (low, high) in (
        (view.blur, BLURS),
        (view.noise, NOISES),
        (view.quality, QUALITIES),
        (right - left, COVERS),
        (bottom - top, COVERS),
        ((left + right) / 2, (0, 1)),
        ((top + bottom) / 2, (0, 1)),
    ):
        room = 0.01 * (high - low)
        assert low - 1e-6 <= values.min() < low + room and high - room < values.max() <= high + 1e-6


def test_views_and_changes_of_a_batch_are_drawn_apart() -> None:
    mirrored = draw_view(0, 0, 1000, {"flip": 0.5}).mirrored
    dropped = draw_background_change(0, 0, 1000, 0.5, 0).dropped
    # Like two coins, they are equal in half of the cases. From the same stream they would always be equal.
    assert 400 < int((mirrored == dropped).sum()) < 600
