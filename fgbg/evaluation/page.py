"""An evaluation as one page: its tables, and the worst, median and best samples."""

from collections.abc import Mapping
from typing import Any

from fgbg.evaluation.table import heading, tables
from fgbg.html import embedded, page, shown, table


def make_report(document: dict[str, Any], pictures: Mapping[str, bytes]) -> bytes:
    """The page.

    Args:
        document: what metrics.json holds.
        pictures: the sheets as PNG, by condition.
    """
    parts = ["<h1>Evaluation</h1>", *(f"<p>{shown(line)}</p>" for line in heading(document))]
    for part in tables(document):
        name, *columns = part.head
        parts += [f"<h2>{shown(name)}</h2>", table(["", *columns], part.rows)]
    for condition, png in pictures.items():
        title = f"Worst, median and best samples, background {condition}"
        # As large as it is where there is room: shrunk, the pictures would show little.
        parts += [
            f"<h2>{title}</h2>",
            f"<div class='scroll'><img src='{embedded(png)}' alt='{title}' style='width: auto'></div>",
        ]
    return page(f"Evaluation of {document['checkpoint']}", parts)
