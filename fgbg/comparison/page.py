"""The comparison as a page."""

from collections.abc import Mapping, Sequence
from typing import Any

from fgbg.comparison.curves import draw_panel, panel_names, panel_title
from fgbg.comparison.figures import verdict
from fgbg.comparison.predictions import Cell, PredictedPicture
from fgbg.comparison.runs import ComparedRun
from fgbg.pages.parts import TableRow, mask_colours, page_image
from fgbg.pages.render import embedded, render
from generator.look.chart import line_style

_SYMBOLS = {"o": "●", "s": "■", "^": "▲", "D": "◆", "v": "▼", "p": "⬟", "*": "★", "X": "✖"}
"""Markers of charts as letters."""


def make_page(
    runs: Sequence[ComparedRun],
    figures: Sequence[TableRow],
    differences: Mapping[str, Sequence[str]],
    predictions: Sequence[PredictedPicture],
    with_bg: bool,
) -> bytes:
    """The page: verdict, figures, options that differ, curves, predictions."""
    return render(
        "comparison.html",
        title="Runs compared",
        maker="fgbg compare",
        verdict=verdict(runs),
        labels=[run.label for run in runs],
        figures=figures,
        differences=[TableRow(name, texts) for name, texts in differences.items()],
        without_curves=[run.label for run in runs if not run.curves],
        charts=[_chart(name, runs) for name in panel_names(runs)],
        keys=[_key(run, number) for number, run in enumerate(runs)],
        pictures=[_picture(row) for row in predictions],
        classes=mask_colours([run.engine.entry for run in runs]),
        background_note=_BACKGROUND_NOTES[with_bg],
    )


_BACKGROUND_NOTES = {
    True: "Each network got the background of a sample if it takes one.",
    False: "No network got a background.",
}


def _chart(name: str, runs: Sequence[ComparedRun]) -> dict[str, str]:
    light, dark = (embedded(draw_panel(name, runs, dark), "image/svg+xml") for dark in (False, True))
    return {"title": panel_title(name), "light": light, "dark": dark}


def _key(run: ComparedRun, number: int) -> dict[str, str]:
    style = line_style(number)
    return {"label": run.label, "colour": style["color"], "marker": _SYMBOLS[style["marker"]]}


def _picture(predicted: PredictedPicture) -> dict[str, Any]:
    """Rows of one picture: masks, then depth; columns: the picture, the truth, then each run."""
    truth = {cell.title: cell for cell in predicted.groups[""]}
    runs = {label: {cell.title: cell for cell in cells} for label, cells in predicted.groups.items() if label}
    kinds = ["mask", "depth"] if any("depth" in cells for cells in (truth, *runs.values())) else ["mask"]
    has_truth = "mask" in truth
    rows = []
    for kind in kinds:
        first = _cell(truth["fg_bg"], "fg_bg") if kind == "mask" else _empty("")
        known = [_cell(truth.get(kind), f"true {kind}", "not known")] if has_truth else []
        scores = [
            cell.score for cells in runs.values() if (cell := cells.get(kind)) and cell.score is not None
        ]
        best = max(scores) if len(scores) > 1 else None
        rows += [first, *known]
        for label, cells in runs.items():
            cell = cells.get(kind)
            text = f"{kind}, {cell.note}" if cell is not None and cell.note else kind
            shown = _cell(cell, text, f"no {kind}", alt=f"{kind} of {label}")
            rows.append(shown | {"best": cell is not None and best is not None and cell.score == best})
    heads = ["picture", *(["truth"] if has_truth else []), *runs]
    return {"name": predicted.name, "heads": heads, "cells": rows}


def _cell(cell: Cell | None, note: str, missing: str = "", alt: str = "") -> dict[str, Any]:
    if cell is None:
        return _empty(missing)
    return {"image": page_image(cell.pixels, alt or note), "note": note, "best": False}


def _empty(note: str) -> dict[str, Any]:
    return {"image": None, "note": note, "best": False}
