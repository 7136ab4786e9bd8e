"""The reliability curve: what a network says of pixels, what is true of them, and how many there are."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from generator.look.chart import PANEL, chart_style, line_style, new_figure, to_svg

Curves = Mapping[str, Sequence[Mapping[str, Any]]]
"""By name, bins as metrics.json holds them."""

_DIAGONAL = "#888888"


def draw_reliability(curves: Curves, has_classes: bool, dark: bool) -> bytes:
    """An SVG of the mean truth over the mean prediction of each bin, and the diagonal where both are equal.

    Args:
        curves: bins without pixels are left out.
        has_classes: whether a prediction is the share of the predicted class, not an alpha.
        dark: for which page.
    """

    def draw(axes: Any) -> None:
        axes.plot([0, 1], [0, 1], color=_DIAGONAL, linestyle="--", linewidth=1)
        for number, (name, bins) in enumerate(curves.items()):
            filled = [part for part in bins if part["predicted"] is not None]
            said, true = ([part[key] for part in filled] for key in ("predicted", "true"))
            axes.plot(said, true, label=name, **line_style(number))
        axes.set(
            title="reliability",
            xlabel="share of the predicted class" if has_classes else "predicted alpha",
            ylabel="part that is right" if has_classes else "true alpha",
            xlim=(-0.02, 1.02),
            ylim=(-0.02, 1.02),
        )
        axes.legend(loc="upper left")

    return _drawn(draw, dark)


def draw_shares(curves: Curves, has_classes: bool, dark: bool) -> bytes:
    """An SVG of the share of pixels in each bin, on a logarithmic scale.

    Args:
        curves, has_classes, dark: as for `draw_reliability`.
    """

    def draw(axes: Any) -> None:
        for number, (name, bins) in enumerate(curves.items()):
            filled = [part for part in bins if part["share"]]
            middles = [(part["from"] + part["to"]) / 2 for part in filled]
            axes.plot(middles, [part["share"] for part in filled], label=name, **line_style(number))
        axes.set(
            title="pixels in each bin",
            xlabel="share of the predicted class" if has_classes else "predicted alpha",
            ylabel="share of all pixels",
            xlim=(-0.02, 1.02),
            yscale="log",
        )

    return _drawn(draw, dark)


def _drawn(draw: Callable[[Any], None], dark: bool) -> bytes:
    with chart_style(dark):
        figure = new_figure(*PANEL)
        draw(figure.subplots())
        return to_svg(figure)
