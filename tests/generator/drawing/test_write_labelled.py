"""Drawn data sets are read back by their formats: the label of every picture is the drawn truth."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from generator.assets.images import read_rgb
from generator.drawing.labelled import LabelledPicture, draw_labelled
from generator.drawing.layouts import LAYOUTS
from generator.drawing.write_labelled import write_labelled_samples
from generator.errors import ConfigError, ExistsError
from generator.format.manifest import MaskEntry
from generator.label_formats.formats import list_source
from generator.label_formats.items import Choice

CLASSES, SIZE = 6, (64, 48)


def expect_classes(drawn: LabelledPicture, layout: str) -> np.ndarray:
    void = drawn.edge if layout != "drone" else np.zeros_like(drawn.edge)
    return np.where(void, 255, drawn.classes)


def expect_pet(drawn: LabelledPicture, layout: str) -> np.ndarray:
    return np.where(drawn.edge, 2, np.where(drawn.classes > 0, 0, 1))


def expect_votes(drawn: LabelledPicture, layout: str) -> np.ndarray:
    return np.rint(drawn.alpha / 51) * 51


EXPECTED: dict[str, Callable[[LabelledPicture, str], np.ndarray]] = {
    "oxford-pet": expect_pet,
    "cub200": expect_votes,
    **dict.fromkeys(("drone", "voc", "camvid", "cityscapes", "ade20k"), expect_classes),
}


@pytest.mark.parametrize("layout", EXPECTED)
def test_decoded_labels_are_what_was_drawn(tmp_path: Path, layout: str) -> None:
    write_labelled_samples(tmp_path, CLASSES, layout, count=4, size=SIZE, seed=1)
    source = list_source(layout, tmp_path, Choice())
    assert len(source.items) == 4 and not source.problems
    by_number = sorted(source.items, key=lambda item: int("".join(filter(str.isdigit, item.name))[-6:]))
    if layout in ("oxford-pet", "cub200"):
        by_number = sorted(source.items, key=lambda item: int(item.name.rpartition("_")[2]))
    if layout == "cityscapes":
        by_number = sorted(source.items, key=lambda item: item.name.rpartition("/")[2])
    for number, item in enumerate(by_number):
        drawn = draw_labelled(1, number, SIZE, CLASSES, LAYOUTS[layout].most_objects)
        label = source.read_label(item, SIZE)
        assert (label.levels == EXPECTED[layout](drawn, layout)).all(), item.name
        if label.instances is not None:
            inside = label.instances > 0
            pairs = {*zip(label.instances[inside].tolist(), drawn.objects[inside].tolist(), strict=True)}
            assert len(pairs) == label.instances.max()
            assert (inside == ((drawn.objects > 0) & ~drawn.edge)).all()
        difference = np.abs(read_rgb(item.picture).astype(int) - drawn.rgb)
        assert difference.mean() < (6 if item.picture.suffix == ".jpg" else 1e-9)
    if layout != "drone":
        kinds = ("train", "test") if layout in ("oxford-pet", "cub200") else ("train", "val")
        assert [item.split for item in by_number] == [kinds[0]] * 3 + [kinds[1]]


def names_of(mask: MaskEntry) -> list[str]:
    assert mask.kind == "classes"
    return list(mask.names)


@pytest.mark.parametrize("layout", ["drone", "voc", "camvid"])
def test_classes_keep_their_names(tmp_path: Path, layout: str) -> None:
    write_labelled_samples(tmp_path, 23, layout, count=1, size=SIZE, seed=1)
    names = names_of(list_source(layout, tmp_path, Choice()).mask)
    assert len(names) == 23 and names[0] == "background" and names[-1] == "mug-2"


def test_roads(tmp_path: Path) -> None:
    write_labelled_samples(tmp_path, CLASSES, "kitti-road", count=3, size=SIZE, seed=1)
    source = list_source("kitti-road", tmp_path, Choice())
    assert [item.name[-10:] for item in source.items] == ["/um_000000", "umm_000001", "/uu_000002"]
    for number, item in enumerate(source.items):
        label = source.read_label(item, SIZE)
        drawn = draw_labelled(1, number, SIZE, CLASSES, LAYOUTS["kitti-road"].most_objects)
        assert label.void is not None and label.void[22:23].all() and not label.void[30:].any()
        assert set(np.unique(label.levels)) == {0, 255}
        assert not label.levels[drawn.alpha > 0].any() and not label.levels[:20].any()


def test_again_and_with_other_content(tmp_path: Path) -> None:
    write_labelled_samples(tmp_path, 3, "voc", count=1, size=(32, 32), seed=0)
    write_labelled_samples(tmp_path, 3, "voc", count=1, size=(32, 32), seed=0, progress=False)
    with pytest.raises(ExistsError, match="exists already"):
        write_labelled_samples(tmp_path, 3, "voc", count=1, size=(32, 32), seed=1)


@pytest.mark.parametrize(
    ("classes", "layout", "size", "message"),
    [
        (1, "drone", (64, 64), "`labelled`: expected a whole number from 2 to 121, found 1"),
        (39, "oxford-pet", (64, 64), "`labelled`: expected a whole number from 2 to 38, found 39"),
        (3, "coco", (64, 64), "`layout`: expected drone, oxford-pet, .*, found 'coco'; choose one of them"),
        (3, "voc", (64, 31), "`size`: expected a whole number from 32 to 8192, found 31"),
    ],
)
def test_what_cannot_be_drawn(
    tmp_path: Path, classes: int, layout: str, size: tuple[int, int], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        write_labelled_samples(tmp_path / "new", classes, layout, 1, size, 0)
    assert not (tmp_path / "new").exists()
