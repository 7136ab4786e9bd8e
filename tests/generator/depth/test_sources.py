from pathlib import Path

import cv2
import numpy as np
import pytest

from generator.depth.sources import plane_depth, read_depth
from generator.errors import AssetError

SIZE = (6, 4)


def test_a_plane_comes_nearer_downward() -> None:
    depth = plane_depth(SIZE)
    assert depth[:, 0].tolist() == [1, 21846, 43690, 65535] and depth.shape == (4, 6)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_depth_picture_is_taken_as_it_is(tmp_path: Path, suffix: str) -> None:
    stored = np.arange(24, dtype=np.uint16).reshape(4, 6) * 2000
    path = tmp_path / f"a.depth{suffix}"
    cv2.imwrite(str(path), stored)
    assert (read_depth(path, SIZE, "inverse") == stored).all()
    # If no value means unknown, 0 is the farthest: networks write such files.
    assert (read_depth(path, SIZE, "inverse", ()) == np.maximum(stored, 1)).all()
    # In metres or millimetres, 0 is never a distance, even if it is not in the list of invalid values.
    for invalid in ((0,), ()):
        depth = read_depth(path, SIZE, "metric", invalid)
        assert depth[0, 0] == 0 and depth[0, 1] == 65535 and depth[3, 5] == 1


def test_numbers_that_mean_unknown_are_left_out(tmp_path: Path) -> None:
    stored = np.array([[0, 500, 1000, 2000, 65535, 1000]] * 4, np.uint16)
    path = tmp_path / "a.depth.png"
    cv2.imwrite(str(path), stored)
    invalid = (0, 65535)
    assert read_depth(path, SIZE, "inverse", invalid)[0].tolist() == [0, 500, 1000, 2000, 0, 1000]
    assert read_depth(path, SIZE, "metric", invalid)[0].tolist() == [0, 65535, 21846, 1, 0, 21846]
    # Values that the type of the file cannot hold do no harm: 65535 in float16; -1 and 0.5 in uint16.
    np.save(tmp_path / "a.depth.npy", stored.clip(0, 60000).astype(np.float16))
    assert (read_depth(tmp_path / "a.depth.npy", SIZE, "metric", (0, 65535))[:, 1:] > 0).all()
    assert (read_depth(path, SIZE, "inverse", (-1, 0.5)) == np.maximum(stored, 1)).all()


def test_a_depth_array_is_normalised(tmp_path: Path) -> None:
    path = tmp_path / "a.depth.npy"
    np.save(path, np.linspace(1, 2, 24).reshape(4, 6))
    depth = read_depth(path, SIZE, "metric")
    assert depth[0, 0] == 65535 and depth[3, 5] == 1
    np.save(path, np.array([[0, 1, 2, 3, 4, 5]] * 4, np.float32))
    assert read_depth(path, SIZE, "inverse")[0].tolist() == [0, 1, 16384, 32768, 49152, 65535]
    assert read_depth(path, SIZE, "inverse", ())[0, 0] == 1


def test_depth_of_another_aspect_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.depth.npy", np.zeros((6, 4)))
    with pytest.raises(AssetError, match="expected the aspect ratio of its picture, 6 x 4, found 4 x 6"):
        read_depth(tmp_path / "a.depth.npy", SIZE, "inverse")
