import csv
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from generator.config import GenerateConfig
from generator.drawing.write import DrawnSamples
from generator.errors import AssetError, ConfigError
from generator.files import hash_file
from generator.importing.config import ImportConfig
from generator.importing.fit import Frame
from generator.importing.pipeline import import_labelled
from generator.pipeline import generate
from generator.reading.dataset import open_dataset

from .conftest import COUNT, write_pair


def hashes(folder: Path) -> dict[str, str]:
    names = [path.name for path in folder.iterdir() if path.suffix in (".h5", ".json", ".csv")]
    return {name: hash_file(folder / name) for name in sorted(names)}


def names(folder: Path, split: str) -> list[str]:
    part = open_dataset(folder)[split]  # type: ignore[index]
    return [part.scene_name(scene) for scene in part.scenes]


def test_pictures_and_classes_come_out_as_they_are(config: ImportConfig) -> None:
    outcome = import_labelled(config)
    manifest = outcome.manifest
    assert outcome.written == COUNT == manifest.source.samples and manifest.source.left_out == 0
    assert {name: split.samples for name, split in manifest.splits.items()} == {
        "train": 18,
        "val": 6,
        "test": 0,
    }
    assert manifest.mask.kind == "classes" and manifest.source.splits == "drawn"
    dataset = open_dataset(config.out)
    train = dataset["train"]
    batch = train.read([3])
    name = names(config.out, "train")[3]
    picture = cv2.imread(str(config.source / f"{name}.png"))
    scaled = cv2.resize(picture, (16, 12), interpolation=cv2.INTER_AREA)[..., ::-1]
    assert (batch.fg_bg[0, 2:14] == scaled).all() and (batch.fg_bg[0, 0] == scaled[0]).all()
    mask = batch.mask[0]
    # 40 x 30 becomes 16 x 12 with two void rows above and below; 8:20 and 10:30 become 3:8 and 4:12.
    assert (mask[:2] == 255).all() and (mask[14:] == 255).all() and (mask[2] != 255).all()
    class_ = 1 + int(name[1:]) % 2
    assert (mask[6:9, 4:12] == class_).all() and (mask[12, :] == 0).all()
    assert (batch.instances is not None) and batch.instances[0].max() == class_
    assert outcome.problems is None and not (config.out / "problems.csv").exists()


def test_an_alpha_has_a_void_level(fields: dict[str, Any]) -> None:
    config = ImportConfig(**fields | {"mask": "alpha", "fit": "stretch", "size": (40, 30)})
    manifest = import_labelled(config).manifest
    assert manifest.mask.kind == "alpha" and manifest.mask.void == 127
    mask = open_dataset(config.out)["train"].read([0]).mask[0]
    assert (mask[0] == 127).all() and (mask[8:20, 10:30] == 255).all() and (mask[1:8] == 0).all()


def test_official_splits_stay_and_others_are_drawn(source: Path, config: ImportConfig) -> None:
    split = dict.fromkeys(range(10), "test") | dict.fromkeys(range(10, 15), "val")
    split |= dict.fromkeys(range(15, 20), "train")
    (source / "splits.txt").write_text("\n".join(f"p{number:02d} {name}" for number, name in split.items()))
    said: list[str] = []
    manifest = import_labelled(config, say=said.append).manifest
    assert manifest.source.splits == "official"
    assert sorted(names(config.out, "test")) == [f"p{number:02d}" for number in range(10)]
    assert len(names(config.out, "val")) == 5 + 1  # a quarter of the four pictures without a split
    assert not [line for line in said if "divided" in line]


DIVIDED = "divided into train and val"


@pytest.mark.parametrize(
    ("named", "counts", "note"),
    [
        (
            ["train"] * COUNT,
            [18, 6, 0],
            f"no validation pictures: pictures for training are {DIVIDED}",
        ),
        (
            ["train"] * 16 + ["test"] * 8,
            [12, 4, 8],
            f"no validation pictures: pictures for training are {DIVIDED}; test stays as it is",
        ),
        (["val"] * COUNT, [18, 6, 0], f"the data set has only val: all its pictures are {DIVIDED}"),
        (
            ["val"] * 12 + ["test"] * 12,
            [18, 6, 0],
            f"the data set has only test and val: all its pictures are {DIVIDED}",
        ),
    ],
)
def test_without_pictures_to_train_on_or_to_validate_with_they_are_divided(
    source: Path, config: ImportConfig, named: list[str], counts: list[int], note: str
) -> None:
    (source / "splits.txt").write_text(
        "\n".join(f"p{number:02d} {name}" for number, name in enumerate(named))
    )
    said: list[str] = []
    manifest = import_labelled(config, say=said.append).manifest
    assert [split.samples for split in manifest.splits.values()] == counts
    assert manifest.source.splits == ("official" if counts[2] else "drawn")
    assert note in said


def test_shares_of_the_user_replace_official_splits(source: Path, fields: dict[str, Any]) -> None:
    (source / "splits.txt").write_text("\n".join(f"p{number:02d} train" for number in range(COUNT)))
    manifest = import_labelled(ImportConfig(**fields | {"split": (50, 25, 25)})).manifest
    assert [split.samples for split in manifest.splits.values()] == [12, 6, 6]
    assert manifest.source.splits == "drawn"
    alone = ImportConfig(**fields | {"split": None})
    assert import_labelled(alone, overwrite=True).manifest.splits["train"].samples == COUNT


def test_near_duplicates_stand_in_one_split(source: Path, config: ImportConfig) -> None:
    for number in range(COUNT):
        picture = cv2.imread(str(source / f"p{number:02d}.png"))
        brighter = np.clip(picture.astype(int) + 4, 0, 255).astype(np.uint8)
        cv2.imwrite(str(source / f"q{number:02d}.png"), brighter)
        cv2.imwrite(str(source / f"q{number:02d}.mask.png"), np.zeros(picture.shape[:2], np.uint8))
    import_labelled(config)
    for split in ("train", "val"):
        found = names(config.out, split)
        assert {name[1:] for name in found if name[0] == "p"} == {
            name[1:] for name in found if name[0] == "q"
        }
        assert found


def test_backgrounds_and_depth_come_along(source: Path, config: ImportConfig) -> None:
    for number in range(COUNT - 1):
        bg = np.full((30, 40, 3), number, np.uint8)
        cv2.imwrite(str(source / f"p{number:02d}.bg.png"), bg)
        depth = np.full((60, 80), 100 + number, np.uint8)
        depth[0, 0] = 0
        cv2.imwrite(str(source / f"p{number:02d}.depth.png"), depth)
    said: list[str] = []
    manifest = import_labelled(config, say=said.append).manifest
    for what in ("background", "depth file"):
        assert f"no {what} for 1 of 24 pictures, as p23" in said
    assert manifest.fields == ["bg", "depth", "instances"] and manifest.depth.sources == ["files"]
    seen = {
        name: batch
        for split in ("train", "val")
        for row, name in enumerate(names(config.out, split))
        for batch in [open_dataset(config.out)[split].read([row])]  # type: ignore[index]
    }
    assert (seen["p07"].bg == 7).all()
    # Pictures of 8 bits: 255 is 65535, so 107 is 107 * 257; the border is unknown.
    assert (seen["p07"].depth[0, 2:14] == 107 * 257).all() and (seen["p07"].depth[0, :2] == 0).all()
    assert (seen["p23"].bg == 0).all() and (seen["p23"].depth == 0).all()


def test_what_cannot_be_used_is_left_out_and_listed(source: Path, config: ImportConfig) -> None:
    (source / "p00.png").write_bytes((source / "p00.png").read_bytes()[:60])
    cv2.imwrite(str(source / "p01.mask.png"), np.zeros((30, 41), np.uint8))
    cv2.imwrite(str(source / "p02.mask.png"), np.full((30, 40), 3, np.uint8))
    (source / "p03.mask.png").unlink()
    said: list[str] = []
    outcome = import_labelled(config, say=said.append)
    assert outcome.manifest.source.left_out == 4 and outcome.written == COUNT - 4
    assert outcome.problems == config.out / "problems.csv"
    with outcome.problems.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["picture", "file", "problem"]
    problems = {Path(row[1]).name: (row[0], row[2]) for row in rows[1:]}
    assert problems["p03.png"] == ("", f"{source}/p03.png has no mask. Add the mask, or remove the picture.")
    assert problems["p00.png"][0] == "p00" and "expected a whole picture" in problems["p00.png"][1]
    assert problems["p01.mask.png"][1].startswith(f"{source}/p01.mask.png: expected 40 x 30 as ")
    assert problems["p02.mask.png"][1] == (
        f"{source}/p02.mask.png: expected classes 0 to 2, or 255, found 3; correct the mask"
    )
    assert [line for line in said if line.startswith("left out: ")][-1] == (
        f"left out: 4 files and pictures, listed in {config.out}/problems.csv"
    )
    assert len([line for line in said if line.startswith("left out: ")]) == 5
    assert "p02" not in names(config.out, "train") + names(config.out, "val")


def test_strict_leaves_nothing_out(source: Path, config: ImportConfig) -> None:
    cv2.imwrite(str(source / "p02.mask.png"), np.full((30, 40), 3, np.uint8))
    cv2.imwrite(str(source / "p03.mask.png"), np.full((30, 40), 4, np.uint8))
    with pytest.raises(AssetError) as raised:
        import_labelled(config, strict=True)
    assert str(raised.value) == (
        f"{source}/p02.mask.png expected classes 0 to 2, or 255, found 3; correct the mask"
        f" (1 more in {config.out}/problems.csv). Correct or remove it, or leave `strict` out."
    )
    assert not (config.out / "dataset.json").exists()
    for name in ("p02", "p03"):
        cv2.imwrite(str(source / f"{name}.mask.png"), np.zeros((30, 40), np.uint8))
    outcome = import_labelled(config, strict=True)
    assert 0 < outcome.written < COUNT  # shards of pictures without problems were made the first time
    assert outcome.manifest.source.samples == COUNT and outcome.problems is None


def test_strict_stops_after_listing(source: Path, config: ImportConfig) -> None:
    for name in ("p03", "p04"):
        (source / f"{name}.mask.png").unlink()
    with pytest.raises(AssetError, match=r"p03\.png has no mask\. Add .* \(1 more in .*problems\.csv\)"):
        import_labelled(config, strict=True)
    assert not list(config.out.glob("*.h5"))


def test_a_source_of_which_nothing_can_be_used_is_refused(source: Path, config: ImportConfig) -> None:
    for path in source.glob("*.mask.png"):
        cv2.imwrite(str(path), np.full((30, 40), 9, np.uint8))
    with pytest.raises(AssetError, match=r"source has no picture that can be used: .*found 9; correct the"):
        import_labelled(config)
    for path in source.glob("*.mask.png"):
        path.unlink()
    with pytest.raises(AssetError, match=r"holds no labelled pictures of tiny \(.*has no mask"):
        import_labelled(config)


def test_a_finished_dataset_stays_as_it_is(source: Path, config: ImportConfig) -> None:
    first = import_labelled(config)
    before = hashes(config.out)
    again = import_labelled(config)
    assert again.written == 0 and again.manifest == first.manifest and hashes(config.out) == before
    cv2.imwrite(str(source / "p05.mask.png"), np.ones((30, 40), np.uint8))
    with pytest.raises(ConfigError) as raised:
        import_labelled(config)
    assert str(raised.value) == (
        f"{config.out} was made of other pictures (p05 changed since)."
        " Use another `out`, or `overwrite=True` to replace it."
    )
    assert import_labelled(config, overwrite=True).written == COUNT


def test_other_options_and_other_pictures_are_refused(
    source: Path, fields: dict[str, Any], config: ImportConfig
) -> None:
    import_labelled(config)
    with pytest.raises(ConfigError, match=r'was made with other options \(fit: "pad", now "crop"\)'):
        import_labelled(ImportConfig(**fields | {"fit": "crop"}))
    write_pair(source, "r00", 100)
    with pytest.raises(ConfigError, match=r"was made of other pictures \(24 then, 25 now\)"):
        import_labelled(config)


def test_a_picture_that_was_left_out_and_is_corrected_is_told(source: Path, config: ImportConfig) -> None:
    cv2.imwrite(str(source / "p02.mask.png"), np.full((30, 40), 3, np.uint8))
    import_labelled(config)
    assert import_labelled(config).written == 0
    cv2.imwrite(str(source / "p02.mask.png"), np.zeros((30, 40), np.uint8))
    with pytest.raises(ConfigError, match="p02, which was left out, changed since"):
        import_labelled(config)


def test_generate_and_import_refuse_the_folder_of_each_other(
    config: ImportConfig, assets: DrawnSamples, tmp_path: Path
) -> None:
    import_labelled(config)
    generated = GenerateConfig(
        fg=assets.fg, bg=assets.bg, out=config.out, size=(16, 16), samples=9, workers=1
    )
    with pytest.raises(ConfigError, match="holds a dataset of 'fgbg import'"):
        generate(generated)
    generate(generated, overwrite=True)
    assert (config.out / "bank.h5").exists()
    with pytest.raises(ConfigError, match="holds a dataset of 'fgbg generate'"):
        import_labelled(config)
    import_labelled(config, overwrite=True)
    assert not (config.out / "bank.h5").exists() and open_dataset(config.out)["val"].read([0])
    (config.out / "dataset.json").unlink()
    with pytest.raises(ConfigError, match="holds a dataset of 'fgbg import'"):
        generate(generated)


def test_files_of_others_are_not_replaced(config: ImportConfig) -> None:
    config.out.mkdir()
    (config.out / "train-00000.h5").write_text("mine")
    with pytest.raises(ConfigError, match=r"train-00000\.h5 was not written by fgbg"):
        import_labelled(config, overwrite=True)
    assert (config.out / "train-00000.h5").read_text() == "mine"


def test_a_source_on_its_side_is_reported(source: Path, config: ImportConfig) -> None:
    picture = Image.open(source / "p04.png")
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(source / "p04.png", exif=exif)
    outcome = import_labelled(config)
    assert outcome.manifest.source.left_out == 1 and outcome.problems is not None
    assert "the mask lies on its side" in outcome.problems.read_text()


def test_the_manifest_says_what_it_was_made_of(config: ImportConfig) -> None:
    import_labelled(config)
    stored = json.loads((config.out / "dataset.json").read_text())
    assert stored["version"] == 2 and stored["source"]["format"] == "tiny"
    assert stored["config"]["fit"] == "pad" and "source" not in stored["config"]
    assert stored["config"]["levels"]["names"] == ["ground", "cat", "dog"]


def test_a_large_jpeg_is_decoded_reduced_and_looks_the_same(
    source: Path, config: ImportConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in source.iterdir():
        path.unlink()
    rng = np.random.default_rng(0)
    for number in range(2):
        picture = cv2.resize(rng.integers(0, 256, (9, 12, 3), np.uint8), (640, 480))
        cv2.imwrite(str(source / f"p{number}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 95])
        cv2.imwrite(str(source / f"p{number}.mask.png"), np.zeros((480, 640), np.uint8))
    decoded: list[tuple[int, ...]] = []
    to_canvas = Frame.picture_on_canvas

    def recorded(frame: Frame, rgb: np.ndarray) -> np.ndarray:
        decoded.append(rgb.shape)
        return to_canvas(frame, rgb)

    monkeypatch.setattr(Frame, "picture_on_canvas", recorded)
    import_labelled(config)
    assert decoded == [(60, 80, 3)] * 2  # an eighth
    name = names(config.out, "train")[0]
    exact = cv2.resize(cv2.imread(str(source / f"{name}.jpg")), (16, 12), interpolation=cv2.INTER_AREA)
    found = open_dataset(config.out)["train"].read([0]).fg_bg[0, 2:14]
    assert np.abs(found.astype(int) - exact[..., ::-1]).max() <= 4
