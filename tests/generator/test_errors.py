import pickle
from pathlib import Path

import pytest

from generator.errors import AssetError, ExistsError, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain name.png", "plain name.png"),
        ("Straße 猫.png", "Straße 猫.png"),
        ("Stra\udcdfe.png", "Stra\\xdfe.png"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x1b[2J", "\\x1b[2J"),
        ("gnp.\u202etxt", "gnp.\\u202etxt"),
        ("a\u2028b\ud800", "a\\u2028b\\ud800"),
    ],
)
def test_names_do_nothing_to_a_terminal(text: str, shown: str) -> None:
    assert printable(text) == printable(Path(text)) == shown
    assert printable(text).encode().decode() == shown


def test_an_error_is_one_line(tmp_path: Path) -> None:
    error = AssetError(tmp_path / "a\nb\x1b[0m.png", "a picture", "two\nlines", "remove it")
    assert str(error).splitlines() == [
        f"{tmp_path}/a\\nb\\x1b[0m.png: expected a picture, found two\\nlines; remove it"
    ]


def test_an_error_without_an_expected_value_is_a_sentence(tmp_path: Path) -> None:
    error = AssetError("data/fg", "", "does not exist", "give another folder, or run 'fgbg samples'")
    text = "data/fg does not exist. Give another folder, or run 'fgbg samples'."
    assert str(error) == str(pickle.loads(pickle.dumps(error))) == text
    assert str(AssetError("a", "", "is gone", "Copy it. Then go on.")) == "a is gone. Copy it. Then go on."


def test_an_error_about_existing_files_is_the_same_from_another_process() -> None:
    error = ExistsError("a.png", "use another `out`", "a folder", more=2)
    text = "a.png is a folder (and 2 more). Use another `out`."
    assert str(error) == str(pickle.loads(pickle.dumps(error))) == text
