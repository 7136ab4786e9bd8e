from dataclasses import asdict

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from training.augment.backgrounds import (
    JPEG_SHARE,
    MAX_GAIN,
    MAX_NOISE,
    MAX_OFFSET,
    MAX_SCALE,
    MAX_SHIFT,
    MAX_TURN,
    BackgroundChange,
    draw_background_change,
    jitter_backgrounds,
    withhold_backgrounds,
)
from training.augment.jpeg import QUALITIES, jpeg
from training.batches.prepare import to_network

STILL = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def backgrounds(count: int, size: int = 8) -> torch.Tensor:
    return as_seen(levels(count, size))


def levels(count: int, size: int = 8) -> torch.Tensor:
    """Backgrounds (B, size, size, 3) uint8, as in a dataset."""
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, size, size, 3), generator=generator, dtype=torch.uint8)


def as_seen(levels: torch.Tensor, size: int | None = None) -> torch.Tensor:
    return to_network(levels, (size or levels.shape[1],) * 2)


def change_backgrounds(bg: torch.Tensor, change: BackgroundChange, size: int | None = None) -> torch.Tensor:
    """Change and withhold backgrounds (B, 3, H, W), rounded to 8 bits, at `size` or at their own size."""
    levels = ((bg + 1) * 127.5).round().byte().permute(0, 2, 3, 1)
    return withhold_backgrounds(jitter_backgrounds(as_seen(levels, size), levels, change), change)


def by_hand(
    warp: torch.Tensor = STILL,
    gain: float = 1.0,
    offset: float = 0.0,
    noise: float = 0.0,
    quality: float = 0.0,
) -> BackgroundChange:
    """The change of one background."""
    return BackgroundChange(
        dropped=torch.tensor([False]),
        jittered=torch.tensor([True]),
        warp=warp[None],
        gain=torch.full((1, 3), gain),
        offset=torch.full((1, 3), offset),
        noise=torch.tensor([noise]),
        quality=torch.tensor([quality]),
        noise_seed=1,
    )


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**63 - 1), batch=st.integers(0, 10**9))
def test_a_change_is_a_pure_function_of_seed_and_batch(seed: int, batch: int) -> None:
    torch.manual_seed(1)
    first = draw_background_change(seed, batch, 6, 0.3, 0.5)
    changed = change_backgrounds(backgrounds(6), first)
    torch.manual_seed(2)
    second = draw_background_change(seed, batch, 6, 0.3, 0.5)
    assert str(asdict(first)) == str(asdict(second))
    assert torch.equal(changed, change_backgrounds(backgrounds(6), second))


def test_changing_leaves_the_global_random_state_and_the_given_backgrounds_alone() -> None:
    before, bg = torch.get_rng_state(), backgrounds(8)
    change_backgrounds(bg, draw_background_change(0, 0, 8, 0.5, 0.5))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(bg, backgrounds(8))


@pytest.mark.parametrize(("seed", "batch"), [(0, 1), (1, 0)])
def test_another_batch_or_seed_changes_otherwise(seed: int, batch: int) -> None:
    bg = backgrounds(4)
    first = change_backgrounds(bg, draw_background_change(0, 0, 4, 0, 1))
    assert not torch.equal(first, change_backgrounds(bg, draw_background_change(seed, batch, 4, 0, 1)))


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
    ramp = (torch.linspace(40, 215, 32).round() / 127.5 - 1).expand(64, 3, 32, 32)
    changed = change_backgrounds(ramp, draw_background_change(3, 5, 64, 0, 1))
    assert 0.02 < (changed - ramp).abs().mean() < 0.2


def test_shares_are_as_asked() -> None:
    change = draw_background_change(1, 2, 20_000, 0.25, 0.35)
    # Four standard deviations of a share near a quarter are 4 * sqrt(0.25 * 0.75 / 20000) = 0.012.
    assert change.dropped.float().mean() == pytest.approx(0.25, abs=0.013)
    assert change.jittered.float().mean() == pytest.approx(0.35, abs=0.014)
    assert not (change.dropped & change.jittered).any()
    compressed = change.quality[change.jittered] > 0
    # 7000 backgrounds are changed: 4 * sqrt(0.25 / 7000) = 0.024.
    assert compressed.float().mean() == pytest.approx(JPEG_SHARE, abs=0.025)


def test_a_mixed_batch_treats_each_background_by_itself() -> None:
    bg, change = backgrounds(32), draw_background_change(0, 0, 32, 0.3, 0.4)
    changed = change_backgrounds(bg, change)
    assert 0 < change.dropped.sum() < 32 and 0 < change.jittered.sum() < 32
    for number in range(32):
        if change.dropped[number]:
            assert (changed[number] == 0).all()
        else:
            assert torch.equal(changed[number], bg[number]) is not bool(change.jittered[number])


def test_a_part_changes_its_backgrounds_as_the_whole_does_but_for_the_noise() -> None:
    bg, change = backgrounds(12), draw_background_change(0, 0, 12, 0.3, 0.6)
    whole = change_backgrounds(bg, change)
    rows = slice(4, 12)
    part = change_backgrounds(bg[rows], change.part(rows))
    assert torch.equal((part == 0).all(dim=1), (whole[rows] == 0).all(dim=1))
    assert torch.equal(part == bg[rows], whole[rows] == bg[rows])
    assert 0 < (part - whole[rows]).abs().mean() < 2 * MAX_NOISE
    assert torch.equal(change_backgrounds(bg, change.part(slice(0, 12))), whole)


def test_parameters_of_a_change_keep_to_their_limits() -> None:
    change = draw_background_change(1, 2, 5000, 0, 1)
    shift, scale = change.warp[:, :, 2], change.warp[:, :, 0].norm(dim=1) - 1
    turn = torch.atan2(change.warp[:, 1, 0], change.warp[:, 0, 0])
    # Coordinates go from -1 to 1, so a share of the side counts double.
    limits = [(shift, 2 * MAX_SHIFT), (scale, MAX_SCALE), (turn, MAX_TURN), (change.noise, MAX_NOISE)]
    # All channels together change up to the limit, and each channel by another quarter of it.
    limits += [(change.gain - 1, 1.25 * MAX_GAIN), (change.offset, 1.25 * MAX_OFFSET)]
    for values, limit in limits:
        assert 0.9 * limit < values.abs().max() < 1.0001 * limit
    compressed = change.quality[change.quality > 0]
    assert (compressed.min(), compressed.max()) == QUALITIES


def test_a_shift_by_two_pixels_moves_the_picture_by_two_pixels() -> None:
    # 2 of 8 pixels are a quarter of the side, which is 0.5 because coordinates go from -1 to 1.
    bg, warp = backgrounds(1), STILL.clone()
    warp[0, 2] = 0.5
    changed = change_backgrounds(bg, by_hand(warp=warp))
    assert torch.allclose(changed[..., :6], bg[..., 2:], atol=1e-5)
    # The new pixels at the border are the mirrored picture.
    assert torch.allclose(changed[..., 6:], bg[..., 6:].flip(-1), atol=1e-5)


def test_at_half_the_size_a_shift_by_a_pixel_of_the_dataset_is_one_and_blurs_nothing() -> None:
    bg, warp = backgrounds(1, size=16), STILL.clone()
    warp[0, 2] = 2 / 16
    seen = change_backgrounds(bg, by_hand(warp=warp), size=8)
    shifted = torch.cat([bg[..., 1:], bg[..., -1:]], dim=-1)
    assert torch.allclose(seen, torch.nn.functional.avg_pool2d(shifted, 2), atol=1e-5)


def test_smaller_still_backgrounds_are_changed_at_twice_the_size_seen() -> None:
    bg, warp = backgrounds(1, size=32), STILL.clone()
    warp[1, 2] = 2 / 16
    halved = torch.nn.functional.avg_pool2d(bg, 2)
    seen = change_backgrounds(bg, by_hand(warp=warp), size=8)
    shifted = torch.cat([halved[..., 1:, :], halved[..., -1:, :]], dim=-2)
    assert torch.allclose(seen, torch.nn.functional.avg_pool2d(shifted, 2), atol=1e-5)


def test_each_background_gets_its_own_change() -> None:
    bg = as_seen(levels(1) // 2 + 64).expand(3, 3, 8, 8)
    warp = STILL.repeat(3, 1, 1)
    warp[:2, 0, 2] = 0.5  # the first background is not changed, so its shift has no effect
    still = torch.zeros(3, 3)
    change = BackgroundChange(
        dropped=torch.zeros(3, dtype=torch.bool),
        jittered=torch.tensor([False, True, True]),
        warp=warp,
        gain=still + torch.tensor([0.9, 0.8, 0.7])[:, None],
        offset=still + torch.tensor([0.3, 0.2, 0.1])[:, None],
        noise=torch.zeros(3),
        quality=torch.tensor([30.0, 0.0, 0.0]),
        noise_seed=1,
    )
    first, second, third = change_backgrounds(bg, change)
    assert torch.equal(first, bg[0])
    assert torch.allclose(second[..., :6], 0.8 * bg[0, ..., 2:] - 0.2 + 0.2, atol=1e-5)
    assert torch.allclose(third, 0.7 * bg[0] - 0.3 + 0.1, atol=1e-5)


def test_exposure_is_gain_from_black_then_offset() -> None:
    bg = torch.full((1, 3, 4, 4), 0.2)  # level 153; the distance to black is 1.2
    # 1.2 * 0.5 - 1 + 0.1 = -0.3; 1.2 * 1.2 - 1 + 0.1 = 0.54; 1.2 * 3 - 1 is clipped to 1.
    for gain, expected in ((0.5, -0.3), (1.2, 0.54), (3.0, 1.0)):
        changed = change_backgrounds(bg, by_hand(gain=gain, offset=0.1))
        assert changed.flatten().tolist() == pytest.approx([expected] * 48, abs=1e-6)


def test_noise_has_the_standard_deviation_asked_for_and_comes_before_the_file() -> None:
    bg = torch.full((1, 3, 64, 64), 0.2)  # level 153
    noisy = change_backgrounds(bg, by_hand(noise=0.05))
    assert float(noisy.std()) == pytest.approx(0.05, rel=0.05)
    compressed = change_backgrounds(bg, by_hand(noise=0.05, quality=40.0))
    assert torch.allclose(compressed, jpeg(noisy, torch.tensor([40.0])), atol=1e-5)
