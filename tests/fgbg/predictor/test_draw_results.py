import numpy as np
import pytest

from fgbg.predictor import Predicted
from fgbg.predictor import draw_results as drawing
from fgbg.predictor.draw_results import cut_out, lay_over, overlay, side_by_side
from generator.errors import ConfigError
from generator.format.manifest import ClassMask


@pytest.fixture
def disc() -> tuple[np.ndarray, Predicted]:
    """A red disc with a soft edge on blue, and its exact mask."""
    down, along = np.mgrid[:64, :64] - 31.5
    alpha = np.clip((20 - np.hypot(down, along)) / 8 + 0.5, 0, 1)
    mask = np.rint(alpha * 255).astype(np.uint8)
    share = mask[..., None] / 255
    picture = np.rint(share * (220, 30, 30) + (1 - share) * (20, 20, 200)).astype(np.uint8)
    return picture, Predicted(mask, np.full((64, 64), 9, np.uint16))


def test_a_cut_out_keeps_no_colour_of_the_background(disc: tuple[np.ndarray, Predicted]) -> None:
    picture, predicted = disc
    rgba = cut_out(picture, predicted)
    assert rgba.shape == (64, 64, 4) and (rgba[..., 3] == predicted.mask).all()
    soft = (predicted.mask > 40) & (predicted.mask < 255)
    # The blue of the picture's edge is gone.
    assert picture[soft][:, 2].max() > 150 and rgba[soft][:, 2].max() < 60
    assert (rgba[predicted.mask == 255, :3] == picture[predicted.mask == 255]).all()
    assert not rgba[predicted.mask == 0].any()


def test_classes_have_no_cut_out() -> None:
    classes = ClassMask(names=["a", "b"], colours=[[0, 0, 0], [9, 9, 9]])
    with pytest.raises(
        ConfigError, match="`write=cutout`: expected a network of soft masks, found 2 classes"
    ):
        cut_out(np.zeros((1, 1, 3), np.uint8), Predicted(np.zeros((1, 1), np.uint8), None, classes=classes))


def test_panels_stand_in_a_row(disc: tuple[np.ndarray, Predicted]) -> None:
    picture, predicted = disc
    row = side_by_side(picture, predicted, cut_out(picture, predicted))
    assert row.shape == (64, 4 * 64 + 3 * 8, 3)
    assert (row[:, :64] == picture).all()
    assert (row[:, 72:136] == predicted.mask[..., None]).all()
    # The corner of the last panel shows the checkerboard, its middle the object.
    assert (
        (row[0, 216] == 255).all() and (row[0, 218] == 205).all() and (row[32, 248] == picture[32, 32]).all()
    )
    without_depth = Predicted(predicted.mask, None)
    assert side_by_side(picture, without_depth).shape == (64, 3 * 64 + 2 * 8, 3)


def test_large_panels_are_shrunk_without_dark_edges(
    disc: tuple[np.ndarray, Predicted], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "PANEL", 16)
    picture, predicted = disc
    row = side_by_side(picture, predicted, cut_out(picture, predicted))
    assert row.shape == (16, 4 * 16 + 3 * 8, 3)
    # Red over a light board: red and blue are never darker than those of the object.
    assert (row[:, -16:, 0] > 195).all() and (row[:, -16:, 2] > 25).all()


def test_classes_have_their_colours_side_by_side() -> None:
    classes = ClassMask(names=["a", "b"], colours=[[1, 2, 3], [9, 8, 7]])
    predicted = Predicted(np.array([[0, 1]], np.uint8), None, classes=classes)
    row = side_by_side(np.zeros((1, 2, 3), np.uint8), predicted)
    assert row[0, 10:12].tolist() == [[1, 2, 3], [9, 8, 7]]


def test_the_legend_of_large_panels_has_larger_patches() -> None:
    classes = ClassMask(names=["a", "b"], colours=[[1, 2, 3], [9, 8, 7]])
    for side, scale in ((256, 1), (960, 3)):
        predicted = Predicted(np.zeros((side, side), np.uint8), None, classes=classes)
        legend = side_by_side(np.zeros((side, side, 3), np.uint8), predicted)[side:]
        assert (legend == (1, 2, 3)).all(axis=2).sum() == (12 * scale) ** 2


@pytest.mark.parametrize("strength", [0, 0.45, 1])
def test_an_overlay_is_the_weighted_mean_of_picture_and_tint(strength: float) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (128, 200, 3), np.uint8)
    mask = np.tile(np.arange(200, dtype=np.uint8), (128, 1))
    share = mask[..., None] / 255 * strength
    for given in (picture, picture[::-1, ::-1]):  # the second one is not contiguous
        expected = given * (1 - share) + np.array([255, 40, 120]) * share
        off = np.abs(overlay(given, Predicted(mask, None), strength) - expected)
        # The outline goes around columns 128 to 199.
        assert off[:, :126].max() <= 1 and off[3:-3, 131:-3].max() <= 1


def test_an_overlay_mixes_classes_with_their_colours() -> None:
    classes = ClassMask(names=["a", "b"], colours=[[0, 0, 0], [200, 100, 40]])
    picture = np.full((2, 2, 3), 100, np.uint8)
    drawn = overlay(picture, Predicted(np.array([[0, 1]] * 2, np.uint8), None, classes=classes), 0.5)
    assert drawn[0].tolist() == [[50, 50, 50], [150, 100, 70]]


def test_a_cut_out_lies_over_a_picture_by_its_alpha() -> None:
    rgba = np.random.default_rng(0).integers(0, 256, (40, 50, 4), np.uint8)
    behind = np.random.default_rng(1).integers(0, 256, (50, 40, 3), np.uint8).transpose(1, 0, 2)
    alpha = rgba[..., 3:] / 255
    expected = rgba[..., :3] * alpha + behind * (1 - alpha)
    assert np.abs(lay_over(rgba, behind) - expected).max() <= 1
    assert (lay_over(rgba | np.array([0, 0, 0, 255], np.uint8), behind) == rgba[..., :3]).all()
