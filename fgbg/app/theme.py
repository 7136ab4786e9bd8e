"""The look of the page: the colours and the font of the project's reports."""

import re
from importlib.resources import files

_VARIABLE = re.compile(r"--([a-z]+): (#[0-9a-f]{6});")
_FONT = re.compile(r"font: \S+ (.+);")
_FIGURE_SIZE = "1.4rem"
_OPTIONS = {
    "primaryColor": "good",
    "backgroundColor": "paper",
    "secondaryBackgroundColor": "panel",
    "textColor": "ink",
    "borderColor": "line",
    "linkColor": "good",
}
"""Options of Streamlit by the variables of the stylesheet."""


def theme_options() -> dict[str, str]:
    """Options of Streamlit for a light and a dark page, from the stylesheet of the reports."""
    style = files("fgbg.pages").joinpath("templates/style.css").read_text(encoding="utf-8")
    light, dark = style.split("@media (prefers-color-scheme: dark)")
    font = _FONT.search(style)
    assert font is not None
    options = {"theme.font": font[1], "theme.metricValueFontSize": _FIGURE_SIZE}
    for name, part in (("light", light), ("dark", dark)):
        colours = dict(_VARIABLE.findall(part))
        options |= {f"theme.{name}.{option}": colours[variable] for option, variable in _OPTIONS.items()}
    return options
