"""The script that Streamlit runs for each user, again after every click."""

from fgbg.app.layout import show_page

show_page()
