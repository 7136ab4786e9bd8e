"""Decode each asset once, in several processes that write its pixels to their rows of the bank."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from generator.assets.duplicates import PerceptualHash, over_grey, perceptual_hash
from generator.assets.images import read_rgb, read_rgba, read_traits
from generator.assets.pixel_budget import PixelBudget
from generator.bank_layout import padded_sprites, write_rows
from generator.config import GenerateConfig
from generator.depth.sources import check_turns, plane_depth, read_depth
from generator.errors import AssetError, UnusableAssetsError
from generator.format.assets import FROM_FILE, FROM_PLANE
from generator.format.pixels import OPAQUE
from generator.progress import Progress
from generator.resize import fit_depth, fit_picture, scale_sprite
from generator.runner import Runner
from generator.scene.random_bits import random_words
from generator.scene.sprites import make_sprites
from generator.workers import process_context

# Assets in one task: few, so that all workers finish at about the same time.
_CHUNK = 8

_OWN_BUDGET = PixelBudget(1)


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
        rows: of the bank, that the decoder has not written: dataset, number of the first row, rows.
    """

    task: _FgTask | _BgTask
    hashes: list[PerceptualHash] = field(default_factory=list)
    sizes: list[tuple[int, ...]] = field(default_factory=list)
    depth_sources: list[str] = field(default_factory=list)
    problems: dict[Path, AssetError] = field(default_factory=dict)
    rows: list[tuple[str, int, np.ndarray]] = field(default_factory=list)


@dataclass(frozen=True)
class _Decoder:
    """Decodes the assets of a task and writes their pixels to the bank.

    Attributes:
        path: of the bank's file. None leaves the pixels in the answers: several machines that write to one
            file could damage each other's rows, because network file systems write whole pages.
        offsets: where its arrays begin, in bytes.
        config: sizes, appearances and depth sources.
        words: (fgs, variants) uint64 random words, from which appearances are drawn.
        depth: whether to write depth of backgrounds; False where a network estimates it later.
        budget: limits the pixels that all decoders hold in memory at once; None limits each process alone.
    """

    path: Path | None
    offsets: Mapping[str, int]
    config: GenerateConfig
    words: np.ndarray
    depth: bool
    budget: PixelBudget | None

    def __call__(self, task: _FgTask | _BgTask) -> _Answer:
        answer = _Answer(task)
        for number, path in enumerate(task.paths, task.first):
            try:
                with (self.budget or _OWN_BUDGET).taking(read_traits(path).pixels):
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
        self._write(
            answer, "sprite_pixels", number * len(sprites), padded_sprites(sprites, config.sprite_side)
        )
        answer.hashes.append(perceptual_hash(over_grey(scale_sprite(rgba, config.fg_size))))
        answer.sizes.extend(sprite.shape[:2] for sprite in sprites)

    def _bg(self, answer: _Answer, number: int, path: Path, depth_file: Path | None) -> None:
        rgb = read_rgb(path)
        height, width = rgb.shape[:2]
        bg = fit_picture(rgb, self.config.size)
        del rgb
        self._write(answer, "bg", number, bg[None])
        if self.depth:
            depth = self._depth(path, depth_file, (width, height))
            self._write(answer, "bg_depth", number, fit_depth(depth, self.config.size)[None])
            answer.depth_sources.append(FROM_PLANE if depth_file is None else FROM_FILE)
        answer.hashes.append(perceptual_hash(bg))

    def _depth(self, path: Path, file: Path | None, picture: tuple[int, int]) -> np.ndarray:
        if file is None:
            return plane_depth(picture)
        check_turns(file, path, picture[0] == picture[1])
        return read_depth(file, picture, self.config.known_convention, self.config.depth_invalid)

    def _write(self, answer: _Answer, dataset: str, row: int, rows: np.ndarray) -> None:
        if self.path is not None:
            write_rows(self.path, self.offsets[dataset], row, rows)
        else:
            answer.rows.append((dataset, row, rows))


def decode_assets(
    path: Path,
    offsets: Mapping[str, int],
    config: GenerateConfig,
    fgs: Sequence[Path],
    bgs: Sequence[Path],
    depth_files: Sequence[Path | None],
    with_depth: bool,
    workers: int,
    runner: Runner,
) -> Decoded:
    """Decode every asset once and write its pixels to its rows of a bank.

    Args:
        path: of the bank's file.
        offsets: where its arrays begin, in bytes.
        config: sizes, appearances and depth source.
        fgs: cut-outs, in the order of their sprites.
        bgs: pictures, in the order of the backgrounds.
        depth_files: the depth file of each background, None for the plane.
        with_depth: whether to write the depth of backgrounds.
        workers: processes that decode.
        runner: starts them.

    Raises:
        UnusableAssetsError: names all pictures that cannot be used.
    """
    decoder = _Decoder(None, {}, config, _variant_words(config, len(fgs)), with_depth, None)
    if runner.is_local:
        budget = PixelBudget(workers, process_context() if workers > 1 else None)
        decoder = replace(decoder, path=path, offsets=offsets, budget=budget)

    def write(answer: _Answer) -> None:
        for dataset, row, rows in answer.rows:
            write_rows(path, offsets[dataset], row, rows)
        answer.rows.clear()

    return _do_tasks(decoder, _tasks(fgs, bgs, depth_files), workers, runner, write)


def find_unusable(
    config: GenerateConfig, fgs: Sequence[Path], bgs: Mapping[Path, Path | None], with_depth: bool
) -> dict[Path, AssetError]:
    """The pictures that `decode_assets` would refuse, with the error of each.

    Args:
        config: sizes, appearances and depth source.
        fgs: cut-outs.
        bgs: pictures with their depth files.
        with_depth: whether to check the depth files too.
    """
    decoder = _Decoder(None, {}, config, _variant_words(config, len(fgs)), with_depth, None)
    tasks = _tasks(fgs, list(bgs), list(bgs.values()))
    return {path: error for task in tasks for path, error in decoder(task).problems.items()}


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


def _do_tasks(
    decoder: _Decoder,
    tasks: Sequence[_FgTask | _BgTask],
    workers: int,
    runner: Runner,
    write: Callable[[_Answer], None],
) -> Decoded:
    """Do all tasks, call `write` with each answer, and put the answers in the order of the assets.

    Raises:
        UnusableAssetsError: names all pictures that cannot be used.
    """
    answers = []
    total = sum(len(task.paths) for task in tasks)
    with (
        Progress("reading pictures", total, "pictures") as progress,
        closing(runner.run(decoder, tasks, workers)) as results,
    ):
        for answer in results:
            write(answer)
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


def _variant_words(config: GenerateConfig, fgs: int) -> np.ndarray:
    """Random words for the appearances of each foreground: (fgs, variants) uint64."""
    return random_words(config.seed, "variants", fgs * config.variants).reshape(fgs, config.variants)
