from pathlib import Path

import numpy as np
import pytest

from fgbg.predictor.plates import frame_plate, plates_of, without_plates
from fgbg.predictor.sources import Given
from generator.encode import encode_png
from generator.errors import AssetError, ConfigError, UsageError


def make(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(encode_png(np.zeros((2, 2, 3), np.uint8)))
    return folder


def test_one_file_serves_all_pictures_and_is_read_once(tmp_path: Path) -> None:
    make(tmp_path, "bg.png")
    plates = plates_of([Given(tmp_path, Path("a.png")), Given(tmp_path, Path("b.png"))], tmp_path / "bg.png")
    assert isinstance(plates.bgs[0], np.ndarray) and plates.bgs[0] is plates.bgs[1]
    assert plates.paths == [tmp_path / "bg.png"] * 2


def test_a_folder_has_a_background_of_the_same_name(tmp_path: Path) -> None:
    bgs = make(tmp_path / "bgs", "a.png", "sub/b.png", "more.png")
    pictures = [Given(tmp_path, Path(name)) for name in ("a.jpg", "sub/b.png", "b.png", "c.png")]
    plates = plates_of(pictures, bgs)
    assert plates.paths == [bgs / "a.png", bgs / "sub" / "b.png", None, None]
    assert set(plates.files) == {bgs / "a.png", bgs / "sub" / "b.png", bgs / "more.png"}
    lonely = tmp_path / "b.png"
    assert plates.remarks == [f"{bgs} holds no background for {lonely} and 1 more: predicted without one"]


def test_a_folder_without_any_of_the_names_is_refused(tmp_path: Path) -> None:
    bgs = make(tmp_path / "bgs", "x.png")
    with pytest.raises(
        AssetError, match=r"bgs holds no background for .*a\.jpg or any other picture\. A back"
    ):
        plates_of([Given(tmp_path, Path("a.jpg"))], bgs)


def test_a_picture_is_not_its_own_background(tmp_path: Path) -> None:
    folder = make(tmp_path, "a.png")
    with pytest.raises(UsageError, match=r"a\.png would be its own background"):
        plates_of([Given(folder, Path("a.png"))], folder)


def test_backgrounds_among_the_pictures_are_left_out(tmp_path: Path) -> None:
    make(tmp_path, "a.png", "empty.png", "plates/a.png", "plates/b.png")
    pictures = [
        Given(tmp_path, Path(name)) for name in ("a.png", "empty.png", "plates/a.png", "plates/b.png")
    ]
    others, remarks = without_plates(pictures, tmp_path / "empty.png")
    assert others == [pictures[0], *pictures[2:]]
    assert remarks == [f"{tmp_path / 'empty.png'}: the background, skipped"]
    others, remarks = without_plates(pictures, tmp_path / "plates")
    assert others == pictures[:2] and remarks == [f"{tmp_path / 'plates'}: 2 backgrounds skipped"]
    # A picture that is named together with itself as background is meant.
    assert without_plates(pictures[:1], tmp_path / "a.png") == (pictures[:1], [])
    assert without_plates(pictures, tmp_path) == (pictures, [])
    assert without_plates(pictures, Path("median")) == without_plates(pictures, None) == (pictures, [])


@pytest.mark.parametrize(("word", "frame"), [("median", "median"), ("frame:12", 12)])
def test_words_for_videos_are_refused_for_pictures(word: str, frame: object, tmp_path: Path) -> None:
    assert frame_plate(Path(word)) == frame
    with pytest.raises(ConfigError, match=f"`bg` is {word}, which is for videos"):
        plates_of([Given(tmp_path, Path("a.jpg"))], Path(word))
    assert frame_plate(Path("bg.jpg")) is None and frame_plate(None) is None
