"""The confusion matrix as a heat map: each row is a true class, normalised to the pixels of the class."""

import numpy as np

from generator.look.chart import COLOUR_MAP, chart_style, new_figure, plain_text, to_svg

_NUMBERED = 14
"""With more classes, cells have no numbers."""
_NAMED = 60
"""With more classes, axes have numbers of classes in place of names."""
_LONGEST = 24


def draw_confusion(confusion: np.ndarray, names: list[str], dark: bool) -> bytes:
    """An SVG for a light or a dark page.

    Args:
        confusion: (C, C) pixels by true class (row) and predicted class. Rows without pixels are left empty.
        names: of the C classes.
        dark: for which page.
    """
    totals = confusion.sum(axis=1, keepdims=True)
    shares = np.where(totals > 0, confusion / np.maximum(totals, 1), np.nan)
    count = len(names)
    side = min(11.0, 2.5 + 0.45 * count)
    labels = [plain_text(name if len(name) <= _LONGEST else f"{name[: _LONGEST - 3]}...") for name in names]
    with chart_style(dark):
        figure = new_figure(side + 0.8, side)
        axes = figure.subplots()
        image = axes.imshow(shares, cmap=COLOUR_MAP, vmin=0, vmax=1)
        figure.colorbar(image, ax=axes, label="share of the true class", shrink=0.8)
        if count <= _NAMED:
            axes.set_xticks(range(count), labels, rotation=90)
            axes.set_yticks(range(count), labels)
        axes.set(xlabel="predicted", ylabel="truth")
        axes.grid(visible=False)
        if count <= _NUMBERED:
            for (row, column), share in np.ndenumerate(shares):
                if not np.isnan(share):
                    colour = "black" if share > 0.6 else "white"
                    axes.text(column, row, f"{share:.0%}", ha="center", va="center", color=colour, fontsize=7)
        return to_svg(figure)
