from pathlib import Path

import cv2
import numpy as np
import pytest

from generator.config import GenerateConfig
from generator.errors import DatasetError, UsageError
from generator.look.colours import INSTANCE_COLOURS, colour_depth
from generator.look.preview import MOST_WIDTH, draw_preview, write_preview
from generator.pipeline import generate
from generator.reading.dataset import open_dataset
from generator.reading.seen_objects import instance_maps, seen_objects

# Pictures of 32 x 24 are shown 6 times as large, below the titles and to the right of a margin.
FACTOR, LEFT, TOP, GAP = 6, 4, 26, 4


def cell(sheet: np.ndarray, column: int, line: int = 0) -> np.ndarray:
    """One picture of the first block of columns."""
    x = LEFT + column * (32 * FACTOR + GAP)
    y = TOP + line * (24 * FACTOR + 24)
    return sheet[y : y + 24 * FACTOR, x : x + 32 * FACTOR]


def enlarged(picture: np.ndarray) -> np.ndarray:
    rgb = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
    return rgb.repeat(FACTOR, axis=0).repeat(FACTOR, axis=1)


def test_a_row_shows_all_that_is_stored(unrendered: Path) -> None:
    dataset = open_dataset(unrendered)
    sheet = draw_preview(dataset, "val", 1)
    batch = dataset["val"].read([0])
    assert (cell(sheet, 0) == enlarged(batch.bg[0])).all()
    assert (cell(sheet, 2) == enlarged(batch.mask[0])).all()
    assert (cell(sheet, 3) == enlarged(colour_depth(batch.depth[0]))).all()
    titles, caption = sheet[:TOP], sheet[TOP + 24 * FACTOR : TOP + 24 * FACTOR + 20]
    assert (titles < 100).any() and (caption < 200).any()


def test_samples_are_spread_over_the_split(unrendered: Path) -> None:
    dataset = open_dataset(unrendered)
    sheet = draw_preview(dataset, "val", 4)
    quarter = len(dataset["val"]) // 4
    assert (cell(sheet, 2, 1) == enlarged(dataset["val"].read([quarter]).mask[0])).all()


def test_a_box_stands_around_each_object_in_its_colour(crowded: Path) -> None:
    dataset = open_dataset(crowded)
    split = dataset["train"]
    sheet = draw_preview(dataset, "train", 5)
    rows = [place * len(split) // 5 for place in range(5)]
    batch = split.read(rows)
    assert batch.instances is not None
    boxes = []
    for line, row in enumerate(rows):
        seen = seen_objects(split, row, instance_maps(batch, split.mask)[line], batch.mask[line])
        drawn = (cell(sheet, 1, line) != enlarged(batch.fg_bg[line])).any(axis=2)
        for number, one in enumerate(seen, 1):
            assert one.box is not None
            x, y, width, height = (value * FACTOR for value in one.box)
            corner = cell(sheet, 1, line)[y, x]
            assert (corner == INSTANCE_COLOURS[number - 1]).all() or len(seen) > number
            assert drawn[y, x] and drawn[y + height - 1, x + width - 1]
            shown = enlarged(batch.instances[line] == number)[..., 0]
            assert (cell(sheet, 4, line)[shown] == INSTANCE_COLOURS[number - 1]).all()
        assert drawn.any() == bool(seen)
        boxes.append(len(seen))
    assert max(boxes) > 1


@pytest.mark.parametrize("size", [(16, 16), (700, 20), (20, 300)])
def test_every_canvas_fits_the_sheet(
    request_fields: dict[str, object], size: tuple[int, int], tmp_path: Path
) -> None:
    fields = {**request_fields, "size": size, "fg_size": 8, "split": None, "samples": 30}
    generate(GenerateConfig(**fields, out=tmp_path, render=False))
    sheet = draw_preview(open_dataset(tmp_path), "train", 30)
    assert MOST_WIDTH // 2 < sheet.shape[1] <= MOST_WIDTH


def test_the_sheet_is_a_png_and_nothing_is_replaced_unasked(unrendered: Path, tmp_path: Path) -> None:
    out = tmp_path / "sub" / "sheet.png"
    assert write_preview(unrendered, "val", 3, out)[0] == 3
    first = out.read_bytes()
    assert (cv2.imread(str(out))[..., ::-1] == draw_preview(open_dataset(unrendered), "val", 3)).all()
    with pytest.raises(UsageError, match=r"sheet\.png exists already\. .*`overwrite=True`"):
        write_preview(unrendered, "val", 4, out)
    assert out.read_bytes() == first
    shown, total = write_preview(unrendered, "val", 10**6, out, overwrite=True)
    assert shown == total == len(open_dataset(unrendered)["val"]) and out.read_bytes() != first


@pytest.mark.parametrize("name", ["sheet.jpg", "sheet"])
def test_another_kind_of_file_is_refused(unrendered: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"expected a name that ends in \.png"):
        write_preview(unrendered, "val", 3, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_folder_without_a_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="Run 'fgbg generate' or 'fgbg import' first"):
        write_preview(tmp_path, "val", 3, tmp_path / "sheet.png")
    assert not list(tmp_path.iterdir())
