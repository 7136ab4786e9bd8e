"""The page as a whole: its head, its tabs, and its look."""

import streamlit as st

from fgbg.app.dataset_tab import show_dataset_tab
from fgbg.app.predict_tab import show_predict_tab
from fgbg.app.run_tab import show_run_tab
from fgbg.app.settings import started_with

_STYLE = """
<style>
.block-container { padding: 1.2rem 1rem 3rem; max-width: 84rem; }
h1 { font-size: 1.7rem !important; padding: 0 0 .2rem !important; }
[data-testid="stImage"] img { border-radius: 0; border: 1px solid var(--st-border-color); }
[data-testid="stImageCaption"] { text-align: left; font-size: .85rem; }
[data-testid="stMetricValue"] { font-variant-numeric: tabular-nums; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; padding: 0 !important; list-style: none; }
.legend li { display: flex; align-items: center; gap: .45rem; margin: 0 !important; font-size: .85rem; }
.legend span { flex: none; width: .9rem; height: .9rem; border: 1px solid var(--st-border-color); }
</style>
"""


def show_page() -> None:
    """Draw the page for one user."""
    st.set_page_config("fgbg", layout="wide")
    st.html(_STYLE)
    st.title("fgbg", anchor=False)
    settings = started_with()
    tabs = st.tabs(["Predict", "Dataset", "Run"], on_change="rerun", key="tab")
    for tab, show in zip(tabs, (show_predict_tab, show_dataset_tab, show_run_tab), strict=True):
        if tab.open:
            with tab:
                show(settings)
