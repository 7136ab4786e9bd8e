import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from generator.assets.labels import read_labels
from generator.errors import ImageError
from generator.label_formats.alpha_masks import AlphaMasks, choose_alpha
from generator.label_formats.items import Label


def square(value: int, background: int = 0, side: int = 40) -> np.ndarray:
    """A square of a value in the middle."""
    mask = np.full((side, side), background, np.uint8)
    mask[10:30, 10:30] = value
    return mask


def save(path: Path, mask: np.ndarray | Image.Image, **options: object) -> Path:
    picture = mask if isinstance(mask, Image.Image) else Image.fromarray(mask)
    picture.save(path, **options)
    return path


def read(path: Path, masks: AlphaMasks | None = None) -> Label:
    return (masks or AlphaMasks()).label_of(path, read_labels(path))


INSIDE = square(255) == 255


@pytest.mark.parametrize("value", [1, 7, 255])
def test_every_value_but_0_is_the_object(tmp_path: Path, value: int) -> None:
    label = read(save(tmp_path / "m.png", square(value)))
    assert label.void is None and label.instances is None
    assert np.array_equal(label.levels, np.where(INSIDE, 255, 0))


def test_a_mask_may_be_empty_or_full(tmp_path: Path) -> None:
    assert not read(save(tmp_path / "m.png", square(0))).levels.any()
    assert (read(save(tmp_path / "m.png", square(255, 255))).levels == 255).all()


def test_soft_edges_stay_soft(tmp_path: Path) -> None:
    soft = cv2.GaussianBlur(square(255), (5, 5), 1)
    assert np.count_nonzero((soft > 0) & (soft < 255)) > 0
    assert np.array_equal(read(save(tmp_path / "m.png", soft)).levels, soft)


def test_a_lossy_mask_is_alpha_without_the_noise_of_compression(tmp_path: Path) -> None:
    label = read(save(tmp_path / "m.jpg", square(255), quality=60))
    stored = np.asarray(Image.open(tmp_path / "m.jpg"))
    assert len(np.unique(stored)) > 10, "the compression left no noise"
    assert set(np.unique(label.levels)) <= {0, *range(17, 239), 255}
    assert np.array_equal(label.levels >= 128, INSIDE)
    label = read(save(tmp_path / "rgb.jpg", np.dstack([square(255)] * 3), quality=60))
    assert np.array_equal(label.levels >= 128, INSIDE)


def test_255_beside_labels_is_void(tmp_path: Path) -> None:
    mask = square(1)
    mask[5:10] = 255
    label = read(save(tmp_path / "m.png", mask))
    assert label.void is not None
    assert np.array_equal(label.void, mask == 255)
    assert np.array_equal(label.levels, np.where(mask == 1, 255, 0))


def test_void_of_other_masks_is_void_where_there_is_no_label(tmp_path: Path) -> None:
    with_label = square(1)
    with_label[5:10] = 255
    only_void = square(255)
    paths = [save(tmp_path / "a.png", with_label), save(tmp_path / "b.png", only_void)]
    masks, notes = choose_alpha(paths, ())
    assert masks.void == 255
    assert notes == ["masks: 255 is void, which is left out of training"]
    label = read(paths[1], masks)
    assert label.void is not None
    assert np.array_equal(label.void, INSIDE) and not label.levels.any()


def test_chosen_values_are_the_object_and_may_be_missing(tmp_path: Path) -> None:
    trimap = square(1, 2)
    trimap[9] = 3
    path = save(tmp_path / "m.png", trimap)
    assert np.array_equal(read(path, AlphaMasks((1,))).levels, np.where(INSIDE, 255, 0))
    assert not read(path, AlphaMasks((7,))).levels.any()


def test_a_mask_without_0_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "m.png", square(1, 2))
    with pytest.raises(
        ImageError, match=r"m\.png: expected 0 where the background is, found values 1, 2; choose"
    ):
        read(path)


def test_a_photo_is_no_mask(tmp_path: Path) -> None:
    photo = np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)
    for name in ("m.png", "m.jpg"):
        with pytest.raises(ImageError, match=r"expected a mask, found a picture of many colours; give masks"):
            read(save(tmp_path / name, photo))


def test_colours_and_palettes(tmp_path: Path) -> None:
    colours = np.zeros((40, 40, 3), np.uint8)
    colours[10:30, 10:30] = (128, 0, 64)
    assert np.array_equal(read(save(tmp_path / "rgb.png", colours)).levels, np.where(INSIDE, 255, 0))
    palette = Image.fromarray(square(1), "P")
    palette.putpalette([0, 0, 0, 128, 0, 64])
    assert np.array_equal(read(save(tmp_path / "p.png", palette)).levels, np.where(INSIDE, 255, 0))


def test_black_is_the_background_of_a_palette_in_another_order(tmp_path: Path) -> None:
    """Programs that shrink PNG files sort palettes by how often a colour is used, or by brightness."""
    palette = Image.fromarray(square(0, 1), "P")
    palette.putpalette([128, 0, 64, 0, 0, 0])
    assert np.array_equal(read(save(tmp_path / "p.png", palette)).levels, np.where(INSIDE, 255, 0))


def test_16_bits(tmp_path: Path) -> None:
    label = read(save(tmp_path / "m.png", square(1).astype(np.uint16) * 65535))
    assert np.array_equal(label.levels, np.where(INSIDE, 255, 0))
    ramp = np.arange(1600, dtype=np.uint16).reshape(40, 40) * 40
    assert np.array_equal(read(save(tmp_path / "m.png", ramp)).levels, ramp >> 8)


def test_the_alpha_channel_of_a_cut_out_is_the_mask(tmp_path: Path) -> None:
    rgba = np.zeros((40, 40, 4), np.uint8)
    rgba[..., :3], rgba[..., 3] = 90, cv2.GaussianBlur(square(255), (5, 5), 1)
    assert np.array_equal(read(save(tmp_path / "m.png", rgba)).levels, rgba[..., 3])


def test_notes_say_what_was_assumed(tmp_path: Path) -> None:
    def notes(*masks: np.ndarray, suffix: str = "png", foreground: tuple[int, ...] = ()) -> list[str]:
        paths = [save(tmp_path / f"{n}.{suffix}", mask) for n, mask in enumerate(masks)]
        return choose_alpha(paths, foreground)[1]

    assert notes(square(255)) == []
    assert notes(square(255), suffix="jpg") == [
        "masks are JPEG, whose values are approximate: grey is taken as alpha, values up to 16 as 0, and from"
        " 239 on as 255"
    ]
    assert notes(cv2.GaussianBlur(square(255), (5, 5), 1)) == ["masks: grey is taken as alpha"]
    several = square(3)
    several[20:30, 10:30] = 4
    assert notes(several) == [
        "masks: several values together count as the object; choose the values of the object with"
        " `foreground`, or name the classes with `labels`"
    ]
    assert notes(several, foreground=(3,)) == []
    assert notes(square(0, 255)) == [
        "masks: they look inverted: the object fills all borders; `foreground` 0 takes the black part"
    ]


def test_only_a_few_of_many_masks_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    monkeypatch.setattr(
        "generator.label_formats.alpha_masks.read_labels",
        lambda path: opened.append(path) or read_labels(path),
    )
    content = io.BytesIO()
    Image.fromarray(square(255)).save(content, "PNG")
    paths = [tmp_path / f"{number}.png" for number in range(100)]
    for path in paths:
        path.write_bytes(content.getvalue())
    choose_alpha(paths, ())
    assert 4 <= len(opened) <= 8 and len({*opened}) == len(opened)
