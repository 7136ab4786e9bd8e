from pathlib import Path

import cv2
import numpy as np
import pytest

from generator.assets.foreground import Foreground, Note
from generator.assets.label_alpha import alpha_of_labels
from generator.assets.labels import Labels
from generator.errors import ConfigError, EmptyMaskError, ImageError

MASK = Path("mask.png")


def grey(*rows: list[int]) -> Labels:
    return Labels(np.array(rows, np.uint8))


def alpha(labels: Labels, *solid: int | tuple[int, int, int]) -> list[list[int]]:
    found: list[list[int]] = alpha_of_labels(MASK, labels, Foreground(solid)).alpha.tolist()
    return found


def test_all_but_zero_is_foreground() -> None:
    assert alpha(grey([0, 1], [90, 7])) == [[0, 255], [255, 255]]


def test_named_values_are_foreground() -> None:
    assert alpha(grey([1, 2], [3, 1]), 1, 3) == [[255, 0], [255, 255]]


def test_a_mask_without_zero_asks_which_values_are_meant() -> None:
    with pytest.raises(ImageError, match=r"0 where the background is, found values 1, 2, 3; .*`foreground`"):
        alpha(grey([1, 2, 3]))


def test_palette_masks_go_by_index_or_colour() -> None:
    palette = np.array([[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 0, 0]], np.uint8)
    labels = Labels(np.array([[0, 1, 2, 3]], np.uint8), palette)
    assert alpha(labels, 1) == [[0, 255, 0, 0]]
    assert alpha(labels, (128, 0, 0)) == [[0, 255, 0, 255]]


def test_colour_masks_go_by_colour() -> None:
    values = np.array([[[255, 0, 255], [255, 0, 0], [0, 0, 0]]], np.uint8)
    labels = Labels(values)
    assert alpha(labels, (255, 0, 255)) == [[255, 0, 0]]
    assert alpha(labels) == [[255, 255, 0]]
    with pytest.raises(ImageError, match="choose a colour, such as `foreground=255,0,255`"):
        alpha(labels, 1)


def test_a_grey_mask_knows_grey_colours_only() -> None:
    assert alpha(grey([0, 255]), (255, 255, 255)) == [[0, 255]]
    with pytest.raises(ImageError, match="expected colours to find 255,0,255, found values 0, 9"):
        alpha(grey([0, 9]), (255, 0, 255))


def test_soft_labels_fade_from_solid_to_background() -> None:
    labels = grey(*[[1, 3, 3, 3, 2]] * 3)
    faded = alpha_of_labels(MASK, labels, Foreground((1,), (3,))).alpha
    # The soft pixels have distances 1, 2, 3 to the solid part, and 3, 2, 1 to the background.
    assert faded[1].tolist() == [255, 191, 128, 64, 0]


def test_soft_labels_are_not_solid_by_default() -> None:
    assert alpha_of_labels(MASK, grey([0, 0, 3, 1]), Foreground(soft=(3,))).alpha[0, 2] == 128


def test_grey_as_alpha() -> None:
    soft = Foreground(grey_is_alpha=True)
    assert alpha_of_labels(MASK, grey([0, 51, 204]), soft).alpha.tolist() == [[0, 51, 204]]
    wide = Labels(np.array([[0, 0x80FF, 0xFFFF]], np.uint16))
    assert alpha_of_labels(MASK, wide, soft).alpha.tolist() == [[0, 0x80, 0xFF]]
    with pytest.raises(ImageError, match="found a palette"):
        alpha_of_labels(MASK, Labels(np.ones((1, 1), np.uint8), np.zeros((2, 3), np.uint8)), soft)
    with pytest.raises(ConfigError, match="`grey_is_alpha` does not go with `foreground` or `soft`"):
        Foreground((1,), grey_is_alpha=True)


def test_lossy_masks_are_cut_at_the_middle_and_have_no_exact_values() -> None:
    labels = Labels(np.array([[0, 6, 250, 255]], np.uint8), lossy="WebP")
    matte = alpha_of_labels(MASK, labels, Foreground())
    assert matte.alpha.tolist() == [[0, 0, 255, 255]] and matte.notes == (Note.LIGHTER_HALF,)
    with pytest.raises(ImageError, match="expected exact labels, found WebP, whose values are approximate"):
        alpha(labels, 255)
    with pytest.raises(ImageError, match="expected values of 128 or more, found JPEG with values 0, 15"):
        alpha(Labels(np.array([[0, 15]], np.uint8), lossy="JPEG"))


def test_a_mask_without_the_wanted_value_is_empty() -> None:
    with pytest.raises(EmptyMaskError, match="expected some foreground, found none among values 0; skipped"):
        alpha(grey([0, 0]))
    with pytest.raises(EmptyMaskError, match=r"some foreground \(5 or 6\), found none among values 0, 4;"):
        alpha(grey([0, 4]), 5, 6)


VOC = np.zeros((256, 3), np.uint8)
VOC[[1, 15, 255]] = [[128, 0, 0], [192, 128, 128], [224, 224, 192]]


@pytest.mark.parametrize(
    "labels",
    [
        Labels(np.array([[0, 15, 255, 255, 255]], np.uint8), VOC),
        Labels(np.array([[0, 15, 255, 255, 255]], np.uint8)),
        Labels(np.array([[0, 1, 254, 254, 254]], np.uint8)),
        Labels(VOC[np.array([[0, 15, 255, 255, 255]])]),
        Labels(np.array([[0, 15, 255, 255, 255]], np.uint16)),
        Labels(np.array([[0, 15, 65535, 65535, 65535]], np.uint16)),
    ],
    ids=["palette", "grey", "254", "colours", "16 bits", "65535"],
)
def test_void_is_no_object_and_that_is_said(labels: Labels) -> None:
    matte = alpha_of_labels(MASK, labels, Foreground())
    assert matte.alpha.tolist() == [[0, 255, 0, 0, 0]] and matte.notes == (Note.VOID,)
    with pytest.raises(EmptyMaskError):
        alpha(Labels(np.array([[0, 255]], np.uint8), VOC))  # only void
    assert alpha(Labels(np.array([[0, 255]], np.uint8), VOC), 255) == [[0, 255]]


def test_void_that_is_named_as_soft_fades() -> None:
    labels = Labels(np.array([[0, 0, 255, 1]] * 3, np.uint8))
    matte = alpha_of_labels(MASK, labels, Foreground(soft=(255,)))
    assert matte.alpha[1].tolist() == [0, 0, 128, 255] and matte.notes == ()


def test_a_photograph_is_no_mask() -> None:
    photo = np.random.default_rng(0).integers(60, 200, (30, 30, 3), dtype=np.uint8)
    photo[0, 0] = 0
    with pytest.raises(ImageError, match="expected a mask with a colour for each label, found a picture of"):
        alpha(Labels(photo))


def test_255_is_the_object_where_the_mask_is_black_and_white() -> None:
    for values in ([0, 255], [0] * 3 + [51] * 9 + [204] * 9 + [255] * 9, [0, 0, *[255] * 40, 1]):
        assert alpha(grey(values)) == [[255 if value else 0 for value in values]]
    plain = np.array([[0, 0, 0], [9, 9, 200]], np.uint8)[[0] * 255 + [1]]
    assert alpha(Labels(np.array([[0, 255]], np.uint8), plain)) == [[0, 255]]


def square(soft: float = 0) -> np.ndarray:
    """A white square of 20 pixels on black, with blurred edges."""
    values = np.zeros((40, 60), np.uint8)
    values[10:30, 20:40] = 255
    return cv2.GaussianBlur(values, (0, 0), soft) if soft else values


def jpeg(values: np.ndarray, quality: int) -> np.ndarray:
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", values, options)[1], cv2.IMREAD_UNCHANGED))


@pytest.mark.parametrize(
    "values",
    [square(0.7), square(4), jpeg(square(), 70), jpeg(square(), 97), jpeg(np.dstack([square()] * 3), 40)],
    ids=["soft edge", "softer edge", "JPEG", "good JPEG", "JPEG in colour"],
)
def test_of_shades_between_black_and_white_the_lighter_half_is_taken(values: np.ndarray) -> None:
    matte = alpha_of_labels(MASK, Labels(values), Foreground())
    assert matte.notes == (Note.LIGHTER_HALF,)
    assert (matte.alpha == square()).mean() >= 0.98


def test_labels_of_many_values_are_no_shades() -> None:
    many = np.arange(60, dtype=np.uint8).repeat(40).reshape(60, 40)  # 60 numbered objects
    for values in (many, np.where(many, many * 3 + 78, 0).astype(np.uint8)):
        matte = alpha_of_labels(MASK, Labels(values), Foreground())
        assert (matte.alpha == np.where(many, 255, 0)).all() and matte.notes == (Note.SEVERAL,)


def test_several_labels_as_one_object_are_said() -> None:
    assert alpha_of_labels(MASK, grey([0, 7, 15, 255]), Foreground()).notes == (Note.VOID, Note.SEVERAL)
    for foreground in (Foreground((7, 15)), Foreground(soft=(15,)), Foreground(grey_is_alpha=True)):
        assert Note.SEVERAL not in alpha_of_labels(MASK, grey([0, 7, 15, 255]), foreground).notes


def test_a_mask_of_colours_may_be_black_all_over() -> None:
    with pytest.raises(EmptyMaskError, match="255,0,255"):
        alpha(grey([0, 0]), (255, 0, 255))


@pytest.mark.parametrize("colour", [0, 1, 255])
def test_the_alpha_channel_is_the_shape_where_the_colour_says_nothing(colour: int) -> None:
    labels = Labels(np.full((1, 4), colour, np.uint8), opacity=np.array([[0, 90, 200, 255]], np.uint8))
    for wanted in (Foreground(), Foreground(grey_is_alpha=True)):
        matte = alpha_of_labels(MASK, labels, wanted)
        assert matte.alpha.tolist() == [[0, 90, 200, 255]] and matte.notes == (Note.OPACITY,)
    named = colour or 255
    assert alpha(labels, named) == [[0, 90, 200, 255] if colour else [0, 0, 0, 255]]


def test_a_lossy_colour_that_is_nearly_the_same_everywhere_says_nothing() -> None:
    opacity = np.array([[0, 90, 200, 255]], np.uint8)
    labels = Labels(np.array([[0, 9, 3, 6]], np.uint8), lossy="WebP", opacity=opacity)
    assert alpha(labels) == opacity.tolist()


def test_a_finished_cutout_is_a_mask_by_its_alpha_channel() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    rgb[10, 10] = 0  # this black pixel belongs to the object
    opacity = np.zeros((20, 20), np.uint8)
    opacity[2:18, 2:18] = 255
    assert (alpha_of_labels(MASK, Labels(rgb, opacity=opacity), Foreground()).alpha == opacity).all()


def test_transparent_labels_are_no_object() -> None:
    opacity = np.array([[0, 255, 255, 255]], np.uint8)
    labels = Labels(np.array([[7, 0, 7, 9]], np.uint8), opacity=opacity)
    assert alpha(labels) == [[0, 0, 255, 255]]
    assert alpha(labels, 7) == [[0, 0, 255, 0]]


def test_alpha_that_is_never_half_opaque_is_refused() -> None:
    with pytest.raises(ImageError, match="expected alpha of 128 or more, found at most 110"):
        alpha_of_labels(MASK, grey([0, 60, 110]), Foreground(grey_is_alpha=True))


def test_an_object_along_all_borders_looks_inverted() -> None:
    ring = np.full((9, 9), 255, np.uint8)
    ring[3:6, 3:6] = 0
    assert alpha_of_labels(MASK, Labels(ring), Foreground()).notes == (Note.INVERTED,)
    assert alpha_of_labels(MASK, Labels(255 - ring), Foreground()).notes == ()
    turned = alpha_of_labels(MASK, Labels(ring), Foreground((0,)))
    assert turned.notes == () and (turned.alpha == 255 - ring).all()
