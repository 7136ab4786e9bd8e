import importlib.util
from pathlib import Path

import numpy as np
import pytest

from fgbg.predictor import Predicted
from fgbg.predictor.encode_numbers import depth_numbers, mask_numbers, require_exr, write_exr, write_npy
from generator.depth.file_formats import read_numbers
from generator.errors import ConfigError
from generator.format.manifest import ClassMask

CLASSES = ClassMask(names=["a", "b"], colours=[[0, 0, 0], [9, 9, 9]])


def test_numbers_are_from_0_to_1_and_classes_stay_numbers_of_classes() -> None:
    mask = np.array([[0, 51, 255]], np.uint8)
    numbers = mask_numbers(Predicted(mask, None))
    assert numbers.dtype == np.float32 and np.allclose(numbers, [[0, 0.2, 1]])
    depth = depth_numbers(np.array([[1, 32768, 65535]], np.uint16))
    assert depth.dtype == np.float32 and np.allclose(depth, [[0, 0.5, 1]])
    labels = np.array([[0, 1]], np.uint8)
    assert mask_numbers(Predicted(labels, None, classes=CLASSES)) is labels


def test_a_written_depth_file_is_read_as_depth(tmp_path: Path) -> None:
    numbers = np.array([[0, 0.25], [0.5, 1]], np.float32)
    write_npy(tmp_path / "a.depth.npy", numbers)
    assert (np.load(tmp_path / "a.depth.npy") == numbers).all()
    write_exr(tmp_path / "a.depth.exr", numbers)
    for suffix in ("npy", "exr"):
        assert (read_numbers(tmp_path / f"a.depth.{suffix}") == numbers).all()
    write_exr(tmp_path / "labels.exr", np.array([[3, 200]], np.uint8))
    assert read_numbers(tmp_path / "labels.exr").tolist() == [[3, 200]]
    assert len(list(tmp_path.iterdir())) == 3


def test_an_exr_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.exr").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_exr(tmp_path / "a.exr", np.zeros((1, 1), np.float32))
    assert [path.name for path in tmp_path.iterdir()] == ["a.exr"]


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    require_exr()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"`format=exr` needs OpenEXR, .* Run: pip install 'fgbg\[exr\]'"):
        require_exr()
