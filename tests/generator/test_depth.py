from pathlib import Path

import cv2
import numpy as np
import pytest

from generator.depth import FileDepth, PlaneDepth, depth_sources, normalise
from generator.errors import AssetError

RGB = np.zeros((4, 6, 3), np.uint8)


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


def test_a_constant_map_becomes_the_middle() -> None:
    assert (normalise(np.full((2, 3), 7.0), "inverse") == 32768).all()


def test_a_plane_comes_nearer_downward() -> None:
    depth = PlaneDepth().depth_of(Path("a.png"), RGB)
    assert depth is not None and depth[:, 0].tolist() == [1, 21846, 43690, 65535] and depth.shape == (4, 6)


def test_a_depth_picture_is_taken_as_it_is(tmp_path: Path) -> None:
    stored = np.arange(24, dtype=np.uint16).reshape(4, 6)
    cv2.imwrite(str(tmp_path / "a.depth.png"), stored)
    depth = FileDepth("inverse", required=True).depth_of(tmp_path / "a.jpg", RGB)
    assert depth is not None and (depth == stored).all()


def test_a_depth_array_is_normalised(tmp_path: Path) -> None:
    np.save(tmp_path / "a.depth.npy", np.linspace(1, 2, 24).reshape(4, 6))
    depth = FileDepth("metric", required=True).depth_of(tmp_path / "a.jpg", RGB)
    assert depth is not None and depth[0, 0] == 65535 and depth[3, 5] == 1


def test_auto_takes_files_where_there_are_any(tmp_path: Path) -> None:
    first, second = depth_sources("auto", "inverse")
    assert first.depth_of(tmp_path / "a.jpg", RGB) is None
    assert (first.name, second.name) == ("files", "plane")


def test_missing_and_odd_files_are_refused(tmp_path: Path) -> None:
    source = FileDepth("inverse", required=True)
    with pytest.raises(AssetError, match=r"a\.jpg: expected a\.depth\.png beside it"):
        source.depth_of(tmp_path / "a.jpg", RGB)
    np.save(tmp_path / "a.depth.npy", np.zeros((4, 6, 3)))
    with pytest.raises(AssetError, match=r"expected an array \(H, W\) of numbers, found shape \(4, 6, 3\)"):
        source.depth_of(tmp_path / "a.jpg", RGB)
    np.save(tmp_path / "a.depth.npy", np.zeros((6, 4)))
    with pytest.raises(AssetError, match="expected the aspect of its picture, 6 x 4, found 4 x 6"):
        source.depth_of(tmp_path / "a.jpg", RGB)
    (tmp_path / "a.depth.npy").write_bytes(b"no array")
    with pytest.raises(AssetError, match="expected a NumPy array"):
        source.depth_of(tmp_path / "a.jpg", RGB)
