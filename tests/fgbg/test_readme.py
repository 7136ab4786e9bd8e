"""What the README tells to type works."""

import re
import shlex
from pathlib import Path

import click
import pytest

from fgbg.cli import main
from fgbg.config_file import fill_defaults

README = (Path(__file__).parent.parent.parent / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    lines = [line.split("#")[0].strip() for block in blocks("") for line in block.splitlines()]
    return [part.strip() for line in lines if line.startswith("fgbg ") for part in line.split("&&")]


def test_its_python_runs(
    unrendered: Path, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "shards").symlink_to(unrendered)
    (tmp_path / "outputs").symlink_to(trained)
    monkeypatch.chdir(tmp_path)
    (example,) = blocks("python")
    names: dict[str, object] = {}
    exec(compile(example, "README.md", "exec"), names)
    assert {"batch", "predicted"} <= set(names)


def test_its_options_file_is_read(tmp_path: Path) -> None:
    for example in blocks("toml"):
        path = tmp_path / "fgbg.toml"
        path.write_text(example, encoding="utf-8")
        ctx = click.Context(main, info_name="fgbg")
        fill_defaults(ctx, main.params[0], path)
        assert ctx.default_map


def test_it_shows_commands() -> None:
    assert len(commands()) > 8


@pytest.mark.parametrize("line", commands())
def test_its_command_lines_are_understood(line: str) -> None:
    name, *words = shlex.split(line)[1:]
    command = main.get_command(click.Context(main), name)
    assert command is not None, line
    command.make_context(name, words)
