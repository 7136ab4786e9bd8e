from pathlib import Path

import pytest

from generator.errors import AssetError
from generator.label_formats import detect
from generator.label_formats.detect import detect_format
from generator.label_formats.items import Choice, Item, LabelSource


def test_the_format_that_finds_pictures_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fitting: list[str] = []
    empty: list[str] = []

    def list_source(name: str, source: Path, choice: Choice) -> LabelSource:
        if name not in fitting + empty:
            raise AssetError(source, "", "is something else", "")
        items = [] if name in empty else [Item("a", Path("a.png"))]
        return LabelSource(items, mask=None, read_label=None)  # type: ignore[arg-type]

    monkeypatch.setattr(detect, "FORMATS", {"folder": "", "one": "", "two": ""})
    monkeypatch.setattr(detect, "list_source", list_source)
    assert detect_format(tmp_path, Choice()) == "folder"
    empty += ["one"]
    assert detect_format(tmp_path, Choice()) == "folder"
    fitting += ["two"]
    assert detect_format(tmp_path, Choice()) == "two"
    empty.clear()
    fitting += ["one"]
    with pytest.raises(AssetError, match=r"expected files of one format, found those of one and two; choose"):
        detect_format(tmp_path, Choice())
    with pytest.raises(AssetError, match=r"nowhere does not exist\. Give the folder of a labelled data set"):
        detect_format(tmp_path / "nowhere", Choice())
