import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from generator.errors import AssetError, UsageError
from generator.importing.config import ImportConfig
from generator.review.labelled import LabelledReview, review_labels
from generator.review.labelled_tables import FILES, class_chart, write_tables


def noise(seed: int, size: tuple[int, int] = (40, 30)) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 255, (6, 6, 3), np.uint8)).resize(size)
    return np.asarray(coarse)


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Eight pictures of 40 x 30 whose object is the left quarter; the last row of the first one is void."""
    folder = tmp_path / "source"
    for number in range(8):
        mask = np.zeros((30, 40), np.uint8)
        mask[:, :10] = 1
        if number == 0:
            mask[-1] = 255
        save(folder / "images" / f"{number}.png", noise(number))
        save(folder / "masks" / f"{number}.png", mask)
    return folder


def reviewed(source: Path, **fields: object) -> LabelledReview:
    return review_labels(ImportConfig(format="folder", source=source, **fields), progress=False)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_pixels_and_pictures_of_each_class(source: Path) -> None:
    review = reviewed(source)
    assert review.problems == []
    background, object_, void = review.classes
    assert (background.name, background.pictures, background.pixels) == ("background", 8, 8 * 900 - 30)
    assert (object_.name, object_.pictures, object_.pixels) == ("object", 8, 8 * 300 - 10)
    assert (void.number, void.pictures, void.pixels) == (255, 1, 40)
    assert object_.share == (8 * 300 - 10) / (8 * 1200 - 40)
    assert void.share == 40 / (8 * 1200)


def test_the_tables(source: Path, tmp_path: Path) -> None:
    review = reviewed(source)
    write_tables(tmp_path / "out", review)
    rows = table(tmp_path / "out" / "df_data.csv")
    assert rows[0] == {
        "name": "images/0",
        "split": rows[0]["split"],
        "picture": str(source / "images" / "0.png"),
        "label": str(source / "masks" / "0.png"),
        **{"width": "40", "height": "30", "label_width": "40", "label_height": "30"},
        "picture_min": str(noise(0).min()),
        "picture_max": str(noise(0).max()),
        **{"label_min": "0", "label_max": "255", "values": "0 1 255"},
        **{"classes": "background;object", "void_share": "0.033333", "problem": ""},
    }
    by_split = {
        split: [row["name"] for row in table(tmp_path / "out" / f"df_{file}.csv")]
        for split, file in (("train", "train"), ("val", "valid"), ("test", "test"))
    }
    assert {name: row["split"] for row in rows for name in [row["name"]]} == {
        name: split for split, names in by_split.items() for name in names
    }
    assert [len(names) for names in by_split.values()] == [6, 2, 0]
    assert [
        (row["class"], row["name"], row["colour"]) for row in table(tmp_path / "out" / "df_label.csv")
    ] == [
        ("0", "background", "#000000"),
        ("1", "object", "#ffffff"),
        ("255", "void", "#808080"),
    ]
    with Image.open(tmp_path / "out" / "class-shares.png") as chart:
        assert chart.size[0] > 400


def test_splits_are_those_of_the_seed_and_the_shares(source: Path) -> None:
    def names(**fields: object) -> set[str]:
        return {found.item.name for found in reviewed(source, **fields).pictures if found.split == "val"}

    assert names() == names()
    assert len({frozenset(names(seed=seed)) for seed in range(4)}) > 1
    assert len(names(split=(50.0, 50.0, 0.0))) == 4
    assert names(split=None) == set()


def test_what_is_replaced_is_kept(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "df_data.csv").write_text("mine")
    write_tables(out, reviewed(source))
    assert (out / "df_data.csv.backup").read_text() == "mine"
    assert {path.name for path in out.iterdir()} == {*FILES, "df_data.csv.backup"}
    before = (out / "df_data.csv").read_text()
    write_tables(out, reviewed(source))
    assert (out / "df_data.csv.backup").read_text() == "mine", "the same content replaces nothing"
    (source / "masks" / "7.png").unlink()
    write_tables(out, reviewed(source))
    assert (out / "df_data.csv.backup").read_text() == before


def test_a_folder_in_the_way(source: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "df_label.csv").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"df_label\.csv is a folder\. Use another `out`"):
        write_tables(tmp_path / "out", reviewed(source))
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_every_problem_is_reported_with_its_file(source: Path, tmp_path: Path) -> None:
    (source / "masks" / "0.png").unlink()
    (source / "images" / "1.png").unlink()
    content = (source / "images" / "2.png").read_bytes()
    (source / "images" / "2.png").write_bytes(content[: len(content) // 2])
    save(source / "masks" / "3.png", np.zeros((30, 41), np.uint8))
    (source / "masks" / "4.png").write_text("no picture")
    save(source / "masks" / "5.png", np.full((30, 40), 7, np.uint8))
    review = reviewed(source)
    found = [str(problem).replace(f"{source}/", "") for problem in review.problems]
    assert [line.split(".png")[0] for line in found] == [
        "images/0",
        "masks/1",
        "images/2",
        "masks/3",
        "masks/4",
        "masks/5",
    ]
    assert "has no mask in" in found[0] and "has no picture in" in found[1]
    assert "expected a whole picture" in found[2]
    assert "expected 40 x 30 as images/3.png, found 41 x 30" in found[3]
    assert "expected a picture, found no known picture format" in found[4]
    assert "expected 0 where the background is, found values 7" in found[5]
    write_tables(tmp_path / "out", review)
    rows = table(tmp_path / "out" / "df_data.csv")
    assert len(rows) == 6 + 2
    wrong = {row["name"]: row for row in rows if row["problem"]}
    assert len(wrong) == 6
    assert (wrong["images/3"]["width"], wrong["images/3"]["label_width"]) == ("40", "41")
    assert wrong["images/2"]["width"] == "" and wrong["images/2"]["label_width"] == "40"
    assert wrong["images/5"]["values"] == "7"
    names = [row["name"] for name in ("train", "valid") for row in table(tmp_path / "out" / f"df_{name}.csv")]
    assert sorted(names) == ["images/6", "images/7"]


def test_colours_and_many_values_of_masks(source: Path) -> None:
    colours = np.zeros((30, 40, 3), np.uint8)
    colours[:, :10] = (128, 0, 64)
    save(source / "masks" / "0.png", colours)
    save(source / "masks" / "1.png", np.arange(1200).reshape(30, 40).astype(np.uint8))
    first, second = (found.seen.values for found in reviewed(source).pictures[:2])
    assert first == ("#000000", "#800040")
    assert second == ("256 values",)


def test_one_picture_has_no_splits(tmp_path: Path) -> None:
    save(tmp_path / "images" / "a.png", noise(0))
    save(tmp_path / "masks" / "a.png", np.zeros((30, 40), np.uint8))
    lines: list[str] = []
    config = ImportConfig(format="folder", source=tmp_path)
    review = review_labels(config, lines.append, progress=False)
    assert [found.split for found in review.pictures] == ["train"]
    assert lines[-1].startswith(
        "no splits: `split`: expected at least 2 different pictures for train, val, found 1"
    )


def test_many_pictures_are_looked_at_in_processes(source: Path) -> None:
    assert reviewed(source, workers=1).classes == reviewed(source, workers=2).classes


def test_a_source_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match="holds no pictures"):
        reviewed(tmp_path)


def test_the_chart_is_the_same_each_time(source: Path) -> None:
    classes = reviewed(source).classes
    assert class_chart(classes) == class_chart(classes)
