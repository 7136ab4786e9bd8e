"""The page of `fgbg app`: predict, walk through a dataset, see the curves of a run.

The files ending in `_tab.py` draw with Streamlit; all other work is done by functions that know nothing of
it. Streamlit is imported only by the server and its page.
"""
