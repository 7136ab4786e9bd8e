from pathlib import Path

import cv2
import numpy as np

from fgbg.pictures import overlay, write_png, write_prediction
from fgbg.predictor import Predicted
from generator.images import read_depth, read_rgb, read_rgba


def test_pngs_keep_every_value_and_the_order_of_channels(tmp_path: Path) -> None:
    rgb = np.array([[[1, 2, 3], [250, 128, 0]]], np.uint8)
    write_png(tmp_path / "a.png", rgb)
    assert (read_rgb(tmp_path / "a.png") == rgb).all()
    rgba = np.dstack([rgb, np.array([[255, 7]], np.uint8)])
    write_png(tmp_path / "b.png", rgba)
    assert (read_rgba(tmp_path / "b.png") == rgba).all()
    depth = np.array([[0, 1, 256, 65535]], np.uint16)
    write_png(tmp_path / "c.png", depth)
    assert (read_depth(tmp_path / "c.png") == depth).all()


def test_three_pictures_a_prediction(tmp_path: Path) -> None:
    predicted = Predicted(np.array([[0, 255]], np.uint8), np.array([[1, 65535]], np.uint16))
    paths = write_prediction(tmp_path / "sub" / "a.b", np.zeros((1, 2, 3), np.uint8), predicted)
    assert [path.name for path in paths] == ["a.b.mask.png", "a.b.depth.png", "a.b.overlay.png"]
    stored = [cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in paths]
    assert stored[0].tolist() == [[0, 255]] and stored[1].tolist() == [[1, 65535]]
    assert stored[2].shape == (1, 2, 3)


def test_without_depth_mask_and_overlay_alone(tmp_path: Path) -> None:
    predicted = Predicted(np.array([[0, 255]], np.uint8), None)
    paths = write_prediction(tmp_path / "a", np.zeros((1, 2, 3), np.uint8), predicted)
    assert [path.name for path in paths] == ["a.mask.png", "a.overlay.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mask.png", "a.overlay.png"]


def test_the_overlay_tints_the_object_and_nothing_else() -> None:
    mask = np.zeros((20, 20), np.uint8)
    mask[5:15, 5:15] = 255
    seen = overlay(np.full((20, 20, 3), 100, np.uint8), mask)
    assert (seen[:4] == 100).all() and (seen[10, 10] != 100).any()
