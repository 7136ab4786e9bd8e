import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import fgbg.app.server
from fgbg.app.settings import Settings
from fgbg.cli import main
from tests.fgbg.app.conftest import STORED


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the server was started with, instead of a server."""
    calls: list[Any] = []

    def serve(settings: Settings, host: str, port: int, started: Any) -> None:
        calls.append((settings, host, port))
        started(f"http://{host}:{port}")

    monkeypatch.setattr(fgbg.app.server, "serve", serve)
    return calls


def test_only_this_computer_reaches_the_page(served: list[Any]) -> None:
    result = CliRunner().invoke(main, ["app", "--checkpoint", str(STORED / "run-1"), "--port", "9000"])
    assert result.exit_code == 0, result.output
    assert result.stdout == "The page is at http://127.0.0.1:9000 (Ctrl-C ends it)\nThe page has ended\n"
    settings, host, port = served[0]
    assert (host, port) == ("127.0.0.1", 9000) and not result.stderr
    assert settings.checkpoints == (STORED / "run-1",) and settings.data == (Path("data/shards"),)


def test_another_address_is_noted(served: list[Any]) -> None:
    run = ["--checkpoint", str(STORED / "run-1")]
    result = CliRunner().invoke(main, ["app", *run, *run, "--host", "0.0.0.0"])
    assert result.stderr == "fgbg: everyone who reaches 0.0.0.0 can use the page\n"
    assert len(served[0][0].checkpoints) == 2


def test_the_browser_is_opened_only_if_asked_for(served: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("click.launch", opened.append)
    arguments = ["app", "--checkpoint", str(STORED / "run-1")]
    CliRunner().invoke(main, arguments)
    assert not opened
    CliRunner().invoke(main, [*arguments, "--open"])
    assert opened == ["http://127.0.0.1:8501"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--checkpoint", "nowhere"], "fgbg: nowhere does not exist. Check the path.\n"),
        (["--data", "nowhere"], "fgbg: nowhere does not exist. Check the path.\n"),
        (
            [],
            "fgbg: outputs, data/shards hold neither a network nor a dataset. Train a network, or name other"
            " places with --checkpoint and --data.\n",
        ),
        (
            ["--port", "0"],
            "fgbg: --port: expected a whole number from 1 to 65535, found '0'; see 'main app --help'\n",
        ),
    ],
)
def test_wrong_use_is_told_before_the_server_starts(
    arguments: list[str], complaint: str, served: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["app", *arguments])
    assert (result.exit_code, result.stderr) == (2, complaint) and not served


def test_help_imports_no_streamlit() -> None:
    script = (
        "import sys; from fgbg.cli import main\n"
        "try: main(['app', '--help'])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "assert not {'streamlit', 'numpy', 'torch'} & set(sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    shown = " ".join(shown.split())
    for default in ("outputs", "data/shards", "127.0.0.1", "8501", "mirror", "auto"):
        assert f"[default: {default}" in shown, default
