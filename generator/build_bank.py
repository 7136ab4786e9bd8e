"""Build the bank: several processes decode each asset once and write it to its place in the file."""

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from generator.assets.duplicates import PerceptualHash, over_grey, perceptual_hash
from generator.assets.images import read_rgb, read_rgba, read_traits
from generator.assets.pixel_budget import PixelBudget
from generator.config import DepthConvention, GenerateConfig
from generator.depth.cache import DepthCache
from generator.depth.network_protocol import DepthNetwork
from generator.depth.networks import depth_of_backgrounds
from generator.depth.sources import check_turns, plane_depth, read_depth
from generator.errors import AssetError, UnusableAssetsError
from generator.format.bank import NO_FG, Bank
from generator.format.hdf5 import add_dataset, new_file
from generator.format.manifest import FROM_FILE, FROM_PLANE
from generator.format.pixels import OPAQUE
from generator.progress import Progress
from generator.resize import fit_depth, fit_picture, scale_sprite
from generator.scene.random_bits import random_words
from generator.scene.sprites import NARROWEST_SHADOW, contact_shadow, make_sprites, sprites_per_fg
from generator.workers import process_context, run_tasks

# Assets in one task: few, so that all workers finish at about the same time.
_CHUNK = 8
_U1, _U2, _U4 = np.dtype("u1"), np.dtype("<u2"), np.dtype("<u4")


@dataclass(frozen=True)
class Decoded:
    """What decoding found out about the assets, in their order.

    Attributes:
        fg_hashes: perceptual hashes of the foregrounds.
        bg_hashes: perceptual hashes of the backgrounds.
        depth_sources: the depth source of each background.
        sprite_sizes: (height, width) of each sprite, shadows last.
    """

    fg_hashes: list[PerceptualHash] = field(default_factory=list)
    bg_hashes: list[PerceptualHash] = field(default_factory=list)
    depth_sources: list[str] = field(default_factory=list)
    sprite_sizes: list[tuple[int, ...]] = field(default_factory=list)


@dataclass(frozen=True)
class _FgTask:
    """Foregrounds to decode, from number `first` on."""

    first: int
    paths: Sequence[Path]


@dataclass(frozen=True)
class _BgTask:
    """Backgrounds to decode, from number `first` on, and the depth file of each."""

    first: int
    paths: Sequence[Path]
    depth_files: Sequence[Path | None]


@dataclass(frozen=True)
class _Answer:
    """The result of one task.

    Attributes:
        task: that was done.
        hashes: perceptual hashes of its pictures.
        sizes: (height, width) of all sprites of its foregrounds.
        depth_sources: of its backgrounds.
        problems: its assets that cannot be used; where there are any, the other fields are incomplete.
    """

    task: _FgTask | _BgTask
    hashes: list[PerceptualHash] = field(default_factory=list)
    sizes: list[tuple[int, ...]] = field(default_factory=list)
    depth_sources: list[str] = field(default_factory=list)
    problems: dict[Path, AssetError] = field(default_factory=dict)


@dataclass(frozen=True)
class _Decoder:
    """Decodes the assets of a task and writes their pixels to the bank.

    Attributes:
        path: of the bank's file; None only checks the pictures.
        offsets: where its datasets begin, in bytes.
        config: sizes, appearances and depth sources.
        words: (fgs, variants) uint64 random words, from which appearances are drawn.
        depth: whether to write depth of backgrounds; False where a network estimates it later.
        budget: limits the pixels that all decoders hold in memory at once.
    """

    path: Path | None
    offsets: dict[str, int]
    config: GenerateConfig
    words: np.ndarray
    depth: bool
    budget: PixelBudget

    def __call__(self, task: _FgTask | _BgTask) -> _Answer:
        answer = _Answer(task)
        for number, path in enumerate(task.paths, task.first):
            try:
                with self.budget.taking(read_traits(path).pixels):
                    if isinstance(task, _FgTask):
                        self._fg(answer, number, path)
                    else:
                        self._bg(answer, number, path, task.depth_files[number - task.first])
            except AssetError as error:
                answer.problems[path] = error
        return answer

    def _fg(self, answer: _Answer, number: int, path: Path) -> None:
        config = self.config
        rgba = read_rgba(path)
        sprites = make_sprites(rgba, config, self.words[number].tolist())
        if not all((sprite[..., 3] >= OPAQUE).any() for sprite in sprites):
            smallest = f"at {min(max(sprite.shape) for sprite in sprites)} pixels"
            fix = "raise `fg_size` or remove the cut-out"
            raise AssetError(path, f"opaque pixels {smallest}", "none left", fix)
        self._write("sprite_pixels", number * len(sprites), _padded(sprites, config.sprite_side))
        answer.hashes.append(perceptual_hash(over_grey(scale_sprite(rgba, config.fg_size))))
        answer.sizes.extend(sprite.shape[:2] for sprite in sprites)

    def _bg(self, answer: _Answer, number: int, path: Path, depth_file: Path | None) -> None:
        rgb = read_rgb(path)
        height, width = rgb.shape[:2]
        bg = fit_picture(rgb, self.config.size)
        del rgb
        self._write("bg", number, bg[None])
        if self.depth:
            depth = self._depth(path, depth_file, (width, height))
            self._write("bg_depth", number, fit_depth(depth, self.config.size)[None])
            answer.depth_sources.append(FROM_PLANE if depth_file is None else FROM_FILE)
        answer.hashes.append(perceptual_hash(bg))

    def _depth(self, path: Path, file: Path | None, picture: tuple[int, int]) -> np.ndarray:
        if file is None:
            return plane_depth(picture)
        check_turns(file, path, picture[0] == picture[1])
        return read_depth(file, picture, self.config.known_convention, self.config.depth_invalid)

    def _write(self, dataset: str, row: int, rows: np.ndarray) -> None:
        if self.path is not None:
            _write_rows(self.path, self.offsets[dataset], row, rows)


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
                _write_rows(path, offset, row, depth[None])
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
    offsets = _reserve(path, config, len(fgs), len(bgs))
    budget = PixelBudget(workers, process_context() if workers > 1 else None)
    words = _variant_words(config, len(fgs))
    decoder = _Decoder(path, offsets, config, words, network is None, budget)
    decoded = _decode(decoder, _tasks(fgs, bgs, depth_files), workers)
    if network is not None:
        network.write(path, offsets["bg_depth"], bgs, config.size)
        decoded.depth_sources.extend([network.network.id] * len(bgs))
    if shadows := [contact_shadow(width) for width in _shadow_widths(config)]:
        first = count_sprites(config, len(fgs)) - len(shadows)
        _write_rows(path, offsets["sprite_pixels"], first, _padded(shadows, config.sprite_side))
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
    fg_of = _fg_of_sprites(config, len(decoded.fg_hashes))
    with new_file(path, paged=True, append=True) as file:
        add_dataset(file, "sprite_size", (len(fg_of), 2), _U2)[...] = np.array(decoded.sprite_sizes)
        add_dataset(file, "sprite_fg", fg_of.shape, _U4)[...] = fg_of
        add_dataset(file, "header", content.shape, _U1)[...] = content


def _reserve(path: Path, config: GenerateConfig, fgs: int, bgs: int) -> dict[str, int]:
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


def _tasks(
    fgs: Sequence[Path], bgs: Sequence[Path], depth_files: Sequence[Path | None]
) -> list[_FgTask | _BgTask]:
    """All assets, a few for each task."""
    tasks: list[_FgTask | _BgTask] = []
    tasks += [_FgTask(first, fgs[first : first + _CHUNK]) for first in range(0, len(fgs), _CHUNK)]
    for first in range(0, len(bgs), _CHUNK):
        some = slice(first, first + _CHUNK)
        tasks.append(_BgTask(first, bgs[some], depth_files[some]))
    return tasks


def _decode(decoder: _Decoder, tasks: Sequence[_FgTask | _BgTask], workers: int) -> Decoded:
    """Do all tasks and put their answers in the order of the assets.

    Raises:
        UnusableAssetsError: names all pictures that cannot be used.
    """
    answers = []
    total = sum(len(task.paths) for task in tasks)
    with (
        Progress("reading pictures", total, "pictures") as progress,
        closing(run_tasks(decoder, tasks, workers)) as results,
    ):
        for answer in results:
            answers.append(answer)
            progress.advance(len(answer.task.paths))
    answers.sort(key=lambda answer: (isinstance(answer.task, _BgTask), answer.task.first))
    if problems := {path: error for answer in answers for path, error in answer.problems.items()}:
        raise UnusableAssetsError(problems)
    decoded = Decoded()
    for answer in answers:
        hashes = decoded.fg_hashes if isinstance(answer.task, _FgTask) else decoded.bg_hashes
        hashes.extend(answer.hashes)
        decoded.sprite_sizes.extend(answer.sizes)
        decoded.depth_sources.extend(answer.depth_sources)
    return decoded


def find_unusable(
    config: GenerateConfig, fgs: Sequence[Path], bgs: Mapping[Path, Path | None], with_depth: bool
) -> dict[Path, AssetError]:
    """The pictures that `build_bank` would refuse, with the error of each.

    Args:
        config: sizes, appearances and depth source.
        fgs: cut-outs.
        bgs: pictures with their depth files.
        with_depth: whether to check the depth files too.
    """
    decoder = _Decoder(None, {}, config, _variant_words(config, len(fgs)), with_depth, PixelBudget(1))
    tasks = _FgTask(0, fgs), _BgTask(0, list(bgs), list(bgs.values()))
    return {path: error for task in tasks for path, error in decoder(task).problems.items()}


def bank_bytes(config: GenerateConfig, fgs: int, bgs: int) -> int:
    """The size of a bank in bytes, without the few pages that HDF5 adds."""
    width, height = config.size
    return count_sprites(config, fgs) * config.sprite_side**2 * 4 + bgs * width * height * 5


def _write_rows(path: Path, offset: int, row: int, rows: np.ndarray) -> None:
    """Write rows of a dataset that begins at `offset` bytes, from row number `row` on."""
    rows = np.ascontiguousarray(rows)
    with path.open("r+b") as file:
        file.seek(offset + row * rows[0].nbytes)
        file.write(rows.data)


def is_bank_of(bank: Bank, config: GenerateConfig, fgs: int, bgs: int) -> bool:
    """Whether a bank has the arrays that `build_bank` makes of this many assets, and no object is empty."""
    fg_of = _fg_of_sprites(config, fgs)
    side, (width, height) = config.sprite_side, config.size
    shapes = (len(fg_of), side, side, 4), (bgs, height, width, 3)
    if (bank.sprite_pixels.shape, bank.bg.shape) != shapes or not np.array_equal(bank.sprite_fg, fg_of):
        return False
    return all((bank.sprite(number)[..., 3] >= OPAQUE).any() for number in range(bank.objects))


def count_sprites(config: GenerateConfig, fgs: int) -> int:
    """How many sprites a bank holds: all variants with all their edges, and the shadows."""
    return fgs * sprites_per_fg(config) + len(_shadow_widths(config))


def _fg_of_sprites(config: GenerateConfig, fgs: int) -> np.ndarray:
    """The number of the foreground that each sprite shows; NO_FG for shadows, which come last."""
    objects = np.repeat(np.arange(fgs), sprites_per_fg(config))
    return np.append(objects, [NO_FG] * len(_shadow_widths(config)))


def _variant_words(config: GenerateConfig, fgs: int) -> np.ndarray:
    """Random words for the appearances of each foreground: (fgs, variants) uint64."""
    return random_words(config.seed, "variants", fgs * config.variants).reshape(fgs, config.variants)


def _shadow_widths(config: GenerateConfig) -> range:
    return range(NARROWEST_SHADOW, config.sprite_side + 1) if config.shadow else range(0)


def _padded(sprites: Sequence[np.ndarray], side: int) -> np.ndarray:
    """Sprites as rows of `sprite_pixels`."""
    padded = np.zeros((len(sprites), side, side, 4), _U1)
    for row, sprite in enumerate(sprites):
        padded[row, : sprite.shape[0], : sprite.shape[1]] = sprite
    return padded
