from dataclasses import asdict

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from training.augment import (
    MAX_CAST,
    MAX_GAIN,
    MAX_HUE,
    MAX_LIGHT,
    MAX_NOISE,
    MAX_OFFSET,
    MAX_SATURATION,
    MAX_SCALE,
    MAX_SHIFT,
    MAX_TURN,
    BackgroundChange,
    View,
    apply_view,
    change_backgrounds,
    draw_background_change,
    draw_view,
)
from training.prepare import Prepared, Truth

STILL = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def backgrounds(count: int, size: int = 8) -> torch.Tensor:
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1


def by_hand(
    warp: torch.Tensor = STILL, gain: float = 1.0, offset: float = 0.0, noise: float = 1e-30
) -> BackgroundChange:
    """One background's change; noise as small as that changes nothing."""
    return BackgroundChange(
        torch.tensor([False]),
        warp[None].clone(),
        torch.full((1, 3), gain),
        torch.full((1, 3), offset),
        torch.tensor([noise]),
        noise_seed=1,
    )


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**63 - 1), step=st.integers(0, 10**9))
def test_a_batch_is_a_pure_function_of_seed_and_step(seed: int, step: int) -> None:
    torch.manual_seed(1)
    first = draw_background_change(seed, step, 6, 0.3, 0.5)
    changed = change_backgrounds(backgrounds(6), first)
    torch.manual_seed(2)
    second = draw_background_change(seed, step, 6, 0.3, 0.5)
    assert str(asdict(first)) == str(asdict(second))
    assert str(asdict(draw_view(seed, step, 6))) == str(asdict(draw_view(seed, step, 6)))
    assert torch.equal(changed, change_backgrounds(backgrounds(6), second))


def test_drawing_leaves_the_global_random_state_alone() -> None:
    before = torch.get_rng_state()
    change_backgrounds(backgrounds(4), draw_background_change(0, 0, 4, 0, 1))
    draw_view(0, 0, 4)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(("seed", "step"), [(0, 1), (1, 0)])
def test_another_step_or_seed_changes_otherwise(seed: int, step: int) -> None:
    bg = backgrounds(4)
    first = change_backgrounds(bg, draw_background_change(0, 0, 4, 0, 1))
    assert not torch.equal(first, change_backgrounds(bg, draw_background_change(seed, step, 4, 0, 1)))
    assert not torch.equal(draw_view(0, 0, 4).colour, draw_view(seed, step, 4).colour)


def test_dropout_1_withholds_every_background() -> None:
    changed = change_backgrounds(backgrounds(16), draw_background_change(3, 5, 16, 1, 0))
    assert torch.equal(changed, torch.zeros(16, 3, 8, 8))


def test_without_jitter_and_dropout_backgrounds_stay_exactly_as_they_were() -> None:
    bg = backgrounds(16)
    assert torch.equal(change_backgrounds(bg, draw_background_change(3, 5, 16, 0, 0)), bg)


def test_jitter_1_changes_every_background_within_its_range() -> None:
    bg = backgrounds(64)
    changed = change_backgrounds(bg, draw_background_change(3, 5, 64, 0, 1))
    assert (changed != bg).flatten(1).any(dim=1).all()
    assert changed.min() >= -1 and changed.max() <= 1


def test_a_jittered_background_is_still_the_same_place() -> None:
    ramp = torch.linspace(-0.7, 0.7, 32).expand(64, 3, 32, 32)
    changed = change_backgrounds(ramp, draw_background_change(3, 5, 64, 0, 1))
    assert 0.02 < (changed - ramp).abs().mean() < 0.2


def test_shares_are_as_asked() -> None:
    count = 20_000
    change = draw_background_change(1, 2, count, 0.25, 0.35)
    jittered = change.noise > 0
    # Four standard deviations of a share near a quarter are 4 * sqrt(0.25 * 0.75 / 20000) = 0.012.
    assert change.dropped.float().mean() == pytest.approx(0.25, abs=0.013)
    assert jittered.float().mean() == pytest.approx(0.35, abs=0.014)
    assert not (change.dropped & jittered).any()
    assert (change.warp[~jittered] == STILL).all()


def test_a_mixed_batch_treats_each_background_by_itself() -> None:
    bg, change = backgrounds(32), draw_background_change(0, 0, 32, 0.3, 0.4)
    changed = change_backgrounds(bg, change)
    jittered = change.noise > 0
    assert 0 < change.dropped.sum() < 32 and 0 < jittered.sum() < 32
    for number in range(32):
        if change.dropped[number]:
            assert (changed[number] == 0).all()
        else:
            assert torch.equal(changed[number], bg[number]) is not bool(jittered[number])


def test_the_given_backgrounds_stay_as_they_were() -> None:
    bg = backgrounds(8)
    change_backgrounds(bg, draw_background_change(0, 0, 8, 0.5, 0.5))
    assert torch.equal(bg, backgrounds(8))


def test_parameters_of_a_change_keep_to_their_limits() -> None:
    change = draw_background_change(1, 2, 5000, 0, 1)
    shift, scale = change.warp[:, :, 2], change.warp[:, :, 0].norm(dim=1) - 1
    turn = torch.atan2(change.warp[:, 1, 0], change.warp[:, 0, 0])
    # Coordinates span 2, so a share of the side counts double.
    limits = [(shift, 2 * MAX_SHIFT), (scale, MAX_SCALE), (turn, MAX_TURN), (change.noise, MAX_NOISE)]
    # The exposure of all channels, and a quarter as much for each.
    limits += [(change.gain - 1, 1.25 * MAX_GAIN), (change.offset, 1.25 * MAX_OFFSET)]
    for values, limit in limits:
        assert 0.9 * limit < values.abs().max() < 1.0001 * limit


def test_a_shift_by_two_pixels_moves_the_picture_by_two_pixels() -> None:
    # 2 of 8 pixels are a quarter of the side, half a unit of coordinates that span 2.
    bg, warp = backgrounds(1), STILL.clone()
    warp[0, 2] = 0.5
    changed = change_backgrounds(bg, by_hand(warp=warp))
    assert torch.allclose(changed[..., :6], bg[..., 2:], atol=1e-5)
    # What comes in at the border is the picture mirrored.
    assert torch.allclose(changed[..., 6:], bg[..., 6:].flip(-1), atol=1e-5)


def test_each_background_gets_its_own_change() -> None:
    bg, warp = backgrounds(1).expand(3, 3, 8, 8) * 0.5, STILL.repeat(3, 1, 1)
    warp[:2, 0, 2] = 0.5  # the first is not looked at: its noise says that it stays
    still = torch.zeros(3, 3)
    gain = still + torch.tensor([0.9, 0.8, 0.7])[:, None]
    offset = still + torch.tensor([0.3, 0.2, 0.1])[:, None]
    change = BackgroundChange(still[0] > 0, warp, gain, offset, torch.tensor([0, 1e-30, 1e-30]), 1)
    first, second, third = change_backgrounds(bg, change)
    assert torch.equal(first, bg[0])
    assert torch.allclose(second[..., :6], 0.8 * bg[0, ..., 2:] + 0.2, atol=1e-5)
    assert torch.allclose(third, 0.7 * bg[0] + 0.1, atol=1e-5)


def test_exposure_is_gain_then_offset() -> None:
    bg = torch.full((1, 3, 4, 4), 0.5)
    # 0.5 * 0.8 + 0.1 = 0.5; 0.5 * 1.2 + 0.1 = 0.7; 0.5 * 3 + 0.1 is cut off at 1
    for gain, expected in ((0.8, 0.5), (1.2, 0.7), (3.0, 1.0)):
        changed = change_backgrounds(bg, by_hand(gain=gain, offset=0.1))
        assert changed.flatten().tolist() == pytest.approx([expected] * 48, abs=1e-6)


def test_noise_has_the_standard_deviation_asked_for() -> None:
    bg = torch.zeros(1, 3, 64, 64)
    noise = change_backgrounds(bg, by_hand(noise=0.05))
    assert float(noise.std()) == pytest.approx(0.05, rel=0.05)
    assert float(noise.mean()) == pytest.approx(0, abs=0.002)


def whole(count: int) -> Prepared:
    numbers = torch.arange(count * 16.0).reshape(count, 1, 4, 4) / (count * 16)
    bg, fg_bg = (numbers.repeat(1, 3, 1, 1) * 0.5 + shift for shift in (0.0, 0.25))
    return Prepared(bg, fg_bg, Truth(numbers, numbers / 2, numbers > 0.3))


PLAIN = torch.eye(3)[None]


def test_a_view_is_a_pure_function_of_seed_and_step() -> None:
    first, again, other = (draw_view(5, step, 8) for step in (3, 3, 4))
    assert str(asdict(first)) == str(asdict(again)) != str(asdict(other))


def test_mirroring_takes_everything_along() -> None:
    batch = whole(2)
    seen = apply_view(batch, View(torch.tensor([True, False]), PLAIN.repeat(2, 1, 1), torch.zeros(2, 3)))
    for before, after in (
        (batch.bg, seen.bg),
        (batch.fg_bg, seen.fg_bg),
        (batch.truth.mask, seen.truth.mask),
        (batch.truth.depth, seen.truth.depth),
        (batch.truth.known, seen.truth.known),
    ):
        assert torch.equal(after[0], before[0].flip(-1)) and torch.equal(after[1], before[1])


def test_light_changes_both_pictures_alike_and_the_truth_not_at_all() -> None:
    batch = whole(1)
    colour = torch.tensor([[[2.0, 0, 0], [0, 0.5, 0], [0, 0, 1.0]]])
    seen = apply_view(batch, View(torch.tensor([False]), colour, torch.tensor([[0.1, 0.0, -0.2]])))
    for before, after in ((batch.bg, seen.bg), (batch.fg_bg, seen.fg_bg)):
        expected = torch.stack([2 * before[0, 0] + 0.1, 0.5 * before[0, 1], before[0, 2] - 0.2])
        assert torch.allclose(after[0], expected.clamp(-1, 1), atol=1e-6)
    assert torch.equal(seen.truth.mask, batch.truth.mask)
    assert torch.equal(seen.truth.depth, batch.truth.depth)


def test_views_keep_grey_grey_but_for_a_cast_and_stay_in_range() -> None:
    view = draw_view(0, 0, 500)
    assert 0.4 < view.mirrored.float().mean() < 0.6
    grey = view.colour.sum(dim=2)  # what becomes of a grey of 1
    assert grey.min() > (1 - MAX_LIGHT) * (1 - MAX_CAST) - 1e-5
    assert grey.max() < (1 + MAX_LIGHT) * (1 + MAX_CAST) + 1e-5
    assert view.offset.abs().max() <= MAX_LIGHT
    batch = Prepared(*(torch.rand(500, 3, 2, 2) * 2 - 1 for _ in range(2)), whole(500).truth)
    seen = apply_view(batch, view)
    assert seen.fg_bg.abs().max() <= 1 and (seen.fg_bg != batch.fg_bg).flatten(1).any(dim=1).all()


def samples(count: int) -> Prepared:
    """Random samples of 2 x 3 pixels."""
    plain = torch.rand(count, 3, 2, 3, generator=torch.Generator().manual_seed(1))
    known = torch.tensor([True, False, False]).repeat(count, 1, 2, 1)
    truth = Truth(plain[:, :1], plain[:, 1:2], known)
    return Prepared(plain * 2 - 1, 1 - plain, truth)


def seen(count: int, mirrored: bool = False, colour: torch.Tensor | None = None, offset: float = 0.0) -> View:
    """A view of all samples alike."""
    matrix = torch.eye(3) if colour is None else colour
    return View(torch.full((count,), mirrored), matrix.expand(count, 3, 3), torch.full((count, 3), offset))


def parts(batch: Prepared) -> list[torch.Tensor]:
    return [batch.bg, batch.fg_bg, batch.truth.mask, batch.truth.depth, batch.truth.known]


def test_the_plain_view_leaves_a_batch_exactly_as_it_was() -> None:
    batch = samples(2)
    assert all(map(torch.equal, parts(apply_view(batch, seen(2))), parts(batch)))


def test_a_mirrored_sample_is_mirrored_in_all_its_parts() -> None:
    batch, view = samples(2), seen(2)
    view.mirrored[1] = True
    for part, before in zip(parts(apply_view(batch, view)), parts(batch), strict=True):
        assert torch.equal(part[0], before[0])
        assert torch.equal(part[1], before[1].flip(-1)) and not torch.equal(part[1], before[1])


def test_light_changes_both_pictures_alike_and_no_truth() -> None:
    batch = samples(1)
    batch.bg[0, :, 0, 0] = batch.fg_bg[0, :, 1, 1] = torch.tensor([0.5, -0.5, 0.25])
    colour = torch.tensor([[0.5, 0.0, 0.0], [0.0, 1.0, 1.0], [0.0, 0.0, 4.0]])
    relit = apply_view(batch, seen(1, colour=colour, offset=0.1))
    # 0.5 * 0.5 + 0.1; -0.5 + 0.25 + 0.1; 0.25 * 4 + 0.1 is cut off at 1.
    for pixel in (relit.bg[0, :, 0, 0], relit.fg_bg[0, :, 1, 1]):
        assert pixel.tolist() == pytest.approx([0.35, -0.15, 1.0])
    assert all(map(torch.equal, parts(relit)[2:], parts(batch)[2:]))


def test_each_sample_is_seen_in_its_own_light() -> None:
    batch, view = samples(2), draw_view(0, 0, 2)
    both = apply_view(batch, view)
    for number in range(2):
        one = slice(number, number + 1)
        truth = Truth(*(part[one] for part in parts(batch)[2:]))
        alone = View(view.mirrored[one], view.colour[one], view.offset[one])
        expected = parts(apply_view(Prepared(batch.bg[one], batch.fg_bg[one], truth), alone))
        assert all(map(torch.equal, [part[one] for part in parts(both)], expected))
    assert not torch.equal(view.colour[0], view.colour[1])


def test_half_of_the_samples_are_mirrored() -> None:
    # Four standard deviations: 4 * sqrt(0.25 / 20000) = 0.014
    assert draw_view(0, 1, 20_000).mirrored.float().mean() == pytest.approx(0.5, abs=0.015)


def test_parameters_of_a_view_keep_to_their_limits() -> None:
    view = draw_view(0, 1, 50_000)
    # A grey pixel keeps its shares but for each channel's cast; saturation does not touch it.
    grey = view.colour.sum(dim=2)
    assert (1 - MAX_LIGHT) * (1 - MAX_CAST) < grey.min() < 1.02 * (1 - MAX_LIGHT) * (1 - MAX_CAST)
    assert 0.98 * (1 + MAX_LIGHT) * (1 + MAX_CAST) < grey.max() < (1 + MAX_LIGHT) * (1 + MAX_CAST)
    # The cast sets channels apart, by up to (1 + MAX_CAST) / (1 - MAX_CAST).
    apart = (grey[:, 0] / grey[:, 1]).max()
    assert 0.98 * (1 + MAX_CAST) / (1 - MAX_CAST) < apart < (1 + MAX_CAST) / (1 - MAX_CAST)
    # Without gain and grey, half the trace is saturation * cos(hue); the skew part is saturation * sin(hue).
    turned = view.colour / grey[..., None] - 1 / 3
    straight = turned.diagonal(dim1=1, dim2=2).sum(dim=1) / 2
    across = (turned[:, 1, 0] - turned[:, 0, 1]) * 3**0.5 / 2
    saturation, hue = torch.hypot(straight, across), torch.atan2(across, straight)
    assert 0.99 * MAX_HUE < hue.abs().max() < 1.001 * MAX_HUE
    assert 1 - MAX_SATURATION <= saturation.min() < 1.01 - MAX_SATURATION
    assert 0.99 + MAX_SATURATION < saturation.max() <= 1.0001 + MAX_SATURATION
    assert 0.99 * MAX_LIGHT < view.offset.abs().max() <= MAX_LIGHT
    assert torch.equal(view.offset[:, 0], view.offset[:, 2])


def test_views_and_changes_of_a_batch_are_drawn_apart() -> None:
    mirrored = draw_view(0, 0, 1000).mirrored
    dropped = draw_background_change(0, 0, 1000, 0.5, 0).dropped
    # Equal in half of the cases, as two coins; from one stream they would be equal in all.
    assert 400 < int((mirrored == dropped).sum()) < 600
