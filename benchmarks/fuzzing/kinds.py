"""The kinds of input: how each is made, and which commands get it."""

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fuzzing import command_lines, datasets, depths, labels, masks, networks, options_files, pictures, runs


@dataclass(frozen=True)
class Kind:
    """One kind of input.

    Attributes:
        prepare: writes small valid examples into a folder, once.
        trial: writes one mutated input into an empty folder. Returns a function that gives it to fgbg and
            answers "accepted" or "refused".
        commands: commands that take this kind of input, run once to import their modules; all if empty.
    """

    prepare: Callable[[Path], None]
    trial: Callable[[random.Random, Path, Path], Callable[[], str]]
    commands: tuple[str, ...] = ()


KINDS = {
    "pictures": Kind(pictures.prepare, pictures.trial, ("review", "generate", "predict", "cutout")),
    "masks": Kind(masks.prepare, masks.trial, ("cutout",)),
    "depth": Kind(depths.prepare, depths.trial, ("generate", "review")),
    "labels": Kind(labels.prepare, labels.trial, ("import", "review", "stats")),
    "datasets": Kind(datasets.prepare, datasets.trial),
    "checkpoints": Kind(runs.prepare, runs.trial, ("predict", "evaluate", "train", "compare")),
    "onnx": Kind(networks.prepare, networks.trial, ("generate",)),
    "toml": Kind(options_files.prepare, options_files.trial),
    "command-lines": Kind(command_lines.prepare, command_lines.trial),
}


def begin(seeds: Path) -> None:
    """Write the examples of all kinds if they do not exist yet."""
    if (seeds / "done").exists():
        return
    shutil.rmtree(seeds, ignore_errors=True)
    seeds.mkdir(parents=True)
    for kind in KINDS.values():
        kind.prepare(seeds)
    (seeds / "done").touch()
