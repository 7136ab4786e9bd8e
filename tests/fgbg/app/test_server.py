import asyncio
import re
import socket
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit import config

import fgbg.app.upload_gate
from fgbg.app.desk import Desk
from fgbg.app.server import address, serve, server_options
from fgbg.app.settings import Settings
from fgbg.app.theme import theme_options
from fgbg.app.upload_gate import MOST_HELD, UploadGate
from generator.errors import ConfigError, UsageError

SETTINGS = Settings((Path("outputs"),), (Path("data"),), Desk())


def test_every_option_is_one_of_streamlit() -> None:
    options = server_options("127.0.0.1", 8501)
    assert not set(options) - set(config._config_options_template)
    assert options["server.address"] == "127.0.0.1" and options["server.maxUploadSize"] == 10
    assert options["server.headless"] and not options["browser.gatherUsageStats"]
    assert options["server.allowedHosts"] == ["127.0.0.1", "localhost", "::1", "127.0.0.1"]


def test_colours_are_those_of_the_reports() -> None:
    options = theme_options()
    assert (options["theme.light.backgroundColor"], options["theme.dark.backgroundColor"]) == (
        "#ffffff",
        "#121212",
    )
    assert options["theme.dark.primaryColor"] == "#4fd1a5" and "sans-serif" in options["theme.font"]
    colours = [value for name, value in options.items() if name.endswith("Color")]
    assert len(colours) == 12 and all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours)


def test_an_address_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"^http://127.0.0.1:{port} cannot be used .*another `port`"):
            serve(SETTINGS, "127.0.0.1", port, print)
    with pytest.raises(UsageError, match="cannot be used"):
        serve(SETTINGS, "no.such.host.invalid", 8501, print)
    assert address("::1", 80) == "http://[::1]:80"


def test_a_missing_streamlit_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "streamlit.starlette", None)
    with pytest.raises(
        ConfigError, match=r"needs Streamlit, which is not installed.*pip install 'fgbg\[app\]'"
    ):
        serve(SETTINGS, "127.0.0.1", 8501, print)


def passed(
    gate: UploadGate, length: str | None = "100", method: str = "PUT", path: str = "/_stcore/upload_file/a/b"
) -> int:
    """The status of a request: that of the app behind the gate is 204."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [] if length is None else [(b"content-length", length.encode())]
    scope = {"type": "http", "method": method, "path": path, "headers": headers}
    asyncio.run(gate(scope, None, send))  # type: ignore[arg-type]
    return int(sent[0]["status"])


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A gate, and how many bytes the server holds."""
    state = SimpleNamespace(held=0)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204})

    monkeypatch.setattr(fgbg.app.upload_gate, "_held", lambda: state.held)
    state.gate = UploadGate(app)
    return state


def test_uploads_pass_while_there_is_room(gate: SimpleNamespace) -> None:
    assert [passed(gate.gate) for _ in range(3)] == [204, 204, 204]
    gate.held = MOST_HELD - 100
    assert passed(gate.gate, "100") == 204 and passed(gate.gate, "101") == 503
    # Without a length, or with a wrong one, an upload counts as the largest one.
    assert {passed(gate.gate, length) for length in (None, "many", "9" * 40)} == {503}
    assert passed(gate.gate, "999", method="DELETE") == 204 and passed(gate.gate, "999", path="/other") == 204


def test_uploads_on_their_way_count(gate: SimpleNamespace) -> None:
    gate.gate._coming = MOST_HELD
    assert passed(gate.gate, "1") == 503
    gate.gate._coming = 0
    assert passed(gate.gate, "1") == 204 and gate.gate._coming == 0
