"""The comparison as one HTML file that needs nothing else: pictures within, no scripts."""

import base64
from collections.abc import Sequence
from html import escape

from fgbg.comparison.answers import Answers, Cell
from fgbg.comparison.curves import draw_panel, panel_names, panel_title
from fgbg.comparison.figures import Table
from fgbg.comparison.runs import ComparedRun
from generator.encode import encode_png

MARK = '<meta name="generator" content="fgbg compare">'
"""By this line a page of an earlier comparison is known."""

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


def make_page(
    runs: Sequence[ComparedRun], figures: Table, differences: Table, answers: Sequence[Answers]
) -> bytes:
    """The page: figures, what differs between the runs, their curves, their answers."""
    labels = [run.label for run in runs]
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        MARK,
        f"<title>{escape(', '.join(labels))}</title>",
        f"<style>{_STYLE}</style></head><body>",
        "<h1>Runs compared</h1>",
        _table(labels, figures),
        "<h2>What differs</h2>",
        _table(labels, differences) if differences else "<p>Nothing that was asked for.</p>",
        "<h2>Curves</h2>",
        *_curves(runs),
        "<h2>Predictions</h2>",
        *(_answers(answers) if answers else ["<p>No pictures were given.</p>"]),
        "</body></html>",
    ]
    return "\n".join(parts).encode()


def _table(labels: Sequence[str], table: Table) -> str:
    head = "".join(f"<th scope='col'>{escape(text)}</th>" for text in ("", *labels))
    rows = [
        f"<tr><th scope='row'>{escape(name)}</th>{''.join(f'<td>{escape(text)}</td>' for text in texts)}</tr>"
        for name, texts in table.items()
    ]
    return f"<div class='scroll'><table><tr>{head}</tr>{''.join(rows)}</table></div>"


def _curves(runs: Sequence[ComparedRun]) -> list[str]:
    lines = [f"<p>{escape(run.label)}: no CSV, so no curves.</p>" for run in runs if not run.curves]
    if not (names := panel_names(runs)):
        return lines
    panels = []
    for name in names:
        light, dark = (_embedded(draw_panel(name, runs, dark)) for dark in (False, True))
        panels.append(
            f"<picture><source media='(prefers-color-scheme: dark)' srcset='{dark}'>"
            f"<img src='{light}' alt='curves of {escape(panel_title(name))}'></picture>"
        )
    return [
        *lines,
        "<p>Dashed: training, solid: validation.</p>",
        f"<div class='curves'>{''.join(panels)}</div>",
    ]


def _answers(answers: Sequence[Answers]) -> list[str]:
    lines = []
    for row in answers:
        lines.append(f"<h3>{escape(row.name)}</h3><div class='groups'>")
        for head, cells in row.groups.items():
            figures = "".join(_figure(cell) for cell in cells)
            lines.append(f"<div><h4>{escape(head or 'picture')}</h4><div class='cells'>{figures}</div></div>")
        lines.append("</div>")
    return lines


def _figure(cell: Cell) -> str:
    caption = escape(", ".join(filter(None, (cell.title, cell.note))))
    return (
        f"<figure><img src='{_embedded(encode_png(cell.pixels))}' alt='{caption}'>"
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _embedded(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
