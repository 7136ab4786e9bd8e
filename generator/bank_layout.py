"""The arrays of a bank: how many rows they have, and where each row stands in the file."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from generator.config import GenerateConfig
from generator.format.bank import NO_FG, Bank
from generator.format.hdf5 import add_dataset, new_file
from generator.format.pixels import OPAQUE
from generator.scene.sprites import NARROWEST_SHADOW, sprites_per_fg

_U1, _U2 = np.dtype("u1"), np.dtype("<u2")


def count_sprites(config: GenerateConfig, fgs: int) -> int:
    """How many sprites a bank holds: all variants with all their edges, and the shadows."""
    return fgs * sprites_per_fg(config) + len(shadow_widths(config))


def fg_of_sprites(config: GenerateConfig, fgs: int) -> np.ndarray:
    """The number of the foreground that each sprite shows; NO_FG for shadows, which come last."""
    objects = np.repeat(np.arange(fgs), sprites_per_fg(config))
    return np.append(objects, [NO_FG] * len(shadow_widths(config)))


def shadow_widths(config: GenerateConfig) -> range:
    """The widths of the shadows in a bank, one for each width that an object can have."""
    return range(NARROWEST_SHADOW, config.sprite_side + 1) if config.shadow else range(0)


def bank_bytes(config: GenerateConfig, fgs: int, bgs: int) -> int:
    """The size of a bank in bytes, without the few pages that HDF5 adds."""
    width, height = config.size
    return count_sprites(config, fgs) * config.sprite_side**2 * 4 + bgs * width * height * 5


def is_bank_of(bank: Bank, config: GenerateConfig, fgs: int, bgs: int) -> bool:
    """Whether a bank has the arrays that `build_bank` makes of this many assets, and no object is empty."""
    fg_of = fg_of_sprites(config, fgs)
    side, (width, height) = config.sprite_side, config.size
    shapes = (len(fg_of), side, side, 4), (bgs, height, width, 3)
    if (bank.sprite_pixels.shape, bank.bg.shape) != shapes or not np.array_equal(bank.sprite_fg, fg_of):
        return False
    return all((bank.sprite(number)[..., 3] >= OPAQUE).any() for number in range(bank.objects))


def reserve_rows(path: Path, config: GenerateConfig, fgs: int, bgs: int) -> dict[str, int]:
    """Make a bank's file with room for all pixels; gives the offset of each dataset, in bytes."""
    (width, height), side = config.size, config.sprite_side
    with new_file(path, paged=True) as file:
        datasets = {
            "sprite_pixels": add_dataset(
                file, "sprite_pixels", (count_sprites(config, fgs), side, side, 4), _U1
            ),
            "bg": add_dataset(file, "bg", (bgs, height, width, 3), _U1),
            "bg_depth": add_dataset(file, "bg_depth", (bgs, height, width), _U2),
        }
        return {name: dataset.id.get_offset() for name, dataset in datasets.items()}


def write_rows(path: Path, offset: int, row: int, rows: np.ndarray) -> None:
    """Write rows of a dataset that begins at `offset` bytes, from row number `row` on."""
    rows = np.ascontiguousarray(rows)
    with path.open("r+b") as file:
        file.seek(offset + row * rows[0].nbytes)
        file.write(rows.data)


def padded_sprites(sprites: Sequence[np.ndarray], side: int) -> np.ndarray:
    """Sprites as rows of `sprite_pixels`."""
    padded = np.zeros((len(sprites), side, side, 4), _U1)
    for row, sprite in enumerate(sprites):
        padded[row, : sprite.shape[0], : sprite.shape[1]] = sprite
    return padded
