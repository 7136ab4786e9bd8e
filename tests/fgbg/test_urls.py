"""URLs on the command line: where they are taken, and where they are refused."""

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from fgbg.cli import COMMANDS, main
from fgbg.value_types import FilePath
from generator.places import Url

S3 = Url("s3://bucket/data")


def parsed(name: str, *arguments: str) -> dict[str, Any]:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    return command.make_context(name, list(arguments)).params


@pytest.mark.parametrize("name", ["train", "evaluate", "verify", "preview", "stats"])
def test_readers_take_a_url_as_it_is(name: str) -> None:
    assert parsed(name, S3)["dataset"] == S3 == parsed(name, "--data", S3)["data"]
    assert type(parsed(name, S3)["dataset"]) is Url


def test_other_commands_take_urls_of_datasets() -> None:
    assert parsed("export", S3, "--format", "coco")["source"] == S3
    assert parsed("compare", "outputs", "--data", S3)["data"] == S3
    assert parsed("generate", "--out", S3)["out"] == S3
    assert parsed("import", "voc", "VOC2012", "--out", S3)["out"] == S3


def test_a_url_of_this_machine_is_a_path() -> None:
    assert parsed("stats", "file:///data/shards")["dataset"] == Path("/data/shards")
    assert parsed("generate", "--fg", "file:///data/fg")["fg"] == Path("/data/fg")


def path_parameters() -> list[tuple[str, str]]:
    """Every option and argument of every command that takes a path, and no URL."""
    found = []
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        assert command is not None
        for param in command.params:
            if isinstance(param.type, FilePath) and not param.type.urls:
                found.append((name, str(param.name)))
    return found


@pytest.mark.parametrize(("name", "param"), path_parameters())
def test_all_others_refuse_a_url(name: str, param: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    (found,) = (one for one in command.params if one.name == param)
    with pytest.raises(click.BadParameter, match="expected a path of this machine, found 's3://bucket/data'"):
        found.type.convert(S3, found, None)


def test_the_error_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["train", "--out", S3])
    assert result.exit_code == 2 and not list(tmp_path.iterdir())
    said = "expected a path of this machine, found 's3://bucket/data'; URLs are for datasets: --data,"
    assert result.stderr.startswith(f"fgbg: --out: {said}") and result.stderr.count("\n") == 1
