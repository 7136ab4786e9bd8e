"""Pages that need no other file: style and pictures within, no scripts."""

import base64
from collections.abc import Iterable, Sequence
from html import escape

from generator.errors import printable

_STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --soft: #666; --line: #ddd; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8e8; --paper: #000; --soft: #aaa; --line: #333; }
}
body { margin: 0 auto; padding: 1rem; max-width: 90rem; color: var(--ink); background: var(--paper);
  font: 16px/1.45 system-ui, sans-serif; }
h1, h2, h3, h4 { line-height: 1.2; overflow-wrap: anywhere; }
h4 { margin: .6rem 0 .2rem; }
p, figcaption { color: var(--soft); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .8rem; border-bottom: 1px solid var(--line); text-align: right; }
th:first-child { text-align: left; font-weight: normal; color: var(--soft); }
.curves { display: grid; gap: .5rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); }
.groups { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; }
.cells { display: flex; flex-wrap: wrap; gap: .4rem; }
figure { margin: 0; width: min(12rem, calc((100vw - 3rem) / 3)); }
figcaption { font-size: .8rem; }
img { display: block; width: 100%; height: auto; }
"""


def page(title: str, parts: Iterable[str], mark: str = "") -> bytes:
    """The whole file.

    Args:
        title: of the window.
        parts: HTML of the body.
        mark: a line for the head by which the page is known again.
    """
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        *filter(None, [mark]),
        f"<title>{shown(title)}</title>",
        f"<style>{_STYLE}</style></head><body>",
        *parts,
        "</body></html>",
    ]
    return "\n".join(lines).encode()


def shown(text: str) -> str:
    """Text as HTML, with escape codes and line breaks in names escaped."""
    return escape(printable(text))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Cells of text; the first of each row is its name."""
    titles = "".join(f"<th scope='col'>{shown(text)}</th>" for text in head)
    lines = [
        f"<tr><th scope='row'>{shown(name)}</th>{''.join(f'<td>{shown(text)}</td>' for text in texts)}</tr>"
        for name, *texts in rows
    ]
    return f"<div class='scroll'><table><tr>{titles}</tr>{''.join(lines)}</table></div>"


def embedded(content: bytes, kind: str = "image/png") -> str:
    """The address of a picture that stands in the page itself."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
