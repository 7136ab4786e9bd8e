import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from pydantic import BaseModel

from fgbg.cli import COMMANDS, load_command, main
from generator.config import GenerateConfig
from training.config import TrainConfig

ROOT = Path(__file__).parent.parent.parent


def command(name: str) -> click.Command:
    return load_command(name)


def test_every_command_file_is_listed() -> None:
    files = {path.stem.rstrip("_") for path in (ROOT / "fgbg" / "commands").glob("*.py")} - {"__init"}
    assert files == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0 and max(map(len, result.output.splitlines())) <= 80
    assert (command(name).help or "").splitlines()[0] == COMMANDS[name]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_help_and_shows_its_default(name: str) -> None:
    for option in command(name).params:
        if isinstance(option, click.Option):
            assert option.help, option.name
            optional = option.default is None and not option.is_flag
            shown = option.show_default or option.is_flag or option.name in ("bg", "config")
            assert shown, f"{name} {option.name} {optional}"


@pytest.mark.skipif(sys.platform == "win32", reason="only POSIX gives times of child processes")
def test_help_takes_little_cpu_time() -> None:
    seconds = []
    for _ in range(3):
        began = os.times()
        subprocess.run([Path(sys.executable).with_name("fgbg"), "--help"], check=True, capture_output=True)
        ended = os.times()
        seconds.append(sum(ended[2:4]) - sum(began[2:4]))
    assert min(seconds) < 0.2


def test_help_imports_no_library_but_click() -> None:
    script = (
        "import sys; from fgbg.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "assert not {'numpy', 'pydantic', 'PIL', 'h5py', 'tqdm', 'fgbg.commands'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


def test_neither_help_nor_generate_imports_torch(request_fields: dict[str, object], tmp_path: Path) -> None:
    script = (
        "import sys; from fgbg.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "heavy = {'torch', 'lightning_fabric', 'timm', 'kornia', 'matplotlib', 'jinja2'}\n"
        "assert not heavy & set(sys.modules)"
    )
    generate = ["generate", "--fg", str(request_fields["fg"]), "--bg", str(request_fields["bg"])]
    generate += ["--out", str(tmp_path), "--samples", "30", "--size", "32", "--rotate", "5"]
    for arguments in (["--help"], generate):
        subprocess.run([sys.executable, "-c", script, *arguments], check=True, capture_output=True)
    assert (tmp_path / "dataset.json").exists()


@pytest.mark.parametrize("behind", [False, True])
def test_toml_fills_defaults_and_flags_win(
    behind: bool, request_fields: dict[str, object], tmp_path: Path
) -> None:
    config = tmp_path / "fgbg.toml"
    config.write_text(
        f'[generate]\nfg = "{Path(str(request_fields["fg"])).as_posix()}"\n'
        f'bg = "{Path(str(request_fields["bg"])).as_posix()}"\nsize = "32"\nsamples = 40\nrender = false\n'
        "fg-size = 12\n"
    )
    out = tmp_path / "out"
    arguments = ["--config", str(config), "generate", "--out", str(out), "--samples", "20"]
    result = CliRunner().invoke(main, arguments[2:3] + arguments[:2] + arguments[3:] if behind else arguments)
    assert result.exit_code == 0, result.output
    assert "20 samples" in result.output and "without pixels" in result.output
    assert '"fg_size": 12' in (out / "dataset.json").read_text()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[train]\nres", "expected TOML"),
        ("[paint]\n", "found 'paint'"),
        ("[train]\ncolour = 1\n", "found 'colour'"),
        ("seed = 1\n", "found 'seed'"),
    ],
)
def test_a_toml_file_with_mistakes_is_refused(text: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "fgbg.toml").write_text(text)
    result = CliRunner().invoke(main, ["--config", str(tmp_path / "fgbg.toml"), "train"])
    assert result.exit_code == 2 and complaint in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["generate", "--positions", "0"],
        ["generate", "--split", "50"],
        ["train", "--res", "wide"],
        ["train", "--batch-size", "none"],
        ["train", "--colour", "red"],
        ["predict"],
        ["paint"],
        ["--config", "nowhere.toml", "train"],
    ],
)
def test_wrong_use_is_one_line_and_code_2(arguments: list[str], tmp_path: Path) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("fgbg: ") and len(result.stderr.splitlines()) == 1
    assert any(named in result.stderr for named in (*arguments[1:], arguments[0], "PATH"))


def test_failures_are_one_line_and_a_traceback_only_with_debug(tmp_path: Path) -> None:
    arguments = ["generate", "--fg", str(tmp_path), "--bg", str(tmp_path), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"fgbg: {tmp_path} holds no pictures")
    assert len(result.stderr.splitlines()) == 1
    for debugging in (["--debug", *arguments], [*arguments, "--debug"]):
        assert type(CliRunner().invoke(main, debugging).exception).__name__ == "AssetError"


@pytest.mark.parametrize(("name", "config"), [("generate", GenerateConfig), ("train", TrainConfig)])
def test_defaults_are_those_of_the_library(name: str, config: type[BaseModel]) -> None:
    parsed = command(name).make_context(name, []).params
    default = config()
    names = [field for field in config.model_fields if parsed.get(field) is not None]
    assert len(names) > 8
    assert {field: parsed[field] for field in names} == {field: getattr(default, field) for field in names}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_nobody_takes_is_no_traceback(unrendered: Path) -> None:
    fgbg = [Path(sys.executable).with_name("fgbg"), "verify", unrendered]
    with subprocess.Popen(fgbg, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == "" and process.wait() == 1
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(fgbg, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1 and done.stderr.startswith("fgbg: ") and len(done.stderr.splitlines()) == 1


def test_what_a_terminal_cannot_show_is_written_as_an_escape(unrendered: Path, tmp_path: Path) -> None:
    folder = tmp_path / "日本"
    folder.symlink_to(unrendered)
    done = subprocess.run(
        [Path(sys.executable).with_name("fgbg"), "verify", folder, "--quick"],
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and r"\u65e5\u672c" in done.stdout
