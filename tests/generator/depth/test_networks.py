from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest

from generator.config import DepthConvention, is_network
from generator.depth.cache import DepthCache
from generator.depth.networks import depth_of_backgrounds, depth_of_composites, open_network
from generator.errors import AssetError, ConfigError
from generator.resize import fit_picture


@dataclass
class RedNetwork:
    """Returns the red channel as depth, at 8 x 8 or at the picture's size, and records its calls."""

    id: str = "red"
    batch: int = 2
    map_size: tuple[int, int] | None = (8, 8)
    calls: list[int] = field(default_factory=list)

    def predict(self, pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
        self.calls.append(len(pictures))
        reds = [rgb[..., 0].astype(np.float32) for rgb in pictures]
        return [cv2.resize(red, self.map_size) if self.map_size else red for red in reds]


def ramp(width: int, height: int, low: int = 0, high: int = 250) -> np.ndarray:
    """A picture in which red increases from left to right."""
    red = np.linspace(low, high, width).round().astype(np.uint8)
    return np.repeat(np.repeat(red[None, :, None], height, axis=0), 3, axis=2)


ASSETS = [(Path(f"{name}.jpg"), f"hash of {name}") for name in "abc"]
PICTURES = {Path("a.jpg"): ramp(8, 8), Path("b.jpg"): ramp(24, 12), Path("c.jpg"): ramp(8, 24, 250, 0)}


def depths(
    network: RedNetwork, cache: DepthCache | None, convention: DepthConvention = "inverse"
) -> list[np.ndarray]:
    read = PICTURES.__getitem__
    found = list(depth_of_backgrounds(network, cache, convention, (8, 8), ASSETS, read))
    assert all(rgb is PICTURES[path] for (rgb, _), (path, _) in zip(found, ASSETS, strict=True))
    return [depth for _, depth in found]


def test_every_background_gets_its_depth_in_order_and_in_blocks() -> None:
    network = RedNetwork()
    plain, wide, mirrored = depths(network, None)
    assert network.calls == [2, 1]
    assert plain.dtype == np.uint16 and plain.shape == wide.shape == mirrored.shape == (8, 8)
    assert plain[3, 0] == 1 and plain[3, 7] == 65535  # red 0 and 250
    assert (mirrored == plain[:, ::-1]).all()


def test_the_whole_picture_sets_the_scale_and_the_crop_lines_up_with_the_picture() -> None:
    # The middle 12 x 12 of 24 x 12 remains: red 62 to 188 of 0 to 250.
    _, wide, _ = depths(RedNetwork(map_size=None), None)
    shown = fit_picture(PICTURES[Path("b.jpg")], (8, 8))[..., 0]
    seen = (wide.astype(float) - 1) / 65534 * 250
    assert np.abs(seen - shown).max() < 4  # half a pixel of the picture changes red by 5


def test_metric_values_are_turned_round() -> None:
    plain, _, _ = depths(RedNetwork(), None, "metric")
    assert plain[3, 0] == 0 and plain[3, 7] == 1  # red 0 is not a distance (unknown); red 250 is farthest


def test_the_cache_answers_instead_of_the_network(tmp_path: Path) -> None:
    first = depths(RedNetwork(), DepthCache(tmp_path))
    again = RedNetwork()
    second = depths(again, DepthCache(tmp_path))
    assert again.calls == []
    assert all((one == two).all() for one, two in zip(first, second, strict=True))
    # The cache holds raw values, so another convention does not need the network either.
    depths(again, DepthCache(tmp_path), "metric")
    assert again.calls == []


def test_only_what_the_cache_lacks_is_asked(tmp_path: Path) -> None:
    cache = DepthCache(tmp_path)
    expected = depths(RedNetwork(), cache)
    cache.path("hash of a", "red").unlink()
    damaged = cache.path("hash of c", "red")
    damaged.write_bytes(damaged.read_bytes()[:-1])
    network = RedNetwork()
    found = depths(network, cache)
    assert network.calls == [1, 1]
    assert all((one == two).all() for one, two in zip(found, expected, strict=True))
    assert cache.read("hash of c", "red") is not None


def test_another_network_is_asked_anew(tmp_path: Path) -> None:
    depths(RedNetwork(), DepthCache(tmp_path))
    other = RedNetwork(id="another red")
    depths(other, DepthCache(tmp_path))
    assert other.calls == [2, 1]


@dataclass
class Broken(RedNetwork):
    """Returns the same number for every pixel."""

    number: float = 0

    def predict(self, pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [np.full((8, 8), self.number, np.float32) for _ in pictures]


@pytest.mark.parametrize(
    ("number", "convention", "found"),
    [
        (np.nan, "inverse", "not one finite number"),
        (-np.inf, "metric", "not one finite number"),
        (0, "inverse", "only zeros"),
        (0, "metric", "only zeros"),
        (-1, "metric", "no number above 0, though larger is farther"),
    ],
)
def test_an_answer_without_depth_is_refused(
    tmp_path: Path, number: float, convention: DepthConvention, found: str
) -> None:
    network = Broken("onnx:model@hash", number=number)
    with pytest.raises(AssetError, match=rf"a\.jpg: expected depth from onnx:model, found {found}; use"):
        depths(network, DepthCache(tmp_path), convention)
    with pytest.raises(AssetError, match=f"a composite: expected depth from onnx:model, found {found}"):
        depth_of_composites(network, convention, np.zeros((1, 8, 8, 3), np.uint8))
    assert not list(tmp_path.rglob("*.map"))  # the cache does not keep a bad answer


def test_composites_get_depth_of_their_own_size() -> None:
    network = RedNetwork()
    pictures = [ramp(16, 12), ramp(16, 12, 200, 100), ramp(16, 12, 9, 200)]
    depth = depth_of_composites(network, "inverse", np.stack(pictures))
    assert depth.shape == (3, 12, 16) and depth.dtype == np.uint16
    assert network.calls == [2, 1]
    # Each picture has its own scale.
    assert depth[:, 5, 0].tolist() == [1, 65535, 1] and depth[:, 5, -1].tolist() == [65535, 1, 65535]
    # The map has 8 columns. Between them, values are interpolated; outside the first and last they are not.
    assert len(np.unique(depth[0][5])) >= 14


def test_composites_of_the_maps_size_are_not_resized() -> None:
    picture = ramp(16, 12)
    depth = depth_of_composites(RedNetwork(map_size=None), "inverse", picture[None])
    # The 1st and 99th percentile are the ends of the ramp, because each end has 12 of 192 values.
    expected = np.rint(1 + picture[..., 0] / 250 * 65534)
    assert (depth[0] == expected).all()


def test_networks_are_named_by_kind() -> None:
    assert is_network("onnx:a.onnx") and is_network("hf:org/model")
    assert not is_network("plane") and not is_network("onnx") and not is_network("tf:model")
    for spec in ("tf:model", "onnx", "onnx:", "hf:"):
        with pytest.raises(
            ConfigError, match=f"`depth`: expected onnx:PATH or hf:MODEL_OR_FOLDER, found '{spec}'"
        ):
            open_network(spec)
