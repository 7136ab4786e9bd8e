"""Parts that the tabs share."""

import html
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import streamlit as st

from fgbg.app.uploads import plain
from fgbg.app.view import Shown
from fgbg.pages.parts import ColourKey
from generator.errors import FgbgError

FIGURE_WIDTH = 110
"""Pixels that a figure with a short name takes."""

_PICTURE_WIDTH = 150


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show an error as a line of the page, and end the run of the page there."""
    try:
        yield
    except FgbgError as error:
        st.error(plain(error))
    except MemoryError:
        st.error("There is too little memory for this picture. Scale it down.")
    else:
        return
    st.stop()


def show_pictures(pictures: Sequence[Shown], columns: int) -> None:
    """Draw pictures in columns, fewer than wanted on a narrow screen."""
    grid = st.grid(columns, min_column_width=_PICTURE_WIDTH, gap="small")
    for shown in pictures:
        grid.image(shown.encoded(), caption=plain(shown.title), width="stretch", alt=shown.title)


def show_figures(figures: Mapping[str, str], width: int = FIGURE_WIDTH) -> None:
    """Draw figures beside each other, as many as fit if each takes `width` pixels."""
    grid = st.grid(min_column_width=width, gap="small")
    for name, text in figures.items():
        grid.metric(plain(name), text)


def show_legend(keys: Sequence[ColourKey]) -> None:
    """Draw patches of colours with their meanings, in as many lines as the screen needs."""
    entries = "".join(
        f'<li><span style="background: {key.colour}"></span>{html.escape(key.text)}</li>' for key in keys
    )
    st.html(f'<ul class="legend">{entries}</ul>')


def choose(label: str, offers: Mapping[str, Path], key: str) -> Path | None:
    """Let the user choose one of some paths; None if there are none. One alone is only named."""
    if not offers:
        return None
    name = st.selectbox(label, list(offers), key=key, format_func=str)
    return offers.get(name)


def table(rows: Sequence[Mapping[str, str]]) -> None:
    """Draw a table of texts; the columns are those of the first row."""
    columns = list(rows[0])
    lines = [columns, ["---"] * len(columns)]
    cells = [[plain(row[column]) for column in columns] for row in rows]
    st.markdown("\n".join("| " + " | ".join(line) + " |" for line in [*lines, *cells]))
