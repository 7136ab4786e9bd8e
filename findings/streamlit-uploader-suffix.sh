#!/usr/bin/env bash
# Streamlit 1.67.0: st.file_uploader(type=...) raises for a name with another suffix, outside the reach of the app. The error
# comes before the script of the page starts, while Streamlit reads the state of its widgets, so neither try/except around
# the uploader nor anything else in the script can answer it. The user sees a red box with a traceback.
#
# Expected: the uploader answers None, or the call of st.file_uploader raises, so that the page can say what to do.
# Affected: pages that pass `type` and trust it to be polite. Browsers check the suffix before they upload, other clients do not.
#
# Seen:
#   photo.png: the page said 'got photo.png'
#   photo.txt: the page said nothing; Streamlit said: Invalid file extension: `.txt`. Allowed: ['.png']
#
# The exit code is 0 as long as this is so, and 1 if it has changed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet streamlit==1.67.0
"$work/venv/bin/python" - <<'PYTHON' 2>/dev/null
import io
from contextlib import redirect_stdout

from streamlit.testing.v1 import AppTest


PAGE = """
import streamlit as st

try:
    uploaded = st.file_uploader("Picture", type=["png"])
    st.text(f"got {uploaded.name}" if uploaded else "waiting")
except Exception:
    st.text("refused politely")
"""
said = {}
for name in ("photo.png", "photo.txt"):
    test = AppTest.from_string(PAGE).run()
    test.file_uploader[0].set_value((name, b"x", "image/png"))
    with redirect_stdout(io.StringIO()):  # the traceback
        test.run()
    said[name] = [text.value for text in test.text], [error.message for error in test.exception]
print(f"photo.png: the page said {said['photo.png'][0][0]!r}")
print(f"photo.txt: the page said {' '.join(said['photo.txt'][0]) or 'nothing'}; Streamlit said: {said['photo.txt'][1]}")
raise SystemExit(not (said["photo.png"] == (["got photo.png"], []) and not said["photo.txt"][0] and said["photo.txt"][1]))
PYTHON
