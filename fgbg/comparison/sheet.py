"""The predictions of all runs as one picture."""

from collections.abc import Sequence

import numpy as np

from fgbg.comparison.predictions import PredictedPicture
from generator.look.contact_sheet import DEPTH_KEY, Column, Key, Row, draw_contact_sheet


def draw_predictions(predictions: Sequence[PredictedPicture], legend: Sequence[Key] = ()) -> np.ndarray:
    """A row for each picture, and for each run a group of columns: (H, W, 3) uint8.

    A picture without a true mask or depth leaves its place empty. `legend` explains the colours of masks.
    """
    columns = [
        Column(title, head)
        for head in predictions[0].groups
        for title in dict.fromkeys(cell.title for row in predictions for cell in row.groups[head])
    ]
    rows = []
    for row in predictions:
        found = {(cell.title, head): cell for head, cells in row.groups.items() for cell in cells}
        cells = [found.get((column.title, column.group)) for column in columns]
        pictures = [None if cell is None else cell.pixels for cell in cells]
        rows.append(Row(pictures, row.name, ["" if cell is None else cell.note for cell in cells]))
    has_depth = any(column.title == "depth" for column in columns)
    return draw_contact_sheet(columns, rows, [*legend, *([DEPTH_KEY] if has_depth else [])])
