"""Build the bank: reserve its rows, decode all assets into them, estimate depth, add tables and header."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from generator.assets.images import read_rgb
from generator.bank_layout import (
    count_sprites,
    fg_of_sprites,
    padded_sprites,
    reserve_rows,
    shadow_widths,
    write_rows,
)
from generator.config import DepthConvention, GenerateConfig
from generator.decode_assets import Decoded, decode_assets
from generator.depth.cache import DepthCache
from generator.depth.network_protocol import DepthNetwork
from generator.depth.networks import depth_of_backgrounds
from generator.format.hdf5 import add_dataset, new_file
from generator.progress import Progress
from generator.scene.sprites import contact_shadow

_U1, _U2, _U4 = np.dtype("u1"), np.dtype("<u2"), np.dtype("<u4")


@dataclass(frozen=True)
class NetworkDepth:
    """A network that estimates the depth of backgrounds.

    Attributes:
        network: the network.
        cache: its earlier answers.
        convention: of its values.
        hashes: BLAKE3 hashes of the backgrounds.
    """

    network: DepthNetwork
    cache: DepthCache
    convention: DepthConvention
    hashes: Sequence[str]

    def write(self, path: Path, offset: int, bgs: Sequence[Path], size: tuple[int, int]) -> None:
        """Write the depth of every background to its row of the dataset that begins at `offset`.

        Args:
            path: of the bank's file.
            offset: in bytes.
            bgs: the backgrounds.
            size: (width, height) of the canvas.
        """
        assets = list(zip(bgs, self.hashes, strict=True))
        pairs = depth_of_backgrounds(self.network, self.cache, self.convention, size, assets, read_rgb)
        with Progress("estimating depth", len(bgs), "pictures") as progress:
            for row, (_, depth) in enumerate(pairs):
                write_rows(path, offset, row, depth[None])
                progress.advance(1)


def build_bank(
    path: Path,
    config: GenerateConfig,
    fgs: Sequence[Path],
    bgs: Sequence[Path],
    depth_files: Sequence[Path | None],
    workers: int,
    network: NetworkDepth | None,
) -> Decoded:
    """Decode every asset once and write its pixels to a new bank, which `finish_bank` completes.

    Args:
        path: of the bank's file, which is replaced.
        config: sizes, appearances and depth source.
        fgs: cut-outs, in the order of their sprites.
        bgs: pictures, in the order of the backgrounds.
        depth_files: the depth file of each background, None for the plane; not read where there is a network.
        workers: processes that decode.
        network: estimates the depth of backgrounds, in this process; None where `config.depth` names none.

    Returns:
        What `finish_bank` and the dataset's plan need.

    Raises:
        UnusableAssetsError: names all pictures that cannot be used.
        AssetError: the network fails.
    """
    offsets = reserve_rows(path, config, len(fgs), len(bgs))
    read_depth = network is None
    decoded = decode_assets(path, offsets, config, fgs, bgs, depth_files, read_depth, workers)
    if network is not None:
        network.write(path, offsets["bg_depth"], bgs, config.size)
        decoded.depth_sources.extend([network.network.id] * len(bgs))
    if shadows := [contact_shadow(width) for width in shadow_widths(config)]:
        first = count_sprites(config, len(fgs)) - len(shadows)
        write_rows(path, offsets["sprite_pixels"], first, padded_sprites(shadows, config.sprite_side))
        decoded.sprite_sizes.extend(shadow.shape[:2] for shadow in shadows)
    return decoded


def finish_bank(path: Path, config: GenerateConfig, decoded: Decoded, header: Mapping[str, Any]) -> None:
    """Add the tables and the header to a bank that `build_bank` has written.

    Args:
        path: of the bank's file.
        config: as `build_bank` got it.
        decoded: what `build_bank` returned.
        header: what the bank was made from, as JSON values.
    """
    content = np.frombuffer(json.dumps(header).encode(), _U1)
    fg_of = fg_of_sprites(config, len(decoded.fg_hashes))
    with new_file(path, paged=True, append=True) as file:
        add_dataset(file, "sprite_size", (len(fg_of), 2), _U2)[...] = np.array(decoded.sprite_sizes)
        add_dataset(file, "sprite_fg", fg_of.shape, _U4)[...] = fg_of
        add_dataset(file, "header", content.shape, _U1)[...] = content
