import cv2
import numpy as np

from generator.assets.cropping import cut_out


def test_cutting_out_crops_with_a_margin_inside_the_picture() -> None:
    rgb = np.full((20, 30, 3), 90, np.uint8)
    there = np.zeros((20, 30), np.uint8)
    there[0:4, 10:15] = 255
    rgba = cut_out(rgb, there, margin=2)
    assert rgba.shape == (6, 9, 4)
    assert (rgba[:4, 2:7] == [90, 90, 90, 255]).all() and rgba[..., 3].sum() == 255 * 20
    assert cut_out(rgb, there, margin=0).shape == (4, 5, 4)


def test_colours_of_the_background_do_not_fringe() -> None:
    red, green = np.array([200.0, 30, 20]), np.array([10.0, 220, 30])
    share = np.clip((26 - np.hypot(*np.ogrid[-40:40, -40:40])) / 6, 0, 1)
    mixed = np.rint(share[..., None] * red + (1 - share[..., None]) * green).astype(np.uint8)
    there = np.rint(255 * share).astype(np.uint8)
    rgba = cut_out(mixed, there)
    edge = (rgba[..., 3] > 0) & (rgba[..., 3] < 255)
    assert edge.sum() > 200
    assert np.abs(rgba[edge][:, :3] - red).max() < 25
    # The colours next to the edge count too, because scaling mixes neighbours.
    beside = (cv2.dilate((rgba[..., 3] > 0).astype(np.uint8), np.ones((5, 5))) > 0) & (rgba[..., 3] == 0)
    assert beside.any() and np.abs(rgba[beside][:, :3] - red).max() < 30


def test_opaque_colours_stay_and_far_ones_are_nothing() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    there = cv2.circle(np.zeros((90, 120), np.uint8), (60, 45), 20, 255, -1)
    rgba = cut_out(rgb, there, margin=15)
    assert (rgba[rgba[..., 3] == 255][:, :3] == rgb[there > 0]).all()
    assert (rgba[0] == 0).all()
