"""TOML files of options: odd text, odd values of every type, and things that are not files."""

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
    """Do nothing: the files are made from the list of commands and options."""


def trial(rng: random.Random, seeds: Path, case: Path) -> Callable[[], str]:
    """An odd options file, followed by a small command line. The flags of the command line have priority."""
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
        options = command.params if command else []
        known = [o for o in options if isinstance(o, click.Option) and o.name not in _LONG]
        for option in rng.sample(known, k=min(len(known), rng.randrange(3))):
            key = option.opts[0].lstrip("-")
            lines.append(f"{key if rng.random() < 0.5 else key.replace('-', '_')} = {_value(rng, option)}")
        if rng.random() < 0.03:
            lines.append("x = 1")
    return "\n".join(lines) + "\n"


def _value(rng: random.Random, option: click.Option) -> str:
    """A value as TOML; about half of them have the option's type."""
    what = rng.random()
    if what < 0.3:
        return rng.choice(_VALUES)
    if what < 0.4:
        return f'"{odd_text(rng)}"'
    if option.is_flag:
        return rng.choice(("true", "false"))
    if isinstance(option.type, click.Choice):
        return rng.choice([repr(choice) for choice in option.type.choices])
    if isinstance(option.type, click.Path):
        return rng.choice(('"x"', '"~/x"', '"fg"'))
    return rng.choice(("1", "2", "3", "8", "0.5", "0.25", "0", '"1"', "[1, 2]", "[8, 8]", "[60, 20, 20]"))
