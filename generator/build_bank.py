"""Building the bank: every asset decoded once, by several processes, straight into its place in the file."""

import json
from collections.abc import Callable, Mapping, Sequence
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
from generator.files import atomic_file
from generator.format.bank import NO_FG, Bank
from generator.format.hdf5 import add_dataset, new_file
from generator.format.pixels import OPAQUE
from generator.progress import Progress
from generator.resize import fit_depth, fit_picture, scale_sprite
from generator.scene.numbering import random_words
from generator.scene.sprites import NARROWEST_SHADOW, contact_shadow, make_sprites, sprites_per_fg
from generator.workers import process_context, run_tasks

# Assets decoded at a time: few enough to share the work out evenly.
_CHUNK = 8
_U1, _U2, _U4 = np.dtype("u1"), np.dtype("<u2"), np.dtype("<u4")


@dataclass(frozen=True)
class Decoded:
    """What decoding told about the assets, in their order.

    Attributes:
        fg_hashes: perceptual hashes of the foregrounds.
        bg_hashes: and of the backgrounds.
        depth_sources: the depth source that answered for each background.
    """

    fg_hashes: list[PerceptualHash] = field(default_factory=list)
    bg_hashes: list[PerceptualHash] = field(default_factory=list)
    depth_sources: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _FgTask:
    """Some foregrounds, the first of them number `first`."""

    first: int
    paths: Sequence[Path]


@dataclass(frozen=True)
class _BgTask:
    """Some backgrounds, the first of them number `first`, and the depth file of each."""

    first: int
    paths: Sequence[Path]
    depth_files: Sequence[Path | None]


@dataclass(frozen=True)
class _Answer:
    """What decoding one task's assets told.

    Attributes:
        task: what was to be done.
        hashes: of the pictures.
        sizes: of the sprites of all foregrounds.
        depth_sources: of the backgrounds.
        problems: of the assets that cannot be used; then the rest does not count.
    """

    task: _FgTask | _BgTask
    hashes: list[PerceptualHash] = field(default_factory=list)
    sizes: list[tuple[int, ...]] = field(default_factory=list)
    depth_sources: list[str] = field(default_factory=list)
    problems: dict[Path, AssetError] = field(default_factory=dict)


@dataclass(frozen=True)
class _Decoder:
    """Decodes a task's assets and writes their pixels to `offsets` in the file.

    Attributes:
        path: of the bank in the making; None where pictures are only looked at.
        offsets: where its datasets begin, in bytes.
        config: sizes, appearances and depth sources.
        words: (fgs, variants) uint64, what appearances are drawn from.
        depth: whether backgrounds get their depth here, and not from a network.
        budget: the pixels that all decoders have in memory at once.
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
            fix = "raise --fg-size or remove the cut-out"
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
            answer.depth_sources.append("plane" if depth_file is None else "files")
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
    """A network that sees the depth of backgrounds.

    Attributes:
        network: what answers.
        cache: what it answered before.
        convention: what its values mean.
        hashes: of the backgrounds.
    """

    network: DepthNetwork
    cache: DepthCache
    convention: DepthConvention
    hashes: Sequence[str]

    def write(self, path: Path, offset: int, bgs: Sequence[Path], size: tuple[int, int]) -> None:
        """Write the depth of every background to its row, from `offset` in the file on."""
        assets = list(zip(bgs, self.hashes, strict=True))
        pairs = depth_of_backgrounds(self.network, self.cache, self.convention, size, assets, read_rgb)
        with Progress("seeing depth", len(bgs), "pictures") as progress:
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
    make_header: Callable[[Decoded], dict[str, Any]],
    advance: Callable[[int], None],
    before_replacing: Callable[[Path], None],
) -> None:
    """Decode every asset once and write the bank atomically.

    Args:
        path: of the bank.
        config: sizes, appearances and depth source.
        fgs: cut-outs, in the order of their sprites.
        bgs: pictures, in the order of the backgrounds.
        depth_files: the depth file of each background, None for the plane; a network reads none.
        workers: processes that decode.
        network: sees the depth of backgrounds, in this process; None where `config.depth` names none.
        make_header: gives the header once everything is decoded.
        advance: called with a number of assets as they are done.
        before_replacing: called with the new bank's temporary path when it is complete, but not yet in its
            place.

    Raises:
        UnusableAssetsError: pictures cannot be used, all of which are named; nothing is left behind.
        AssetError: the network fails.
    """
    width, height = config.size
    sprites, side = count_sprites(config, len(fgs)), config.sprite_side
    words = random_words(config.seed, "variants", len(fgs) * config.variants).reshape(len(fgs), -1)
    with atomic_file(path, bank_bytes(config, len(fgs), len(bgs))) as temporary:
        with new_file(temporary, paged=True) as file:
            datasets = {
                "sprite_pixels": add_dataset(file, "sprite_pixels", (sprites, side, side, 4), _U1),
                "bg": add_dataset(file, "bg", (len(bgs), height, width, 3), _U1),
                "bg_depth": add_dataset(file, "bg_depth", (len(bgs), height, width), _U2),
            }
            offsets = {name: dataset.id.get_offset() for name, dataset in datasets.items()}
        budget = PixelBudget(workers, process_context() if workers > 1 else None)
        decoder = _Decoder(temporary, offsets, config, words, network is None, budget)
        tasks: list[_FgTask | _BgTask] = []
        tasks += [_FgTask(first, fgs[first : first + _CHUNK]) for first in range(0, len(fgs), _CHUNK)]
        for first in range(0, len(bgs), _CHUNK):
            some = slice(first, first + _CHUNK)
            tasks.append(_BgTask(first, bgs[some], depth_files[some]))
        answers = []
        with closing(run_tasks(decoder, tasks, workers)) as results:
            for answer in results:
                answers.append(answer)
                advance(len(answer.task.paths))
        answers.sort(key=lambda answer: (isinstance(answer.task, _BgTask), answer.task.first))
        problems = {path: error for answer in answers for path, error in answer.problems.items()}
        if problems:
            raise UnusableAssetsError(problems)
        of_fgs = [answer for answer in answers if isinstance(answer.task, _FgTask)]
        of_bgs = [answer for answer in answers if isinstance(answer.task, _BgTask)]
        decoded = Decoded(
            fg_hashes=[hash_ for answer in of_fgs for hash_ in answer.hashes],
            bg_hashes=[hash_ for answer in of_bgs for hash_ in answer.hashes],
            depth_sources=[name for answer in of_bgs for name in answer.depth_sources],
        )
        if network is not None:
            network.write(temporary, offsets["bg_depth"], bgs, config.size)
            decoded.depth_sources.extend([network.network.id] * len(bgs))
        shadows = [contact_shadow(width) for width in _shadow_widths(config)]
        if shadows:
            _write_rows(temporary, offsets["sprite_pixels"], sprites - len(shadows), _padded(shadows, side))
        sizes = [size for answer in of_fgs for size in answer.sizes] + [
            shadow.shape[:2] for shadow in shadows
        ]
        fg_of = np.repeat(np.arange(len(fgs)), sprites_per_fg(config))
        header = np.frombuffer(json.dumps(make_header(decoded)).encode(), _U1)
        with new_file(temporary, paged=True, append=True) as file:
            add_dataset(file, "sprite_size", (sprites, 2), _U2)[...] = np.array(sizes)
            add_dataset(file, "sprite_fg", (sprites,), _U4)[...] = np.append(fg_of, [NO_FG] * len(shadows))
            add_dataset(file, "header", header.shape, _U1)[...] = header
        before_replacing(temporary)


def find_unusable(
    config: GenerateConfig, fgs: Sequence[Path], bgs: Mapping[Path, Path | None], with_depth: bool
) -> dict[Path, AssetError]:
    """What is wrong with pictures that `build_bank` would refuse.

    Args:
        config: sizes, appearances and depth source.
        fgs: cut-outs.
        bgs: pictures with their depth files.
        with_depth: whether the depth files count.
    """
    words = random_words(config.seed, "variants", len(fgs) * config.variants).reshape(
        len(fgs), config.variants
    )
    decoder = _Decoder(None, {}, config, words, with_depth, PixelBudget(1))
    tasks = _FgTask(0, fgs), _BgTask(0, list(bgs), list(bgs.values()))
    return {path: error for task in tasks for path, error in decoder(task).problems.items()}


def bank_bytes(config: GenerateConfig, fgs: int, bgs: int) -> int:
    """The size of a bank to come, without HDF5's own few pages."""
    width, height = config.size
    return count_sprites(config, fgs) * config.sprite_side**2 * 4 + bgs * width * height * 5


def _write_rows(path: Path, offset: int, row: int, rows: np.ndarray) -> None:
    """Write rows of a dataset that begins at `offset`, from number `row` on."""
    rows = np.ascontiguousarray(rows)
    with path.open("r+b") as file:
        file.seek(offset + row * rows[0].nbytes)
        file.write(rows.data)


def is_bank_of(bank: Bank, config: GenerateConfig, fgs: int, bgs: int) -> bool:
    """Whether a bank has the pictures that `build_bank` makes of so many assets, each object with pixels."""
    shadows = len(_shadow_widths(config))
    fg_of = np.append(np.repeat(np.arange(fgs), sprites_per_fg(config)), [NO_FG] * shadows)
    side, (width, height) = config.sprite_side, config.size
    shapes = (len(fg_of), side, side, 4), (bgs, height, width, 3)
    if (bank.sprite_pixels.shape, bank.bg.shape) != shapes or not np.array_equal(bank.sprite_fg, fg_of):
        return False
    return all((bank.sprite(number)[..., 3] >= OPAQUE).any() for number in range(bank.objects))


def count_sprites(config: GenerateConfig, fgs: int) -> int:
    """All variants with all their edges, and the shadows."""
    return fgs * sprites_per_fg(config) + len(_shadow_widths(config))


def _shadow_widths(config: GenerateConfig) -> range:
    return range(NARROWEST_SHADOW, config.sprite_side + 1) if config.shadow else range(0)


def _padded(sprites: Sequence[np.ndarray], side: int) -> np.ndarray:
    """Sprites as rows of `sprite_pixels`."""
    padded = np.zeros((len(sprites), side, side, 4), _U1)
    for row, sprite in enumerate(sprites):
        padded[row, : sprite.shape[0], : sprite.shape[1]] = sprite
    return padded
