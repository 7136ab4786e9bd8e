from dataclasses import fields, replace
from typing import Any

import pytest
import torch

from training.augment.strangers import WITHHELD, Strangers, draw_strangers, paste_strangers
from training.batches.prepare import Prepared
from training.models import Truth

SIDE = 12
SQUARE = torch.tensor([[-0.25, -0.25], [0.25, -0.25], [0.25, 0.25], [-0.25, 0.25]])


def samples(count: int = 3) -> Prepared:
    """Backgrounds of one level each, with an object of level 1 in the upper left corner.

    Depth rises by 1/12 from row to row; the object has depth 1.
    """
    bg = torch.linspace(-0.8, 0.2, count)[:, None, None, None].repeat(1, 3, SIDE, SIDE)
    mask = torch.zeros(count, 1, SIDE, SIDE)
    mask[..., :3, :3] = 1
    depth = (torch.arange(SIDE) / SIDE)[:, None].repeat(count, 1, 1, SIDE)
    depth = torch.where(mask > 0, 1.0, depth)
    return Prepared(
        bg, torch.where(mask > 0, 1.0, bg), Truth(mask, depth, torch.ones_like(mask, dtype=torch.bool))
    )


def strangers(count: int = 3, **changes: Any) -> Strangers:
    """A square of 6 x 6 pixels in the middle of each sample; its texture is the next one's bg."""
    plain: dict[str, Any] = {
        "there": torch.ones(count, dtype=torch.bool),
        "alone": torch.zeros(count, dtype=torch.bool),
        "points": SQUARE.repeat(count, 1, 1),
        "thickness": torch.zeros(count),
        "hole": torch.zeros(count),
        "middle": torch.full((count, 2), 0.5),
        "silhouette": torch.zeros(count, dtype=torch.long),
        "soft": torch.zeros(count),
        "lender": torch.ones(count, dtype=torch.long),
        "from_bg": torch.ones(count, dtype=torch.bool),
        "warp": torch.eye(3)[:2].repeat(count, 1, 1),
        "gain": torch.ones(count),
        "colour": torch.zeros(count, 3),
        "slope": torch.zeros(count, 3, 2),
    }
    return Strangers(**(plain | changes))


def test_strangers_are_a_pure_function_of_seed_and_batch() -> None:
    withheld = torch.zeros(8, dtype=torch.bool)
    first, again, other = (draw_strangers(5, number, 0.5, withheld) for number in (3, 3, 4))
    for one, two, three in zip(first, again, other, strict=True):
        names = [field.name for field in fields(one)]
        assert all(torch.equal(getattr(one, name), getattr(two, name)) for name in names)
        assert not torch.equal(one.points, three.points)


def test_samples_whose_background_is_withheld_get_fewer() -> None:
    withheld = torch.arange(4000) % 2 == 0
    first, more = draw_strangers(1, 1, 0.5, withheld)
    assert first.there[~withheld].float().mean() == pytest.approx(0.5, abs=0.03)
    assert first.there[withheld].float().mean() == pytest.approx(0.5 * WITHHELD, abs=0.03)
    assert more.there.any() and not (more.there & ~first.there).any()
    assert not more.alone.any()
    assert not any(each.there.any() for each in draw_strangers(1, 1, 0.0, withheld))


def test_a_part_of_the_same_background_is_a_stranger_only_where_the_background_is_given() -> None:
    withheld = torch.arange(400) % 2 == 0
    for strangers in draw_strangers(1, 1, 1.0, withheld):
        lends_itself = strangers.lender == 0
        assert lends_itself[~withheld].any() and not lends_itself[withheld].any()


def test_a_stranger_is_foreground_with_the_texture_of_another_sample_and_the_depth_of_its_ground() -> None:
    batch = samples()
    found = paste_strangers(batch, strangers())
    inside = found.truth.mask[:, 0, 6, 6]
    assert torch.equal(inside, torch.ones(3))
    assert torch.allclose(found.fg_bg[:, :, 6, 6], batch.bg[[1, 2, 0], :, 6, 6])
    lowest = int(found.truth.mask[0, 0, :, 6].gt(0.5).nonzero().max())
    assert torch.equal(found.truth.depth[:, 0, 6, 6], torch.full((3,), lowest / SIDE))
    assert found.truth.known.all()
    # Its own object is still there, and the background is as it was.
    assert torch.equal(found.fg_bg[..., :2, :2], batch.fg_bg[..., :2, :2])
    assert torch.equal(found.truth.mask[..., :2, :2], batch.truth.mask[..., :2, :2])
    assert torch.equal(found.bg, batch.bg)


def test_alone_a_stranger_takes_the_object_away_and_leaves_its_depth_unknown() -> None:
    batch = samples()
    found = paste_strangers(batch, strangers(alone=torch.tensor([True, False, True])))
    assert torch.equal(found.fg_bg[0, :, :2, :2], batch.bg[0, :, :2, :2])
    assert (found.truth.mask[0, :, :2, :2] == 0).all() and (found.truth.mask[1, :, :2, :2] == 1).all()
    assert not found.truth.known[0, :, :2, :2].any() and (found.truth.depth[0, :, :2, :2] == 0).all()
    assert found.truth.known[0, :, 3:].all() and found.truth.known[1].all()


def test_other_samples_stay_exactly_as_they_were() -> None:
    batch = samples()
    there = torch.tensor([False, True, False])
    found = paste_strangers(batch, strangers(there=there))
    pairs = [
        (found.fg_bg, batch.fg_bg),
        (found.truth.mask, batch.truth.mask),
        (found.truth.depth, batch.truth.depth),
    ]
    for one, two in pairs:
        assert torch.equal(one[~there], two[~there]) and not torch.equal(one[1], two[1])
    assert paste_strangers(batch, strangers(there=~there & there)) is batch


def test_a_silhouette_is_the_mirrored_shape_of_another_sample_moved() -> None:
    batch = samples()
    lone = strangers(
        silhouette=torch.ones(3, dtype=torch.long), middle=torch.tensor([[0.5, 1.0]]).repeat(3, 1)
    )
    found = paste_strangers(batch, lone)
    # From the upper left corner it is mirrored to the right one, and moved down by half of the height.
    shape = torch.zeros(SIDE, SIDE)
    shape[6:9, -3:] = 1
    shape[:3, :3] = 1
    assert torch.equal(found.truth.mask[0, 0], shape)


def test_colours_are_changed_as_the_record_says() -> None:
    flat = strangers(
        gain=torch.zeros(3), colour=torch.tensor([[0.5, -0.25, 0.0]]).repeat(3, 1), slope=torch.zeros(3, 3, 2)
    )
    found = paste_strangers(samples(), flat)
    assert torch.allclose(found.fg_bg[0, :, 6, 6], torch.tensor([0.5, -0.25, 0.0]))
    graded = replace(flat, slope=torch.tensor([[1.0, 0.0]]).repeat(3, 3, 1))
    picture = paste_strangers(samples(), graded).fg_bg[0, 0, 6]
    assert picture[4] < picture[5] < picture[7]
    assert found.fg_bg.abs().max() <= 1


def test_void_pixels_stay_void_where_no_stranger_covers_them() -> None:
    batch = samples()
    batch.truth.mask[..., 5:, :] = -1
    found = paste_strangers(batch, strangers()).truth.mask
    assert found[0, 0, 6, 6] == 1 and found[0, 0, 11, 0] == -1
    alone = paste_strangers(batch, strangers(alone=torch.ones(3, dtype=torch.bool))).truth.mask
    assert alone[0, 0, 11, 0] == -1 and alone[0, 0, 0, 0] == 0


def test_without_known_ground_the_depth_of_a_stranger_is_unknown() -> None:
    batch = samples()
    found = paste_strangers(
        replace(batch, truth=replace(batch.truth, known=torch.zeros_like(batch.truth.known))), strangers()
    )
    assert not found.truth.known.any() and found.truth.depth.isfinite().all()


@pytest.mark.parametrize(("count", "height", "width"), [(1, 32, 32), (5, 17, 40), (2, 64, 9)])
def test_any_batch_stays_in_range(count: int, height: int, width: int) -> None:
    bg = torch.rand(count, 3, height, width) * 2 - 1
    mask = (torch.rand(count, 1, height, width) > 0.5).float()
    batch = Prepared(bg, -bg, Truth(mask, mask / 2, mask > 0))
    for number in range(20):
        for each in draw_strangers(1, number, 1.0, torch.zeros(count, dtype=torch.bool)):
            batch = paste_strangers(batch, each)
    assert batch.fg_bg.abs().max() <= 1 and batch.truth.mask.min() >= 0 and batch.truth.mask.max() <= 1
    assert batch.truth.depth.min() >= 0 and batch.truth.depth.max() <= 1
    assert batch.fg_bg.isfinite().all() and (batch.truth.depth[~batch.truth.known] == 0).all()
