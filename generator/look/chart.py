"""The look of all charts: fonts, colours, sizes and grid, drawn by matplotlib.

matplotlib is imported when the first chart is drawn. `pyplot`, which keeps global state, is not used.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F", "#B8A800")
"""Of lines and bars, in this order, told apart by colour-blind readers too.

Source: Okabe & Ito 2008, "Color universal design"; grey in place of black, and a darker yellow.
"""
MARKERS = "os^Dvp*X"
"""Of lines, in this order: a second way to tell them apart."""
COLOUR_MAP = "viridis"
"""Of heat maps: perceptually uniform, bright is more."""
PANEL = (4.6, 3.3)
"""Width and height of one chart, in inches."""
DPI = 120

_STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.alpha": 0.25,
    "lines.linewidth": 1.5,
    "lines.markersize": 3.5,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.h_pad": 0.1,
    "figure.constrained_layout.w_pad": 0.1,
    "savefig.dpi": DPI,
    # Names of SVG elements are random otherwise, and the same chart has other bytes each time.
    "svg.hashsalt": "fgbg",
    "svg.fonttype": "path",
}
_LIGHT = {"text.color": "#1a1a1a", "axes.labelcolor": "#1a1a1a", "axes.edgecolor": "#666666"}
_DARK = {
    **{"text.color": "#e8e8e8", "axes.labelcolor": "#e8e8e8", "axes.edgecolor": "#999999"},
    **{"xtick.color": "#e8e8e8", "ytick.color": "#e8e8e8", "grid.color": "#ffffff"},
    **{"figure.facecolor": "#121212", "axes.facecolor": "#121212", "savefig.facecolor": "#121212"},
}


@contextmanager
def chart_style(dark: bool = False) -> Iterator[None]:
    """The look of charts that are made and saved inside, for a light or a dark page."""
    from matplotlib import style

    with style.context(["default", _STYLE, _DARK if dark else _LIGHT]):
        yield


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure, in inches; call it inside `chart_style`."""
    from matplotlib.figure import Figure

    return Figure((width, height))


def line_style(number: int) -> dict[str, Any]:
    """Colour and marker of a line, by its number from 0."""
    return {"color": COLOURS[number % len(COLOURS)], "marker": MARKERS[number % len(MARKERS)]}


def to_png(figure: "Figure") -> bytes:
    """The PNG of a figure, always with the same bytes; call it inside `chart_style`."""
    return _saved(figure, "png", {"Software": None})


def to_svg(figure: "Figure") -> bytes:
    """The SVG of a figure, always with the same bytes; call it inside `chart_style`."""
    return _saved(figure, "svg", {"Date": None, "Creator": None})


def plain_text(label: str) -> str:
    """A label shown as it is: without formulas, and with a leading underscore not hidden."""
    return (" " if label.startswith("_") else "") + label.replace("$", r"\$")


def _saved(figure: "Figure", kind: str, metadata: dict[str, None]) -> bytes:
    content = io.BytesIO()
    with warnings.catch_warnings():
        # A letter that the font does not have is drawn as a box.
        warnings.filterwarnings("ignore", "Glyph ")
        figure.savefig(content, format=kind, metadata=metadata)
    return content.getvalue()
