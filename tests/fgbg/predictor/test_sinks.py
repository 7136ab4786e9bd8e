from pathlib import Path

import cv2
import numpy as np
import pytest

from fgbg.predictor import Predicted
from fgbg.predictor.draw_results import overlay
from fgbg.predictor.result_kinds import KINDS, Wanted
from fgbg.predictor.sinks import FileSink, write_prediction
from generator.errors import ExistsError
from generator.own_results import is_marked


def test_three_pictures_a_prediction(tmp_path: Path) -> None:
    predicted = Predicted(np.array([[0, 255]], np.uint8), np.array([[1, 65535]], np.uint16))
    written = write_prediction(tmp_path / "sub" / "a.b", np.zeros((1, 2, 3), np.uint8), predicted)
    paths = list(written.values())
    assert [path.name for path in paths] == ["a.b.mask.png", "a.b.depth.png", "a.b.overlay.png"]
    stored = [cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in paths]
    assert stored[0].tolist() == [[0, 255]] and stored[1].tolist() == [[1, 65535]]
    assert stored[2].shape == (1, 2, 3)
    assert all(is_marked(path, "predict") for path in paths)


def test_without_depth_mask_and_overlay_alone(tmp_path: Path) -> None:
    predicted = Predicted(np.array([[0, 255]], np.uint8), None)
    written = write_prediction(tmp_path / "a", np.zeros((1, 2, 3), np.uint8), predicted)
    assert [path.name for path in written.values()] == ["a.mask.png", "a.overlay.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mask.png", "a.overlay.png"]


def test_a_prediction_replaces_nothing_unasked_and_is_written_wholly_or_not(tmp_path: Path) -> None:
    predicted = Predicted(np.array([[0, 255]], np.uint8), np.array([[1, 65535]], np.uint16))
    picture = np.zeros((1, 2, 3), np.uint8)
    own = tmp_path / "a.depth.png"
    own.write_bytes(b"mine")
    with pytest.raises(ExistsError, match=r"a\.depth\.png exists already\. Use another `out`, or `over"):
        write_prediction(tmp_path / "a", picture, predicted)
    # The name of a mask can have 246 letters; for depth this is one too many.
    with pytest.raises(OSError, match="File name too long"):
        write_prediction(tmp_path / ("x" * 246), picture, predicted)
    assert [path.name for path in tmp_path.iterdir()] == ["a.depth.png"] and own.read_bytes() == b"mine"
    write_prediction(tmp_path / "a", picture, predicted, overwrite=True)
    assert is_marked(own, "predict")


def test_the_overlay_tints_the_object_and_nothing_else() -> None:
    mask = np.zeros((20, 20), np.uint8)
    mask[5:15, 5:15] = 255
    seen = overlay(np.full((20, 20, 3), 100, np.uint8), Predicted(mask, None))
    assert (seen[:4] == 100).all() and (seen[10, 10] != 100).any()


def test_an_overlay_in_strips_is_the_overlay_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    picture = random.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    mask = random.integers(0, 256, (20, 30), dtype=np.uint8)
    whole = overlay(picture, Predicted(mask, None))
    monkeypatch.setattr("generator.resize._STRIP", 70)
    assert (overlay(picture, Predicted(mask, None)) == whole).all()


@pytest.mark.parametrize(
    ("kinds", "draws"), [((), False), (("mask", "depth"), False), (("overlay",), True), (KINDS, True)]
)
def test_a_sink_says_whether_its_results_show_the_picture(
    tmp_path: Path, kinds: tuple[str, ...], draws: bool
) -> None:
    assert FileSink({"a": tmp_path / "a"}, Wanted(kinds)).draws is draws
