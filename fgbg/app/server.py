"""The server of the page, which only this computer reaches unless another address is given."""

import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fgbg.app.settings import Settings, start_with
from fgbg.app.theme import theme_options
from fgbg.app.uploads import MOST_MEGABYTES
from generator.errors import ConfigError, UsageError

PAGE = Path(__file__).with_name("page.py")


def serve(settings: Settings, host: str, port: int, started: Callable[[str], None]) -> None:
    """Serve the page until Ctrl-C.

    Args:
        settings: what it shows.
        host: address of this computer to listen at.
        port: to listen at.
        started: called with the page's address when it can be opened.

    Raises:
        ConfigError: Streamlit is not installed.
        UsageError: the address cannot be used.
    """
    try:
        from streamlit.starlette import App
    except ImportError as error:
        raise ConfigError(
            "the page", "", "needs Streamlit, which is not installed", "run: pip install 'fgbg[app]'"
        ) from error
    from starlette.middleware import Middleware

    from fgbg.app.upload_gate import UploadGate

    _require_free(host, port)
    _quieten_uvicorn()
    start_with(settings)

    @asynccontextmanager
    async def lifespan(app: App) -> AsyncIterator[dict[str, Any]]:
        started(address(host, port))
        yield {}

    page = App(PAGE, lifespan=lifespan, middleware=[Middleware(UploadGate)])
    with contextlib.suppress(KeyboardInterrupt):
        page.run(config=server_options(host, port))


def address(host: str, port: int) -> str:
    """The address of the page."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def server_options(host: str, port: int) -> Mapping[str, Any]:
    """Options of Streamlit: they win over the user's own configuration of it."""
    names = ["127.0.0.1", "localhost", "::1"]
    return {
        "server.address": host,
        "server.port": port,
        # No browser is opened, no e-mail address is asked for, nothing is sent home, no files are watched.
        "server.headless": True,
        "server.showEmailPrompt": False,
        "browser.gatherUsageStats": False,
        "server.fileWatcherType": "none",
        "server.runOnSave": False,
        "server.enableStaticServing": False,
        "server.enableAgentApi": False,
        "server.enableXsrfProtection": True,
        "server.enableCORS": True,
        "server.maxUploadSize": MOST_MEGABYTES,
        # Another site's page cannot reach the server under a name of its own.
        "server.allowedHosts": [*names, host] if host not in ("0.0.0.0", "::") else ["*"],
        # Tracebacks go to the terminal, not to the page.
        "client.showErrorDetails": "none",
        "client.toolbarMode": "minimal",
        "logger.level": "error",
        "logger.hideWelcomeMessage": True,
        **theme_options(),
    }


def _require_free(host: str, port: int) -> None:
    """Make sure that the address can be used, because Streamlit would end the process without a reason."""
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(place)
    except OSError as error:
        where = address(host, port)
        raise UsageError(
            where, "", f"cannot be used ({error.strerror})", "use another `port` or `host`"
        ) from error


def _quieten_uvicorn() -> None:
    from uvicorn.config import LOGGING_CONFIG

    for logger in LOGGING_CONFIG["loggers"].values():
        logger["level"] = "WARNING"
