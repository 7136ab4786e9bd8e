"""Build the bank: reserve its rows, decode all assets into them, estimate depth, add tables and header."""

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
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
from generator.runner import LOCAL, Runner
from generator.scene.sprites import contact_shadow

_U1, _U2, _U4 = np.dtype("u1"), np.dtype("<u2"), np.dtype("<u4")


@dataclass(frozen=True)
class NetworkDepth:
    """A network that estimates the depth of backgrounds, a few in each task.

    Attributes:
        network: the network.
        cache: the folder of its earlier answers; None is the folder in the user's cache.
        convention: of its values.
        hashes: BLAKE3 hashes of the backgrounds.
        size: (width, height) of the canvas.
    """

    network: DepthNetwork
    cache: Path | None
    convention: DepthConvention
    hashes: Sequence[str]
    size: tuple[int, int]

    def write(self, path: Path, offset: int, bgs: Sequence[Path], runner: Runner) -> None:
        """Write the depth of every background to its row of the dataset that begins at `offset`.

        Args:
            path: of the bank's file.
            offset: in bytes.
            bgs: the backgrounds.
            runner: runs the network, in this process if it is local.
        """
        assets = list(zip(bgs, self.hashes, strict=True))
        step = self.network.batch
        tasks = [(first, assets[first : first + step]) for first in range(0, len(assets), step)]
        job = replace(self, hashes=())  # each task has its own
        runner = runner.with_threads(self.network.threads)
        workers = 1 if runner.is_local else runner.slots
        with (
            Progress("estimating depth", len(bgs), "pictures") as progress,
            closing(runner.run(job, tasks, workers)) as results,
        ):
            for first, depths in results:
                write_rows(path, offset, first, depths)
                progress.advance(len(depths))

    def __call__(self, task: tuple[int, Sequence[tuple[Path, str]]]) -> tuple[int, np.ndarray]:
        """Estimate the depth of some backgrounds.

        Args:
            task: the number of the first one, and the path and hash of each.

        Returns:
            The number of the first one, and depth (n, H, W) uint16.
        """
        first, assets = task
        cache = DepthCache(self.cache) if self.cache else DepthCache()
        pairs = depth_of_backgrounds(self.network, cache, self.convention, self.size, assets, read_rgb)
        return first, np.stack([depth for _, depth in pairs])


def build_bank(
    path: Path,
    config: GenerateConfig,
    fgs: Sequence[Path],
    bgs: Sequence[Path],
    depth_files: Sequence[Path | None],
    workers: int,
    network: NetworkDepth | None,
    runner: Runner = LOCAL,
) -> Decoded:
    """Decode every asset once and write its pixels to a new bank, which `finish_bank` completes.

    Args:
        path: of the bank's file, which is replaced.
        config: sizes, appearances and depth source.
        fgs: cut-outs, in the order of their sprites.
        bgs: pictures, in the order of the backgrounds.
        depth_files: the depth file of each background, None for the plane; not read where there is a network.
        workers: processes that decode.
        network: estimates the depth of backgrounds; None where `config.depth` names none.
        runner: does the work.

    Returns:
        What `finish_bank` and the dataset's plan need.

    Raises:
        UnusableAssetsError: names all pictures that cannot be used.
        AssetError: the network fails.
    """
    offsets = reserve_rows(path, config, len(fgs), len(bgs))
    read_depth = network is None
    decoded = decode_assets(path, offsets, config, fgs, bgs, depth_files, read_depth, workers, runner)
    if network is not None:
        network.write(path, offsets["bg_depth"], bgs, runner)
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
