"""The page, clicked through without a browser."""

from streamlit.testing.v1 import AppTest

from tests.fgbg.app.conftest import OpenPage, png

PREDICTED = ["picture", "mask", "depth", "cut\\-out", "overlay"]


def captions(page: AppTest) -> list[str]:
    return [caption for shown in page.image for caption in shown.captions]


def upload(page: AppTest, content: bytes, name: str = "photo.png", key: str = "picture") -> AppTest:
    page.file_uploader(key=key).set_value((name, content, "image/png"))
    page.run()
    assert not page.exception
    return page


def test_it_waits_for_a_picture(open_page: OpenPage) -> None:
    page = open_page()
    assert not page.exception and not page.error
    assert page.info[0].value.startswith("Upload a picture, or choose a sample.")
    assert page.selectbox(key="network").options[0].endswith("outputs/last.pt")


def test_an_upload_is_predicted_and_can_be_downloaded(open_page: OpenPage) -> None:
    page = upload(open_page(), png())
    assert captions(page) == PREDICTED
    assert {figure.label for figure in page.metric} == {"Covered", "Size", "Seconds"}
    assert next(figure.value for figure in page.metric if figure.label == "Size") == "48 x 32"
    assert [button.label for button in page.get("download_button")] == [
        "Mask",
        "Depth, 16 bits",
        "Cut-out",
        "Overlay",
    ]


def test_its_background_is_used_and_shown(open_page: OpenPage) -> None:
    page = upload(open_page(), png())
    upload(page, png(24, 16), key="bg")
    assert "background" in captions(page) and not page.error
    upload(page, png(16, 64), key="bg")
    assert "aspect" in page.error[0].value and not captions(page)
