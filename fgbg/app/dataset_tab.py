"""The tab "Dataset": walk through the samples of a dataset."""

import random

import streamlit as st

from fgbg.app.offers import find_datasets
from fgbg.app.parts import choose, errors_shown, show_legend, show_pictures, table
from fgbg.app.samples import filled_splits, placements_record, sample_record, shown_sample
from fgbg.app.settings import Settings
from fgbg.app.uploads import plain
from fgbg.pages.parts import mask_colours

_ROW = "row"


def show_dataset_tab(settings: Settings) -> None:
    """Draw the tab."""
    datasets = find_datasets(settings.data)
    if not datasets:
        where = ", ".join(plain(place) for place in settings.data)
        st.info(
            f"There is no dataset in {where}. Make one with 'fgbg generate' or 'fgbg import', or start with"
            " --data."
        )
        return
    controls, results = st.columns([1, 3], gap="medium")
    with controls, errors_shown():
        folder = choose("Dataset", datasets, "dataset")
        assert folder is not None
        dataset = settings.desk.dataset(folder)
        subset = st.selectbox("Split", filled_splits(dataset), key="split")
        last = len(dataset[subset]) - 1
        st.session_state[_ROW] = min(st.session_state.get(_ROW, 0), last)
        row = int(st.number_input(f"Sample, 0 to {last:,}", 0, last, key=_ROW) or 0)
        buttons = st.container(horizontal=True)
        buttons.button("Previous", on_click=_go, args=(row - 1, last), disabled=row == 0)
        buttons.button("Next", on_click=_go, args=(row + 1, last), disabled=row == last)
        buttons.button("Random", on_click=_go_anywhere, args=(last,))
        width, height = dataset.manifest.size
        counts = ", ".join(f"{name} {len(split):,}" for name, split in dataset.splits.items())
        st.caption(plain(f"{width} x {height} px; {counts} samples"))
    with results, errors_shown():
        pictures = shown_sample(dataset, subset, row)
        show_pictures(pictures, columns=len(pictures))
        show_legend(mask_colours([dataset.manifest.mask]))
        if dataset[subset].has_depth:
            st.caption("Depth: dark is far, bright is near, black is unknown.")
        table([sample_record(dataset, subset, row)])
        if placements := placements_record(dataset, subset, row):
            table(placements)


def _go(row: int, last: int) -> None:
    st.session_state[_ROW] = min(max(row, 0), last)


def _go_anywhere(last: int) -> None:
    st.session_state[_ROW] = random.randint(0, last)
