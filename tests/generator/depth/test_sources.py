from pathlib import Path

import cv2
import numpy as np
import pytest

from generator.depth.sources import normalise, plane_depth, read_depth
from generator.errors import AssetError

SIZE = (6, 4)


def test_inverse_values_are_scaled_between_their_percentiles() -> None:
    values = np.arange(101, dtype=np.float32).reshape(1, -1)  # percentiles 1 and 99 are 1 and 99
    depth = normalise(values, "inverse")
    assert depth[0, [0, 1, 50, 99, 100]].tolist() == [1, 1, 32768, 65535, 65535]


def test_metric_values_are_inverted() -> None:
    values = np.array([[1.0, 2.0, 4.0]] * 50)
    assert normalise(values, "metric")[0].tolist() == [65535, round(1 + 65534 / 3), 1]


def test_a_single_spike_does_not_squash_the_rest() -> None:
    values = np.tile(np.linspace(0, 1, 100), (10, 1))
    values[0, 0] = 1e6
    assert np.ptp(normalise(values, "inverse")[5].astype(int)) > 60_000


def test_what_is_not_finite_or_not_positive_is_unknown() -> None:
    depth = normalise(np.array([[np.nan, np.inf, -1.0, 0.0, 1.0, 2.0]]), "metric")
    assert depth[0, :4].tolist() == [0, 0, 0, 0] and (depth[0, 4:] > 0).all()
    assert (normalise(np.full((2, 2), np.nan), "inverse") == 0).all()


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.int16, np.uint16, np.int64])
def test_every_kind_of_number_is_taken(kind: type) -> None:
    values = np.array([[0, 10, 20, 40]] * 2).astype(kind)
    assert normalise(values, "metric")[0].tolist() == [0, 65535, round(1 + 65534 / 3), 1]
    assert normalise(values, "inverse")[0].tolist() == [1, 16384, 32768, 65535]


def test_numbers_beyond_reason_are_unknown() -> None:
    depth = normalise(np.array([[1e300, -1e300, 1e-300, 5e-324, 1.0, 2.0]]), "metric")
    assert depth[0].tolist() == [0, 0, 0, 0, 65535, 1]
    assert normalise(np.array([[1e300, -1e300, 1.0, 2.0]]), "inverse")[0].tolist() == [0, 0, 1, 65535]


def test_a_constant_map_becomes_the_middle() -> None:
    assert (normalise(np.full((2, 3), 7.0), "inverse") == 32768).all()


def test_a_plane_comes_nearer_downward() -> None:
    depth = plane_depth(SIZE)
    assert depth[:, 0].tolist() == [1, 21846, 43690, 65535] and depth.shape == (4, 6)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_depth_picture_is_taken_as_it_is(tmp_path: Path, suffix: str) -> None:
    stored = np.arange(24, dtype=np.uint16).reshape(4, 6) * 2000
    path = tmp_path / f"a.depth{suffix}"
    cv2.imwrite(str(path), stored)
    assert (read_depth(path, SIZE, "inverse") == stored).all()
    # Without unknown pixels, 0 is the farthest: networks write it so.
    assert (read_depth(path, SIZE, "inverse", ()) == np.maximum(stored, 1)).all()
    # In metres or millimetres, 0 is no distance, whatever is said of it.
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
    # 65535 is no float16, and -1 and 0.5 no uint16.
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
    with pytest.raises(AssetError, match="expected the aspect of its picture, 6 x 4, found 4 x 6"):
        read_depth(tmp_path / "a.depth.npy", SIZE, "inverse")
