"""The comparison as a page."""

from collections.abc import Sequence

from fgbg.comparison.answers import Answers, Cell
from fgbg.comparison.curves import draw_panel, panel_names, panel_title
from fgbg.comparison.figures import Table
from fgbg.comparison.runs import ComparedRun
from fgbg.html import embedded, page, shown, table
from generator.encode import encode_png

MARK = '<meta name="generator" content="fgbg compare">'
"""By this line a page of an earlier comparison is known."""


def make_page(
    runs: Sequence[ComparedRun], figures: Table, differences: Table, answers: Sequence[Answers]
) -> bytes:
    """The page: figures, what differs between the runs, their curves, their answers."""
    labels = [run.label for run in runs]
    parts = [
        "<h1>Runs compared</h1>",
        _table(labels, figures),
        "<h2>What differs</h2>",
        _table(labels, differences) if differences else "<p>Nothing that was asked for.</p>",
        "<h2>Curves</h2>",
        *_curves(runs),
        "<h2>Predictions</h2>",
        *(_answers(answers) if answers else ["<p>No pictures were given.</p>"]),
    ]
    return page(", ".join(labels), parts, MARK)


def _table(labels: Sequence[str], figures: Table) -> str:
    return table(["", *labels], [[name, *texts] for name, texts in figures.items()])


def _curves(runs: Sequence[ComparedRun]) -> list[str]:
    lines = [f"<p>{shown(run.label)}: no CSV, so no curves.</p>" for run in runs if not run.curves]
    if not (names := panel_names(runs)):
        return lines
    panels = []
    for name in names:
        light, dark = (embedded(draw_panel(name, runs, dark), "image/svg+xml") for dark in (False, True))
        panels.append(
            f"<picture><source media='(prefers-color-scheme: dark)' srcset='{dark}'>"
            f"<img src='{light}' alt='curves of {shown(panel_title(name))}'></picture>"
        )
    return [
        *lines,
        "<p>Dashed: training, solid: validation.</p>",
        f"<div class='curves'>{''.join(panels)}</div>",
    ]


def _answers(answers: Sequence[Answers]) -> list[str]:
    lines = []
    for row in answers:
        lines.append(f"<h3>{shown(row.name)}</h3><div class='groups'>")
        for head, cells in row.groups.items():
            figures = "".join(_figure(cell) for cell in cells)
            lines.append(f"<div><h4>{shown(head or 'picture')}</h4><div class='cells'>{figures}</div></div>")
        lines.append("</div>")
    return lines


def _figure(cell: Cell) -> str:
    caption = shown(", ".join(filter(None, (cell.title, cell.note))))
    return (
        f"<figure><img src='{embedded(encode_png(cell.pixels))}' alt='{caption}'>"
        f"<figcaption>{caption}</figcaption></figure>"
    )
