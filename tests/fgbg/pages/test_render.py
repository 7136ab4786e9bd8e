import configparser
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from fgbg.pages.parts import LARGEST_SIDE, TableRow, mask_colours, page_image
from fgbg.pages.render import render
from generator.format.manifest import AlphaMask, ClassMask

ROOT = Path(__file__).parents[3]
VALUES = {
    "title": "t",
    "maker": "fgbg compare",
    "verdict": ["<script>alert(1)</script>"],
    "labels": ["a\x1b[31m\n<b>", "b"],
    "figures": [TableRow("IoU", ["0.5", "0.6"], frozenset({1}))],
    "differences": [],
    "without_curves": [],
    "charts": [],
    "keys": [],
    "pictures": [],
    "background_note": "",
}


def test_names_are_shown_and_never_run() -> None:
    page = render("comparison.html", **VALUES).decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page and "<script" not in page
    assert r"a\x1b[31m\n&lt;b&gt;" in page and "\x1b" not in page


def test_the_best_cell_is_marked() -> None:
    page = render("comparison.html", **VALUES).decode()
    assert '<td>0.5</td><td class="best">0.6</td>' in page


def test_a_page_needs_no_other_file() -> None:
    page = render("comparison.html", **VALUES).decode()
    assert "<style>" in page and "--ink" in page
    assert not [word for word in ("http:", "https:", "url(", "@import", "<link", "<script") if word in page]


def test_a_value_that_is_missing_is_not_passed_over() -> None:
    with pytest.raises(UndefinedError, match="labels"):
        render("comparison.html", **{name: value for name, value in VALUES.items() if name != "labels"})


def test_a_legend_names_the_object_or_the_classes_and_void_pixels() -> None:
    classes = ClassMask(names=["sky", "<car>"], colours=[[1, 2, 3], [4, 5, 6]])
    void = "void: counts nowhere"
    assert [key.text for key in mask_colours([classes, classes])] == ["sky", "<car>", void]
    assert mask_colours([classes])[0].colour == "rgb(1, 2, 3)"
    assert [key.text for key in mask_colours([AlphaMask()])] == ["mask: white is the object"]
    assert [key.text for key in mask_colours([AlphaMask(void=127)])] == ["mask: white is the object", void]


def test_large_pictures_are_embedded_smaller_and_small_ones_keep_their_pixels() -> None:
    import base64

    import cv2
    import numpy as np

    def decoded(address: str) -> np.ndarray:
        content = base64.b64decode(address.partition(",")[2])
        return np.asarray(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR))

    large, small = (page_image(np.zeros((side, side // 2, 3), np.uint8), "x") for side in (1000, 32))
    assert decoded(large.address).shape == (LARGEST_SIDE, LARGEST_SIDE // 2, 3) and not large.small
    assert decoded(small.address).shape == (32, 16, 3) and small.small


def test_templates_are_in_the_package() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    assert config["options.package_data"]["fgbg.pages"].split() == ["templates/*"]
    folder = ROOT / "fgbg" / "pages" / "templates"
    assert {path.suffix for path in folder.iterdir()} == {".html", ".css"}
