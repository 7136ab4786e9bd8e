"""Command lines made from the tree of commands, with odd values, unknown words and missing parts."""

import random
from collections.abc import Callable
from pathlib import Path

import click

from fgbg.cli import COMMANDS, main
from fuzzing.mutate import mutate_text, odd_text
from fuzzing.watch import run

NAMES = tuple(name for name in COMMANDS if name != "app")
"""The commands that end by themselves."""

_LEFT_OUT = {"compile", "find_lr", "config", "debug", "open"}
"""What takes long by itself, asks for tracebacks, or starts the system's program for pictures."""
_ALONE = {"devices", "nodes", "workers"}
"""Of which more than one starts programs."""
_PATHS = (
    "fg",
    "bg",
    "data",
    "run",
    "nowhere",
    "bg/bg000.png",
    "/dev/null/x",
    ".",
    "..",
    "~",
    "-",
    "data/bank.h5",
)


def prepare(seeds: Path) -> None:
    """Do nothing: command lines use the examples of the other kinds."""


def base(seeds: Path, command: str) -> list[str]:
    """A small complete command line that succeeds."""
    assets = ["--fg", f"{seeds}/assets/fg", "--bg", f"{seeds}/assets/bg", "--size", "32"]
    data, network = f"{seeds}/unrendered", f"{seeds}/run/best.pt"
    picture = f"{seeds}/assets/bg/bg000.png"
    tiny = ["--widths", "2,4", "--res", "8", "--epochs", "1", "--epoch-samples", "4", "--val-samples", "2"]
    return {
        "samples": ["drawn", "--count", "2", "--size", "32"],
        "review": [*assets, "--csv", "review.csv"],
        "cutout": [picture, "--box", "4,4,14,12", "--out", "cut"],
        "generate": [*assets, "--positions", "1", "--samples", "4", "--workers", "1", "--out", "made"],
        "import": ["voc", f"{seeds}/labels/voc", "--size", "32", "--workers", "1", "--out", "imported"],
        "verify": [data],
        "preview": [data, "--count", "2", "--out", "sheet.png"],
        "stats": [data, "--samples", "4", "--out", "stats"],
        "train": ["--data", data, "--out", "new", *tiny, "--batch-size", "2", "--device", "cpu"],
        "evaluate": ["--data", data, "--checkpoint", network, "--samples", "2", "--out", "measured"],
        "compare": [f"{seeds}/run", "--data", data, "--pictures", "1", "--out", "compared"],
        "predict": [picture, "--checkpoint", network, "--out", "predicted"],
        "export": [data, "--format", "folder", "--samples", "3", "--workers", "1", "--out", "exported"],
    }[command]


def trial(rng: random.Random, seeds: Path, case: Path) -> Callable[[], str]:
    """A command line with one to three odd parts, in its own folder."""
    # Train, compare and evaluate are slow, so they are chosen less often.
    names = [name for name in NAMES for _ in range(1 if name in ("train", "compare", "evaluate") else 3)]
    name = rng.choice(names)
    words = base(seeds, name)
    for _ in range(rng.choice((1, 1, 2, 3))):
        words = _changed(rng, name, words)
    before = (
        [] if rng.random() < 0.9 else [rng.choice(("--debbug", "--config", "--help", "--version", "--", ""))]
    )
    return lambda: run(*before, name, *words)


def _changed(rng: random.Random, name: str, words: list[str]) -> list[str]:
    what = rng.random()
    if what < 0.1 and words:
        at = rng.randrange(len(words))
        return words[:at] + words[at + 1 :]
    if what < 0.2 and words:
        at = rng.randrange(len(words))
        # A path is not mutated: it could point into the examples, and results would be written there.
        changed = rng.choice(("x", "--")) if "/" in words[at] else mutate_text(rng, words[at])
        return [*words[:at], _bounded(changed), *words[at + 1 :]]
    if what < 0.25:
        return [*words, rng.choice(("--nothing", "-x", "--", "extra", "--out", "--help", "--seed=", "@file"))]
    return [*words, *odd_option(rng, name)]


def odd_option(rng: random.Random, name: str) -> list[str]:
    """One option of a command with an odd value."""
    command = main.get_command(click.Context(main), name)
    assert command is not None
    options = [o for o in command.params if isinstance(o, click.Option) and o.name not in _LEFT_OUT]
    option = rng.choice(options)
    flag = rng.choice((*option.opts, *option.secondary_opts))
    if option.is_flag:
        return [flag]
    if option.name in _ALONE:
        return [flag, rng.choice(("0", "-1", "1", "nan", "9" * 5000, "", "1.5", "two"))]
    if isinstance(option.type, click.Choice) and rng.random() < 0.6:
        return [flag, str(rng.choice(option.type.choices))]
    if isinstance(option.type, click.Path):
        return [flag, rng.choice((*_PATHS, "\0", "", "a\nb", "\udcff", "x" * 300))]
    value = odd_text(rng)
    return [
        flag,
        rng.choice((value, f"{value},{odd_text(rng)}", f"{value}x{value}", f"1-{value}", f"a:{value}")),
    ]


def _bounded(word: str) -> str:
    """Replace large integers, which would be correct but take long."""
    return "7" if word.isdecimal() and 3 < len(word) < 10 else word
