import numpy as np
import pytest
import torch

from training.batches.batch import IntegerBatch
from training.batches.prepare import join, prepare, to_network
from training.target import AlphaTarget


def batch(depth: list[list[int]], mask: list[list[int]] | None = None, grey: int = 0) -> IntegerBatch:
    """One sample with the shape of `depth`."""
    values = torch.from_numpy(np.array([depth], np.uint16).view(np.int16))
    picture = torch.full((*values.shape, 3), grey, dtype=torch.uint8)
    masks = torch.tensor([mask], dtype=torch.uint8) if mask else torch.zeros_like(values, dtype=torch.uint8)
    return IntegerBatch(picture, picture.clone(), masks, values)


def test_pictures_span_minus_one_to_one() -> None:
    # 51 / 127.5 - 1 = -0.6
    pixels = torch.tensor([[[[0, 51, 255]]]], dtype=torch.uint8)
    assert to_network(pixels, (1, 1)).flatten().tolist() == pytest.approx([-1, -0.6, 1])


def test_channels_come_first_and_keep_their_order() -> None:
    pixels = torch.zeros(1, 2, 3, 3, dtype=torch.uint8)
    pixels[0, 0, 2] = torch.tensor([255, 0, 51])
    picture = to_network(pixels, (2, 3))
    assert picture.shape == (1, 3, 2, 3)
    assert picture[0, :, 0, 2].tolist() == pytest.approx([1, -1, -0.6])


def test_background_and_composite_are_not_mixed_up() -> None:
    integers = batch([[1] * 4] * 4)
    integers.fg_bg[:] = 255
    prepared = prepare(integers, AlphaTarget(), 4)
    assert (prepared.bg == -1).all() and (prepared.fg_bg == 1).all()


def test_depth_is_scaled_from_1_and_zero_is_unknown() -> None:
    # (32768 - 1) / 65534 = 0.5
    truth = prepare(batch([[0, 1], [32768, 65535]]), AlphaTarget(), 2).truth
    assert truth.known.tolist() == [[[[False, True], [True, True]]]]
    assert truth.depth.tolist() == [[[[0, 0], [0.5, 1]]]]
    assert truth.depth.dtype == torch.float32


def test_masks_span_zero_to_one() -> None:
    truth = prepare(batch([[1, 1]], mask=[[51, 255]]), AlphaTarget(), 2).truth
    assert truth.mask.flatten().tolist() == pytest.approx([0.2, 1])


def test_halved_depth_holds_no_new_value_and_unknown_does_not_spread() -> None:
    depth = np.random.default_rng(0).choice([0, 1, 30000, 65535], (8, 8))
    truth = prepare(batch(depth.tolist()), AlphaTarget(), 4).truth
    assert truth.depth.shape == truth.known.shape == (1, 1, 4, 4)
    values = torch.where(truth.known, (truth.depth * 65534).round() + 1, 0)
    # Nearest neighbour: the pixel to the lower right of each new pixel's centre.
    assert values[0, 0].tolist() == depth[1::2, 1::2].tolist()


def test_a_halved_mask_is_averaged() -> None:
    mask = [[0, 0, 255, 0, 0, 0, 0, 0], [0, 0, 255, 51, 0, 0, 0, 255]]
    truth = prepare(batch([[1] * 8] * 2, mask=mask), AlphaTarget(), 4).truth
    assert truth.mask.flatten().tolist() == pytest.approx([0, 0.55, 0, 0.25])


def test_a_fine_checkerboard_becomes_grey() -> None:
    board = ((torch.arange(16)[:, None] + torch.arange(16)) % 2 * 255).to(torch.uint8)
    pixels = board[None, ..., None].expand(1, 16, 16, 3)
    inside = to_network(pixels, (8, 8))
    assert inside.abs().max() < 1e-6


def test_a_batch_keeps_its_aspect() -> None:
    prepared = prepare(batch([[1] * 8] * 4), AlphaTarget(), 4)
    assert prepared.bg.shape == prepared.fg_bg.shape == (1, 3, 2, 4)
    assert prepared.truth.mask.shape == prepared.truth.depth.shape == (1, 1, 2, 4)


def test_the_background_comes_first_and_an_absent_one_is_zeros() -> None:
    bg, fg_bg = torch.full((2, 3, 4, 5), 0.25), torch.full((2, 3, 4, 5), -0.5)
    assert join(bg, fg_bg)[0, :, 0, 0].tolist() == [0.25] * 3 + [-0.5] * 3
    assert join(None, fg_bg)[1, :, 3, 4].tolist() == [0.0] * 3 + [-0.5] * 3


def test_three_inputs_are_the_picture_alone() -> None:
    bg, fg_bg = torch.zeros(2, 3, 4, 4), torch.ones(2, 3, 4, 4)
    assert torch.equal(join(bg, fg_bg, 3), fg_bg) and torch.equal(join(None, fg_bg, 3), fg_bg)
    assert torch.equal(join(bg, fg_bg, 6), torch.cat([bg, fg_bg], dim=1))
