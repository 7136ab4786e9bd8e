from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fgbg.predictor import Predictor
from fgbg.predictor.engine import Answer
from fgbg.predictor.plate_depth import as_plate_depth, depth_with_objects
from fgbg.predictor.plate_depths import DepthRequest, depth_of_frames, depths_of_plates
from fgbg.predictor.resize_input import prepare
from fgbg.predictor.restore_size import restore
from generator.errors import ArrayError, AssetError, ConfigError, UsageError
from generator.format.manifest import AlphaMask
from generator.reading.dataset import open_dataset

RAMP = np.repeat(np.arange(1, 9, dtype=np.uint16)[:, None] * 1000, 10, axis=1)
"""(8, 10): nearer towards the bottom, 1000 to 8000."""


def test_an_object_has_the_depth_of_the_ground_under_it() -> None:
    mask = np.zeros((8, 10), np.uint8)
    mask[1:4, 1:4] = 255  # stands on row 3
    mask[2:8, 6:9] = 200  # reaches the border
    mask[0, 5] = 127  # not opaque
    depth = depth_with_objects(RAMP, mask)
    expected = RAMP.copy()
    expected[1:4, 1:4] = 4000
    expected[2:8, 6:9] = 8000
    assert depth.dtype == np.uint16 and (depth == expected).all()


def test_the_ground_is_the_lower_median_under_the_lowest_row() -> None:
    ground = RAMP.copy()
    ground[5, 2:6] = 100, 40, 300, 200
    mask = np.zeros((8, 10), np.uint8)
    mask[3:6, 2:6] = 255
    assert (depth_with_objects(ground, mask)[3:6, 2:6] == 100).all()
    mask[6, 7] = mask[5, 6] = 255  # joined by a corner: one object that stands on row 6
    assert (depth_with_objects(ground, mask)[mask == 255] == 7000).all()


def test_a_perfect_mask_gives_the_depth_of_generate(unrendered: Path) -> None:
    """The mask of one object without holes gives exactly what a dataset holds."""
    split = open_dataset(unrendered)["train"]
    rows = np.arange(len(split))
    batch, plates = split.read(rows), split.scene_depth(rows)
    assert plates is not None and (plates > 0).all()
    same = 0
    for mask, truth, plate in zip(batch.mask, batch.depth, plates, strict=True):
        if cv2.connectedComponents((mask >= 128).view(np.uint8), connectivity=8)[0] <= 2:
            assert (depth_with_objects(plate, mask) == truth).all()
            same += 1
    assert same > len(rows) / 2


def test_thousands_of_small_objects_and_none() -> None:
    plate = np.repeat(np.linspace(1, 65535, 600).astype(np.uint16)[:, None], 800, axis=1)
    assert (depth_with_objects(plate, np.zeros((600, 800), np.uint8)) == plate).all()
    mask = np.zeros((600, 800), np.uint8)
    mask[::3, ::3] = 255  # 53,400 objects of one pixel
    assert (depth_with_objects(plate, mask) == plate).all()


def test_unknown_depth_is_that_of_the_nearest_known_pixel() -> None:
    plate = np.zeros((4, 6), np.uint16)
    plate[:, 0], plate[:, 5] = 7, 9
    assert as_plate_depth(plate, (40, 60))[2].tolist() == [7, 7, 7, 9, 9, 9]


def test_what_is_no_depth_of_the_background_is_refused() -> None:
    with pytest.raises(AssetError, match=r"d\.png: expected depth, found only unknown pixels"):
        as_plate_depth(np.zeros((4, 6), np.uint16), (40, 60), "d.png")
    with pytest.raises(AssetError, match="the aspect ratio of the background, 60 x 40, found 6 x 6"):
        as_plate_depth(np.ones((6, 6), np.uint16), (40, 60))
    for wrong in (np.ones((4, 6), np.float32), np.ones((4, 6, 3), np.uint16), "depth.png"):
        with pytest.raises(ArrayError, match=r"bg_depth: expected \(H, W\) uint16"):
            as_plate_depth(wrong, (40, 60))


def scene(right: int) -> np.ndarray:
    """(96, 128, 3) uint8: a view that is larger than the frame."""
    noise = np.random.default_rng(0).integers(0, 256, (128, 160, 3), dtype=np.uint8)
    whole = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2), None, 20, 200, cv2.NORM_MINMAX)
    return np.ascontiguousarray(whole[16:112, 16 + right : 144 + right])


def test_depth_moves_with_its_background_and_goes_with_it() -> None:
    columns = np.repeat(np.arange(1000, 1128, dtype=np.uint16)[None], 96, axis=0)
    given = prepare(scene(0), scene(6), 64, align=True, bg_depth=columns + 6)
    assert given.bg_depth is not None and given.bg_unused is None and given.bg_moved > 0
    inner = slice(8, -8)
    assert np.abs(given.bg_depth[inner, inner].astype(int) - columns[inner, inner]).max() <= 1
    answer = Answer(np.zeros((1, 1, 48, 64), np.float32), np.full((1, 1, 48, 64), 0.5, np.float32))
    assert (restore(answer, AlphaMask(), given).depth == np.maximum(given.bg_depth, 1)).all()
    other = prepare(scene(0), scene(0)[::-1], 64, align=True, bg_depth=columns)
    assert other.bg_unused == "other view"


def test_every_way_to_predict_takes_depth(trained: Path, exported: Path) -> None:
    picture = scene(0)
    bg = cv2.convertScaleAbs(picture, alpha=1.1)
    plate = np.repeat(np.linspace(500, 60000, 96).astype(np.uint16)[:, None], 128, axis=1)
    for network in (trained / "best.pt", exported):
        predictor = Predictor.load(network, device="cpu")
        predicted = predictor(picture, bg, plate)
        expected = depth_with_objects(plate, predicted.mask)
        assert (predicted.depth == expected).all()
        many = list(predictor.predict_many([picture] * 2, bg, bg_depths=[plate, None]))
        assert (many[0].depth == depth_with_objects(plate, many[0].mask)).all()
        alone = predictor(picture, bg)
        assert (predicted.mask == alone.mask).all() and not (predicted.depth == alone.depth).all()
        # A background that is not used takes its depth with it.
        assert (predictor(picture, bg[::-1], plate).depth == predictor(picture).depth).all()
    with pytest.raises(ConfigError, match="`bg_depth`: expected a background"):
        predictor(picture, bg_depth=plate)
    with pytest.raises(ArrayError, match=r"bg_depths: expected a depth for pictures\[1\]"):
        list(predictor.predict_many([picture] * 2, bg, bg_depths=[plate]))


def write_plate(folder: Path, name: str = "room.png", depth: Any = None) -> Path:
    """A background of 128 x 96, and its depth file beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / name), scene(0))
    if depth is not None:
        cv2.imwrite(str((folder / name).with_suffix(".depth.png")), depth)
    return folder / name


def test_files_beside_backgrounds_are_found_and_read(tmp_path: Path) -> None:
    levels = np.full((96, 128), 1234, np.uint16)
    one, other = write_plate(tmp_path / "a", depth=levels), write_plate(tmp_path / "b")
    found = depths_of_plates([one, other, None, one], DepthRequest())
    assert found.names == [str(one.with_suffix(".depth.png")), None, None, found.names[0]]
    assert found.files == [one.with_suffix(".depth.png")] and not found.remarks
    assert found.reads[0] is not None and (found.reads[0]() == 1234).all() and found.reads[1] is None
    assert depths_of_plates([one], DepthRequest("none")).reads == [None]


def test_the_numbers_of_a_file_mean_what_is_said(tmp_path: Path) -> None:
    distances = np.repeat(np.linspace(8, 1, 96)[:, None], 128, axis=1)
    distances[0, 0] = 99
    file = tmp_path / "distances.npy"
    np.save(file, distances)
    plate = write_plate(tmp_path)
    metric = depths_of_plates([plate], DepthRequest(str(file), "metric", (0, 99))).reads[0]
    inverse = depths_of_plates([plate], DepthRequest(str(file))).reads[0]
    assert metric is not None and inverse is not None
    assert metric()[-1, 0] == 65535 and metric()[2, 0] < 2000  # the lowest row is nearest
    assert inverse()[-1, 0] == 1


def test_bad_depth_is_one_error_that_names_the_file(tmp_path: Path) -> None:
    plate = write_plate(tmp_path, depth=np.zeros((96, 128), np.uint16))
    with pytest.raises(AssetError, match=r"room\.depth\.png: expected depth, found only unknown pixels"):
        depths_of_plates([plate], DepthRequest())
    wide = write_plate(tmp_path / "wide", depth=np.ones((96, 96), np.uint16))
    with pytest.raises(
        AssetError, match=r"room\.depth\.png: expected the aspect ratio of its picture, 128 x 96"
    ):
        depths_of_plates([wide], DepthRequest())
    (tmp_path / "text.png").write_text("no depth")
    for file in ("text.png", "missing.npy"):
        with pytest.raises(AssetError, match=file):
            depths_of_plates([plate], DepthRequest(str(tmp_path / file)))
    other = write_plate(tmp_path / "other")
    with pytest.raises(UsageError, match="`bg_depth`: expected one background for a depth file, found 2"):
        depths_of_plates([plate, other], DepthRequest("some.npy"))
    with pytest.raises(UsageError, match="`bg_depth`: expected one background for a depth file, found no"):
        depths_of_plates([None], DepthRequest("some.npy"))
    with pytest.raises(
        ConfigError, match="`bg_depth`: expected a depth file for a background made of frames"
    ):
        depth_of_frames(DepthRequest("onnx:depth.onnx"))


def test_options_without_effect_are_named(tmp_path: Path) -> None:
    plate = write_plate(tmp_path)
    found = depths_of_plates([plate], DepthRequest(convention="metric"))
    assert found.remarks == ["`depth_convention` has no effect: no background has depth"]


def test_a_network_gives_the_depth_of_backgrounds_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    class Brightness:
        id, batch, told = "brightness@1", 4, None

        def predict(self, pictures: list[np.ndarray]) -> list[np.ndarray]:
            calls.append(len(pictures))
            return [picture[..., 0].astype(np.float32) for picture in pictures]

    monkeypatch.setattr("generator.depth.choice.open_network", lambda spec: Brightness())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    plate = write_plate(tmp_path / "a")
    with pytest.raises(ConfigError, match=r"`bg_depth=onnx:b\.onnx`: expected a network that says"):
        depths_of_plates([plate], DepthRequest("onnx:b.onnx"))
    found = depths_of_plates([plate, plate], DepthRequest("onnx:b.onnx", "inverse"))
    assert found.names == ["onnx:b.onnx"] * 2 and calls == [1]
    assert found.remarks == ["depth network: inverse, larger is nearer (`depth_convention`)"]
    assert found.reads[0] is not None
    depth = found.reads[0]()
    bright = scene(0)[..., 2]  # OpenCV writes BGR
    assert depth.shape == (96, 128) and np.corrcoef(depth.ravel(), bright.ravel())[0, 1] > 0.99
