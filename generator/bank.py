"""The bank: all sprites and backgrounds of a dataset, decoded once, then memory-mapped by every reader."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from generator.config import GenerateConfig
from generator.depth import depth_sources
from generator.errors import AssetError
from generator.files import atomic_file
from generator.hdf5 import add_dataset, check_datasets, map_datasets, new_file
from generator.images import read_rgb, read_rgba
from generator.resize import fit_depth, fit_picture, scale_sprite
from generator.split import perceptual_hash

BANK_FILE = "bank.h5"
OPAQUE = 128


@dataclass(frozen=True)
class Foot:
    """Where sprites touch the ground: the opaque pixels of their lowest opaque row.

    Attributes:
        row: (n,) that row.
        columns: (n, k) its opaque columns, padded to the widest foot.
        valid: (n, k) which of `columns` are real.
    """

    row: np.ndarray
    columns: np.ndarray
    valid: np.ndarray


@dataclass(frozen=True)
class Bank:
    """Sprites and backgrounds as read-only arrays.

    Attributes:
        header: what the bank was made from (config, assets with names, hashes and splits).
        sprite_pixels: (n, h, w, 4) uint8 straight alpha, zero-padded to the largest sprite.
        sprite_size: (n, 2) uint16 height and width.
        sprite_fg: (n,) uint32 the foreground each sprite shows.
        bg: (n, H, W, 3) uint8.
        bg_depth: (n, H, W) uint16 relative inverse depth, 0 unknown.
    """

    header: dict[str, Any]
    sprite_pixels: np.ndarray
    sprite_size: np.ndarray
    sprite_fg: np.ndarray
    bg: np.ndarray
    bg_depth: np.ndarray

    @classmethod
    def open(cls, path: Path) -> "Bank":
        """Map a bank.

        Raises:
            DatasetError: it is missing or not what the format says.
        """
        arrays = map_datasets(path)
        check_datasets(path, arrays, _layout(arrays))
        header = json.loads(arrays["header"].tobytes())
        return cls(header, **{name: arrays[name] for name in _layout(arrays) if name != "header"})

    def sprite(self, number: int) -> np.ndarray:
        """One sprite without its padding: (h, w, 4) uint8."""
        height, width = self.sprite_size[number]
        pixels: np.ndarray = self.sprite_pixels[number, :height, :width]
        return pixels

    def foot(self, sprites: np.ndarray) -> Foot:
        """The feet of sprites (n,)."""
        feet = self._feet
        return Foot(feet.row[sprites], feet.columns[sprites], feet.valid[sprites])

    @cached_property
    def _feet(self) -> Foot:
        rows, columns = [], []
        for number in range(len(self.sprite_pixels)):
            opaque = self.sprite_pixels[number, :, :, 3] >= OPAQUE
            rows.append(np.flatnonzero(opaque.any(axis=1))[-1])
            columns.append(np.flatnonzero(opaque[rows[-1]]))
        widths = np.array([len(foot) for foot in columns])
        valid = np.arange(widths.max()) < widths[:, None]
        padded = np.zeros(valid.shape, np.int64)
        padded[valid] = np.concatenate(columns)
        return Foot(np.array(rows), padded, valid)


def build_bank(
    path: Path,
    config: GenerateConfig,
    fgs: Sequence[Path],
    bgs: Sequence[Path],
    make_header: Callable[["Decoded"], dict[str, Any]],
    advance: Callable[[int], None],
    before_replacing: Callable[[], None],
) -> None:
    """Decode every asset once and write the bank atomically.

    Args:
        path: of the bank.
        config: sizes and depth source.
        fgs: cut-outs, in the order of their sprites.
        bgs: pictures, in the order of the backgrounds.
        make_header: gives the header once everything is decoded.
        advance: called with 1 after each asset.
        before_replacing: called when the new bank is complete but not yet in its place.

    Raises:
        AssetError: a picture cannot be used; nothing is left behind.
    """
    width, height = config.size
    sources = depth_sources(config.depth, config.depth_convention)
    sprites = len(fgs)
    decoded = Decoded([], [], [])
    with atomic_file(path) as temporary:
        with new_file(temporary, paged=True) as file:
            u1, u2 = np.dtype("u1"), np.dtype("<u2")
            pixels = add_dataset(file, "sprite_pixels", (sprites, config.fg_size, config.fg_size, 4), u1)
            sizes = np.zeros((sprites, 2), u2)
            for number, asset in enumerate(fgs):
                sprite = scale_sprite(read_rgba(asset), config.fg_size)
                if not (sprite[..., 3] >= OPAQUE).any():
                    fix = "raise --fg-size or remove the cut-out"
                    raise AssetError(asset, f"opaque pixels at --fg-size {config.fg_size}", "none left", fix)
                padded = np.zeros(pixels.shape[1:], u1)
                padded[: sprite.shape[0], : sprite.shape[1]] = sprite
                pixels[number], sizes[number] = padded, sprite.shape[:2]
                decoded.fg_hashes.append(perceptual_hash(_over_grey(sprite)))
                advance(1)
            add_dataset(file, "sprite_size", sizes.shape, u2)[...] = sizes
            add_dataset(file, "sprite_fg", (sprites,), np.dtype("<u4"))[...] = np.arange(sprites)

            bg = add_dataset(file, "bg", (len(bgs), height, width, 3), u1)
            bg_depth = add_dataset(file, "bg_depth", (len(bgs), height, width), u2)
            for number, asset in enumerate(bgs):
                rgb = read_rgb(asset)
                answers = ((source.name, source.depth_of(asset, rgb)) for source in sources)
                name, depth = next((name, depth) for name, depth in answers if depth is not None)
                bg[number], bg_depth[number] = fit_picture(rgb, config.size), fit_depth(depth, config.size)
                decoded.bg_hashes.append(perceptual_hash(bg[number]))
                decoded.depth_sources.append(name)
                advance(1)

            header = np.frombuffer(json.dumps(make_header(decoded)).encode(), u1)
            add_dataset(file, "header", header.shape, u1)[...] = header
        before_replacing()


@dataclass(frozen=True)
class Decoded:
    """What decoding told about the assets, in their order.

    Attributes:
        fg_hashes: perceptual hashes of the foregrounds.
        bg_hashes: and of the backgrounds.
        depth_sources: the depth source that answered for each background.
    """

    fg_hashes: list[tuple[int, int]]
    bg_hashes: list[tuple[int, int]]
    depth_sources: list[str]


def bank_bytes(config: GenerateConfig, fgs: int, bgs: int) -> int:
    """The size of a bank to come, without HDF5's own few pages."""
    width, height = config.size
    return fgs * config.fg_size**2 * 4 + bgs * width * height * 5


def _layout(arrays: dict[str, np.ndarray]) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
    """What a bank must hold, given how many sprites and backgrounds it seems to have."""

    def shape(name: str, dimensions: int) -> tuple[int, ...]:
        found = arrays[name].shape if name in arrays else ()
        return (found + (1,) * dimensions)[:dimensions]

    sprites, sprite_height, sprite_width = shape("sprite_pixels", 3)
    bgs, height, width = shape("bg", 3)
    u1, u2, u4 = np.dtype("u1"), np.dtype("<u2"), np.dtype("<u4")
    return {
        "header": (shape("header", 1), u1),
        "sprite_pixels": ((sprites, sprite_height, sprite_width, 4), u1),
        "sprite_size": ((sprites, 2), u2),
        "sprite_fg": ((sprites,), u4),
        "bg": ((bgs, height, width, 3), u1),
        "bg_depth": ((bgs, height, width), u2),
    }


def _over_grey(sprite: np.ndarray) -> np.ndarray:
    alpha = sprite[..., 3:].astype(np.uint16)
    return ((sprite[..., :3] * alpha + 128 * (255 - alpha)) // 255).astype(np.uint8)
