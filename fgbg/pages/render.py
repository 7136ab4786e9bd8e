"""Filling the templates of pages."""

import base64
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from generator.errors import printable


def render(template: str, **values: object) -> bytes:
    """A page as a file.

    Args:
        template: its name in the folder `templates`.
        values: that it shows. Text is escaped: what names hold is shown and never run.
    """
    return _environment().get_template(template).render(**values).encode()


def embedded(content: bytes, kind: str = "image/png") -> str:
    """A picture as an address that holds the picture itself."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("fgbg.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_one_line,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _one_line(value: Any) -> Any:
    """Text without line breaks and control codes, which the names of files may hold."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
