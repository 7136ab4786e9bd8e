"""The page, used without a browser."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from fgbg.app.desk import Desk
from fgbg.app.uploads import MOST_MEGABYTES
from tests.fgbg.app.conftest import OpenPage, png
from tests.fgbg.predictor.test_onnx_engine import METADATA, save_drawn

PREDICTED = ["picture", "mask", "depth", "cut\\-out", "overlay"]


def captions(page: AppTest) -> list[str]:
    assert not page.exception
    return [caption for shown in page.image for caption in shown.captions]


def legend(page: AppTest) -> list[str]:
    """The texts of the legends of colours."""
    bodies = [str(shown.proto.body) for shown in page.get("html")]
    return [text for body in bodies for text in re.findall("</span>(.*?)</li>", body)]


def figures(page: AppTest) -> dict[str, str]:
    return {str(figure.label): str(figure.value) for figure in page.metric}


def upload(page: AppTest, content: bytes, name: str = "photo.png", key: str = "picture") -> AppTest:
    page.file_uploader(key=key).set_value((name, content, "image/png"))
    return page.run()


def tab(page: AppTest, name: str) -> AppTest:
    page.session_state["tab"] = name
    return page.run()


def click(page: AppTest, label: str) -> AppTest:
    next(button for button in page.button if button.label == label).click()
    return page.run()


def choose_sample(page: AppTest) -> AppTest:
    page.segmented_control[0].set_value("Sample")
    return page.run()


def test_an_upload_is_predicted_and_can_be_downloaded(open_page: OpenPage) -> None:
    page = open_page()
    assert page.info[0].value.startswith("Upload a picture, or choose a sample.")
    assert page.selectbox(key="network").options[0].endswith("outputs/last.pt")
    upload(page, png())
    assert captions(page) == PREDICTED and not page.info
    assert set(figures(page)) == {"Covered", "Size", "Seconds"} and figures(page)["Size"] == "48 x 32"
    labels = [button.label for button in page.get("download_button")]
    assert labels == ["Mask", "Depth, 16 bits", "Cut-out", "Overlay"]


def test_its_background_is_used_and_shown(open_page: OpenPage) -> None:
    page = upload(open_page(), png())
    upload(page, png(24, 16), key="bg")
    assert "background" in captions(page) and not page.error
    upload(page, png(16, 64), key="bg")
    assert "aspect" in page.error[0].value and not captions(page)


@pytest.mark.parametrize(
    ("content", "name", "complaint"),
    [
        (b"<svg onload=alert(1)>", "a.svg.png", "a\\.svg\\.png\\: expected a picture"),
        (b"<html>", "../../etc/passwd", "passwd\\: expected a picture"),
        (png()[:70], "[x](http://e.org).png", "e\\.org\\)\\.png\\: expected a whole picture"),
        (png() + bytes(MOST_MEGABYTES * 2**20), "a.png", "expected at most 10 MB"),
    ],
)
def test_what_cannot_be_predicted_is_refused_and_the_next_is_not(
    content: bytes, name: str, complaint: str, open_page: OpenPage
) -> None:
    page = upload(open_page(), content, name)
    assert complaint in page.error[0].value and not captions(page)
    assert captions(upload(page, png())) == PREDICTED and not page.error


def test_the_sliders_change_the_mask(open_page: OpenPage) -> None:
    page = upload(open_page(), png())
    soft = figures(page)["Covered"]
    page.select_slider[0].set_value("0.05")
    page.slider[0].set_value(1.0)
    page.run()
    assert captions(page) == PREDICTED and figures(page)["Covered"] != soft


def test_a_sample_is_compared_with_its_truth(open_page: OpenPage) -> None:
    page = choose_sample(open_page())
    assert captions(page) == [
        *("picture", "mask", "depth", "background", "true mask", "true depth"),
        *("cut\\-out", "overlay", "masks compared"),
    ]
    assert legend(page) == ["mask: white is the object", "masks compared: right", "missed", "false alarm"]
    assert {"IoU", "Depth RMSE"} <= set(figures(page))
    first = page.session_state["sample"]
    page.run()
    assert page.session_state["sample"] == first
    drawn = {click(page, "Draw another sample").session_state["sample"][2] for _ in range(3)}
    assert drawn != {first[2]}
    page.toggle[0].set_value(False)
    assert "masks compared" in captions(page.run())


def test_a_dataset_is_walked_through(open_page: OpenPage) -> None:
    page = tab(open_page(), "Dataset")
    assert captions(page) == ["bg", "fg\\_bg", "mask", "depth"]
    assert legend(page) == ["mask: white is the object"]
    assert page.session_state["row"] == 0 and page.button[0].disabled
    assert click(page, "Next").session_state["row"] == 1
    assert "| val 1 |" in page.markdown[0].value
    assert click(page, "Previous").session_state["row"] == 0
    click(page, "Random")
    page.number_input[0].set_value(page.number_input[0].max).run()
    assert next(button for button in page.button if button.label == "Next").disabled
    page.selectbox(key="split").set_value("train").run()
    assert "| train " in page.markdown[0].value and captions(page)


def test_a_run_shows_its_curves_and_options(open_page: OpenPage) -> None:
    page = tab(open_page(), "Run")
    assert len(page.image) > 4 and not page.exception
    assert figures(page)["Epochs"] == "1"
    assert any("| widths |" in table.value for table in page.markdown)


@pytest.mark.parametrize(
    ("name", "settings", "told"),
    [
        ("Predict", {"checkpoints": ()}, "There is no network in"),
        ("Dataset", {"data": ()}, "There is no dataset in"),
        ("Run", {"checkpoints": ()}, "There is no run with a log in"),
    ],
)
def test_what_is_missing_is_named(
    name: str, settings: dict[str, Any], told: str, open_page: OpenPage
) -> None:
    page = tab(open_page(**settings), name)
    assert page.info[0].value.startswith(told) and not page.exception
    if name == "Dataset":
        assert not tab(page, "Predict").segmented_control


def test_damaged_files_are_told(open_page: OpenPage, run: Path, unrendered: Path, tmp_path: Path) -> None:
    broken = Path(shutil.copytree(unrendered, tmp_path / "shards"))
    (broken / "dataset.json").write_text("{}")
    page = upload(open_page(data=(broken,)), png())
    assert captions(page) == PREDICTED
    assert "dataset" in tab(page, "Dataset").error[0].value
    (run / "log" / "metrics.csv").write_text("a\n1\n")
    assert "a row of numbers per epoch" in tab(page, "Run").error[0].value
    (run / "last.pt").write_bytes(b"PK")
    page = upload(tab(page, "Predict"), png())
    assert "last\\.pt" in page.error[0].value and not captions(page)


def test_too_little_memory_is_told(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Desk, "answer", fail)
    assert upload(open_page(), png()).error[0].value.startswith("There is too little memory")


def test_a_network_of_classes_shows_their_colours_and_offers_no_cut_out(
    open_page: OpenPage, run: Path
) -> None:
    entry = {"kind": "classes", "names": ["a", "b", "c"], "colours": [[0, 0, 0], [9, 9, 9], [99, 0, 0]]}
    network = save_drawn(run.parent / "c.onnx", classes=True, metadata=METADATA | {"mask": entry})
    page = upload(open_page(checkpoints=(network,)), png())
    assert captions(page) == ["picture", "mask", "depth", "overlay"] and legend(page) == ["a", "b", "c"]
    labels = [button.label for button in page.get("download_button")]
    assert "Cut-out" not in labels and labels[0] == "Mask"
    page.select_slider[0].set_value("0.50")
    assert captions(page.run()) == ["picture", "mask", "depth", "overlay"] and not page.error
