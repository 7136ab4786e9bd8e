"""The tab "Run": the curves of a run."""

import streamlit as st

from fgbg.app.offers import find_runs
from fgbg.app.parts import choose, errors_shown, show_figures, table
from fgbg.app.run_view import charts, curves_of, run_figures, run_options
from fgbg.app.settings import Settings
from fgbg.app.uploads import plain

_CHART_WIDTH, _FIGURE_WIDTH = 320, 200


def show_run_tab(settings: Settings) -> None:
    """Draw the tab."""
    runs = find_runs(settings.checkpoints)
    if not runs:
        where = ", ".join(plain(place) for place in settings.checkpoints)
        st.info(f"There is no run with a log in {where}. Train one, or give its folder with --checkpoint.")
        return
    with errors_shown():
        chooser, figures = st.columns([1, 3], gap="medium")
        with chooser:
            folder = choose("Run", runs, "run")
        assert folder is not None
        with figures:
            show_figures(run_figures(curves_of(folder)), _FIGURE_WIDTH)
        st.caption("Dashed lines are training, solid lines are validation.")
        grid = st.grid(min_column_width=_CHART_WIDTH, gap="small")
        for chart in charts(folder, dark=st.context.theme.type == "dark"):
            grid.image(chart.svg, width="stretch", alt=f"curves of {chart.title}")
    if options := run_options(folder):
        with st.expander("Options of the run"):
            table([{"option": name, "value": value} for name, value in options.items()])
