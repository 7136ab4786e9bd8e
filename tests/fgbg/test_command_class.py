"""All commands: headings, --quiet, suggestions, the dataset argument, completion."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from fgbg import __version__
from fgbg.cli import COMMANDS, SECTIONS, load_command, main
from fgbg.command_class import Command


def command(name: str) -> Command:
    return load_command(name)


def options() -> Iterator[tuple[str, click.Option]]:
    for name in COMMANDS:
        for option in command(name).params:
            if isinstance(option, click.Option):
                yield f"{name} {option.opts[-1]}", option


def complete(*arguments: str) -> list[tuple[str, str]]:
    """Completions of the last argument that a shell gets: their types and values."""
    completion = ShellComplete(main, {}, "fgbg", "_FGBG_COMPLETE")
    found = completion.get_completions([*arguments[:-1]], arguments[-1])
    return [(item.type, item.value) for item in found]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_the_common_options(name: str) -> None:
    flags = {flag for option in command(name).params for flag in option.opts}
    assert {"-q", "--quiet", "--config", "--debug"} <= flags


def test_every_help_text_is_sentences() -> None:
    for name, option in options():
        text = option.help or ""
        assert text[0].isupper() and text.endswith((".", "...")), f"{name}: {text}"
        assert not text.startswith(("Of ", "What ", "Where ")), f"{name}: {text}"


def test_every_default_is_shown() -> None:
    for name, option in options():
        if option.expose_value and not (option.is_flag and not option.secondary_opts):
            assert "default" in option.get_help_extra(click.Context(main)), name


def test_every_path_completes_as_a_path() -> None:
    paths = [
        (name, option)
        for name, option in options()
        if (option.name or "") in ("out", "data", "fg", "checkpoint")
    ]
    assert len(paths) == 24
    for name, _ in paths:
        command_, flag = name.split()
        takes_file = flag in ("--checkpoint", "--labels", "--pairs")
        takes_file |= command_ + flag in ("preview--out", "export--out")
        kind = "file" if takes_file else "dir"
        assert complete(command_, flag, "")[0][0] == kind, name


def test_commands_and_choices_complete() -> None:
    assert complete("tr") == [("plain", "train")]
    assert complete("train", "--schedule", "c") == [("plain", "cosine")]
    assert ("plain", "--plateau-factor") in complete("train", "--plateau")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_has_a_completion_script(shell: str) -> None:
    result = CliRunner().invoke(main, [], env={"_FGBG_COMPLETE": f"{shell}_source"}, prog_name="fgbg")
    assert result.exit_code == 0 and "_FGBG_COMPLETE" in result.output


def test_long_helps_have_headings() -> None:
    for name in ("train", "generate", "cutout"):
        lines = CliRunner().invoke(main, [name, "--help"], prog_name="fgbg").output.splitlines()
        headings = [line for line in lines if line.endswith(":") and not line.startswith(" ")]
        assert len(headings) >= 4 and headings[-1] == "Options of every command:"
    titles = [f"{title}:" for title in SECTIONS]
    assert [
        line for line in CliRunner().invoke(main, ["--help"]).output.splitlines() if line in titles
    ] == titles


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "--xyz"], "no option --xyz; see 'fgbg train --help'"),
        (["train", "--epochs"], "option '--epochs' requires an argument; see 'fgbg train --help'"),
        (["cutout"], "PICTURES is missing; see 'fgbg cutout --help'"),
        (["predict"], "PATH... is missing; see 'fgbg predict --help'"),
        (["generate", "runs"], "got unexpected extra argument (runs); see 'fgbg generate --help'"),
        (
            ["train", "--epochs", "no"],
            "--epochs: expected a whole number from 1, found 'no'; see 'fgbg train --help'",
        ),
        (["zzz"], "no command 'zzz'; see 'fgbg --help'"),
    ],
)
def test_wrong_use_is_said_in_one_way(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(main, arguments, prog_name="fgbg")
    assert result.exit_code == 2 and result.stderr == f"fgbg: {said}\n"


@pytest.mark.parametrize(
    ("arguments", "suggested"),
    [
        (["trian"], "no command 'trian'; did you mean 'train'?"),
        (["train", "--resum"], "no option --resum; did you mean '--resume'?"),
        (["train", "--epoch", "3"], "no option --epoch; did you mean '--epochs'?"),
        (
            ["export", "--format", "coc"],
            "--format: expected folder, coco, yolo, webdataset, croissant, onnx, safetensors, found 'coc';"
            " did you mean 'coco'?",
        ),
    ],
)
def test_a_misspelt_word_gets_a_suggestion(arguments: list[str], suggested: str) -> None:
    result = CliRunner().invoke(main, arguments)
    assert (
        result.exit_code == 2
        and result.stderr == f"fgbg: {suggested}\n"
        and len(result.stderr.splitlines()) == 1
    )


@pytest.mark.parametrize(
    ("text", "suggested"),
    [
        ("[trian]\nepochs = 1", "found 'trian'; did you mean 'train'?"),
        ("[train]\nepoch_sample = 1", "found 'epoch_sample'; did you mean 'epoch-samples'?"),
        ("[train]\nmodel = 'unett'", "found 'unett'; did you mean 'unet'?"),
    ],
)
def test_a_misspelt_word_of_a_file_gets_a_suggestion(text: str, suggested: str, tmp_path: Path) -> None:
    (tmp_path / "fgbg.toml").write_text(text)
    result = CliRunner().invoke(main, ["--config", str(tmp_path / "fgbg.toml"), "train"])
    assert result.exit_code == 2 and result.stderr.endswith(suggested + "\n")


@pytest.mark.parametrize("place", ["before", "after"])
def test_quiet_leaves_answers_and_errors(place: str, unrendered: Path, tmp_path: Path) -> None:
    def run(*arguments: object) -> tuple[str, str]:
        quiet = ["-q", *arguments] if place == "before" else [*arguments, "--quiet"]
        result = CliRunner().invoke(main, list(map(str, quiet)))
        return result.stdout, result.stderr

    sheet = ["preview", unrendered, "--count", "1", "--out", tmp_path / "a.png"]
    assert run(*sheet) == ("", "") and (tmp_path / "a.png").exists()
    assert "exists already" in run(*sheet)[1]
    assert "are as they were written" in run("verify", unrendered)[0]


def test_the_dataset_is_an_argument_or_an_option() -> None:
    for name in ("verify", "preview", "stats", "train", "evaluate"):
        arguments = [param for param in command(name).params if isinstance(param, click.Argument)]
        assert [argument.make_metavar(click.Context(main)) for argument in arguments] == ["[DATA]"], name
    reading = [name for name in COMMANDS if any(option.name == "data" for option in command(name).params)]
    assert reading == ["verify", "preview", "stats", "train", "evaluate", "compare", "app", "export"]
    for name in reading:
        (data,) = [param for param in command(name).params if param.name == "data"]
        assert isinstance(data, click.Option)
        assert "data/shards" in str(data.get_help_extra(click.Context(main))["default"])


def test_every_command_that_writes_replaces_only_with_overwrite() -> None:
    for name in COMMANDS:
        names = {param.name for param in command(name).params}
        assert ("overwrite" in names) is (name not in ("verify", "app")), name


def test_the_program_has_a_version_and_runs_as_a_module() -> None:
    assert CliRunner().invoke(main, ["-V"]).output == f"fgbg, version {__version__}\n"
    said = subprocess.run([sys.executable, "-m", "fgbg", "-V"], check=True, capture_output=True, text=True)
    assert said.stdout == f"fgbg, version {__version__}\n"
