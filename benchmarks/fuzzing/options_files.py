"""TOML files of options: odd text, odd values of every type, and files that are none."""

import random
from collections.abc import Callable
from pathlib import Path

import click

from fgbg.cli import COMMANDS, main
from fuzzing import command_lines
from fuzzing.mutate import mutate_bytes, mutate_text, odd_text
from fuzzing.odd_files import put_odd_file
from fuzzing.watch import run

_VALUES = (
    "true",
    "false",
    "0",
    "1",
    "2",
    "-1",
    "2.7",
    "1.0",
    "nan",
    "-inf",
    "1e999",
    "9" * 30,
    "9" * 5000,
    "0x10",
    '""',
    '"auto"',
    '"none"',
    '"\\u0000"',
    '"a\\nb"',
    '"~"',
    '"~/x"',
    "[]",
    "[8, 8]",
    "[[1]]",
    "[1, 2, 3]",
    '["a", 1]',
    "{}",
    "{dice = 1}",
    "{a = {b = 1}}",
    "2026-01-01",
    "12:30:00",
    "2026-01-01T00:00:00Z",
)
_LONG = {"compile", "find_lr", "devices", "nodes", "workers", "perspective"}


def prepare(seeds: Path) -> None:
    """Files are made from the tree of commands."""


def trial(rng: random.Random, seeds: Path, case: Path) -> Callable[[], str]:
    """An odd options file before a small command line, whose flags win."""
    name = rng.choice([c for c in COMMANDS if c not in ("train", "compare", "evaluate")] * 3 + list(COMMANDS))
    path = case / "fgbg.toml"
    text = _text(rng, name)
    if rng.random() < 0.2:
        text = mutate_text(rng, text)
    data = text.encode(rng.choice(("utf-8",) * 8 + ("utf-8-sig", "utf-16")), "surrogatepass")
    if rng.random() < 0.05:
        data = mutate_bytes(rng, data)
    if rng.random() < 0.02:
        data = rng.choice((b"#" * 2**22, b"x = " + b"[" * 2**16, b"[a" + b".a" * 2**15 + b"]"))
    if rng.random() < 0.03:
        put_odd_file(rng, path)
    else:
        path.write_bytes(data)
    words = command_lines.base(seeds, name)
    behind = rng.random() < 0.3
    if behind:
        return lambda: run(name, "--config", path, *words)
    return lambda: run("--config", path, name, *words)


def _text(rng: random.Random, name: str) -> str:
    lines = []
    for table in {name, rng.choice(list(COMMANDS)), *(["paint"] if rng.random() < 0.05 else [])}:
        lines.append(rng.choice((f"[{table}]",) * 30 + (f"[[{table}]]", f"[{table}.x]", f'["{table}"]')))
        command = main.get_command(click.Context(main), table)
        names = [o.name for o in command.params if isinstance(o, click.Option)] if command else ["x"]
        for key in rng.sample(
            sorted({str(key) for key in names} - _LONG), k=min(len(names) - 1, rng.randrange(4))
        ):
            value = rng.choice(_VALUES) if rng.random() < 0.8 else f'"{odd_text(rng)}"'
            lines.append(f"{key.replace('_', '-') if rng.random() < 0.5 else key} = {value}")
    return "\n".join(lines) + "\n"
