"""A limit on what all users together upload, so that the memory of the server is bounded."""

from typing import TYPE_CHECKING

from fgbg.app.uploads import MOST_MEGABYTES

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

MOST_HELD = 2**28
"""Bytes of uploads that the server holds for all open pages."""
_PATH = "/_stcore/upload_file/"


class UploadGate:
    """Lets an upload pass only if there is room for it beside those that are held and those on their way."""

    def __init__(self, app: "ASGIApp") -> None:
        self._app = app
        self._coming = 0

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http" or scope["method"] != "PUT" or not scope["path"].startswith(_PATH):
            await self._app(scope, receive, send)
            return
        size = min(_content_length(scope), MOST_MEGABYTES * 2**20)
        if _held() + self._coming + size > MOST_HELD:
            from starlette.responses import PlainTextResponse

            refusal = PlainTextResponse("The server holds too many uploads. Close other pages.", 503)
            await refusal(scope, receive, send)
            return
        self._coming += size
        try:
            await self._app(scope, receive, send)
        finally:
            self._coming -= size


def _content_length(scope: "Scope") -> int:
    """The announced size of a request; the largest allowed one if it is not announced."""
    given = dict(scope["headers"]).get(b"content-length", b"")
    return int(given) if given.isdigit() and len(given) < 16 else MOST_MEGABYTES * 2**20


def _held() -> int:
    """Bytes of uploads in memory."""
    from streamlit import runtime
    from streamlit.runtime.stats import CacheStat

    found = runtime.get_instance().uploaded_file_mgr.get_stats()
    stats = [stat for family in found.values() for stat in family]
    return sum(stat.byte_length for stat in stats if isinstance(stat, CacheStat))
