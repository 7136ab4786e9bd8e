"""Depth from a network, `onnx:PATH` or `hf:MODEL_OR_FOLDER`: opened, and run on backgrounds or composites."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from generator.config import DepthConvention, is_network
from generator.depth.cache import DepthCache
from generator.depth.huggingface import open_hf
from generator.depth.network_protocol import DepthNetwork
from generator.depth.normalise import known_depth, normalise
from generator.depth.onnx import open_onnx
from generator.errors import AssetError, ConfigError
from generator.resize import fit_map, scale_depth


def open_network(spec: str) -> DepthNetwork:
    """Load the network that `onnx:PATH[?normalise=SCALING]` or `hf:MODEL_OR_FOLDER` names.

    Raises:
        ConfigError: the kind is unknown, the name is missing, or the package is not installed.
        AssetError: the network is missing, broken, or does not turn one RGB picture into one map.
    """
    kind, _, name = spec.partition(":")
    if not is_network(spec) or not name:
        raise ConfigError("`depth`", "onnx:PATH or hf:MODEL_OR_FOLDER", repr(spec), "name a network")
    if kind == "onnx":
        return open_onnx(name)
    return open_hf(name)


def depth_of_backgrounds(
    network: DepthNetwork,
    cache: DepthCache | None,
    convention: DepthConvention,
    size: tuple[int, int],
    assets: Sequence[tuple[Path, str]],
    read: Callable[[Path], np.ndarray],
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Run a network once per background, except for backgrounds whose depth is in the cache.

    Values are clipped and scaled over the whole picture, then cropped as `fit_picture` crops the picture.
    At most `network.batch` pictures are in memory; each is read once.

    Args:
        network: the network.
        cache: raw maps of earlier runs, or None.
        convention: what the network's values mean.
        size: of the canvas, (width, height).
        assets: path and BLAKE3 hash of each picture.
        read: decodes a picture to (H, W, 3) uint8 sRGB.

    Yields:
        For each asset, in order, its picture (H, W, 3) uint8 and depth (size[1], size[0]) uint16.

    Raises:
        AssetError: the network fails, or its answer holds no depth.
    """
    for first in range(0, len(assets), network.batch):
        block = assets[first : first + network.batch]
        pictures = [read(path) for path, _ in block]
        maps = _maps_of(network, cache, convention, block, pictures)
        for rgb, values in zip(pictures, maps, strict=True):
            yield rgb, fit_map(normalise(values, convention), (rgb.shape[1], rgb.shape[0]), size)


def depth_of_composites(network: DepthNetwork, convention: DepthConvention, fg_bg: np.ndarray) -> np.ndarray:
    """Run a network on every composite.

    Values are clipped and scaled per picture, then resized to it by `scale_depth`. That is linear, because a
    network's edges are soft; nearest-pixel resizing would show the grid of the smaller map.

    Args:
        network: the network.
        convention: what its values mean.
        fg_bg: (n, H, W, 3) uint8 sRGB.

    Returns:
        (n, H, W) uint16 relative inverse depth, 0 unknown.

    Raises:
        AssetError: as `depth_of_backgrounds`.
    """
    depth = np.empty(fg_bg.shape[:3], np.uint16)
    size = fg_bg.shape[2], fg_bg.shape[1]
    for first in range(0, len(fg_bg), network.batch):
        maps = network.predict(list(fg_bg[first : first + network.batch]))
        for number, values in enumerate(maps, start=first):
            _require_depth(values, convention, network, "a composite")
            depth[number] = scale_depth(normalise(values, convention), size)
    return depth


def _maps_of(
    network: DepthNetwork,
    cache: DepthCache | None,
    convention: DepthConvention,
    assets: Sequence[tuple[Path, str]],
    pictures: Sequence[np.ndarray],
) -> list[np.ndarray]:
    """Raw maps of a block of pictures; one call of the network makes those that the cache does not have."""
    known = [cache.read(hash_, network.id) if cache else None for _, hash_ in assets]
    missing = [number for number, values in enumerate(known) if values is None]
    predicted = network.predict([pictures[number] for number in missing]) if missing else []
    fresh = dict(zip(missing, predicted, strict=True))
    maps = [fresh[number] if values is None else values for number, values in enumerate(known)]
    for (path, hash_), values, kept in zip(assets, maps, known, strict=True):
        _require_depth(values, convention, network, path)
        if cache and kept is None:
            cache.write(hash_, network.id, values)
    return maps


def _require_depth(
    values: np.ndarray, convention: DepthConvention, network: DepthNetwork, picture: Path | str
) -> None:
    """Refuse a raw map without any distance, which would give a dataset without depth."""
    known = known_depth(values, convention)
    if known.any() and values[known].any():
        return
    if not np.isfinite(values).any():
        found = "not one finite number"
    else:
        found = "only zeros" if not values.any() else "no number above 0, though larger is farther"
    expected = f"depth from {network.id.partition('@')[0]}"
    raise AssetError(picture, expected, found, "use another network, or another way to scale its input")
