from typing import Any

import numpy as np
import pytest

from fgbg.evaluation.class_tables import confusion_sentences, csv_files
from fgbg.evaluation.confusion_chart import draw_confusion
from fgbg.evaluation.tables import screen, tables
from fgbg.evaluation.verdict import verdict
from training.evaluation.class_scores import ClassCounts, score_classes
from training.evaluation.summary import plain

from .test_tables import of_classes

CONFUSION = np.array([[90, 8, 2, 0], [5, 5, 0, 0], [0, 30, 60, 0], [0, 0, 0, 0]])


@pytest.fixture
def figures() -> dict[str, Any]:
    """Figures of sky, cat, a class with a long name, and a class that no sample has."""
    counts = ClassCounts(
        CONFUSION,
        np.tile(CONFUSION.diagonal() / 4, (4, 1)),
        np.tile(CONFUSION.sum(axis=1) / 4, (4, 1)),
        np.tile(CONFUSION.sum(axis=0) / 4, (4, 1)),
    )
    names = ["sky", "cat", "a tree or something like it", "nowhere"]
    return of_classes() | {"classes": {"absent": plain(score_classes(counts, names))}}


def test_scores_and_errors_are_shown_by_class_without_classes_that_are_nowhere(
    figures: dict[str, Any],
) -> None:
    scores, errors = tables(figures)[:2]
    shown = {row.name: row.texts for row in scores.rows}
    assert shown["sky"] == ["0.8571 [0.8571, 0.8571]"] and "nowhere" not in shown
    assert scores.note.endswith("no background (absent). Neither in these samples nor predicted: nowhere.")
    assert shown["mean IoU ↑"][0].startswith(f"{(90 / 105 + 5 / 48 + 60 / 92) / 3:.4f}")
    # The smallest class comes first.
    assert [row.name for row in errors.rows] == ["cat", "a tree or something like it", "sky"]
    assert errors.rows[0].texts == ["5.00%", "50.0%", "11.6%", "0.1887", "sky 50%"]
    assert errors.rows[2].texts[-1] == "cat 8%, a tree or something like it 2%"


def test_words_name_the_best_the_worst_and_what_is_confused(figures: dict[str, Any]) -> None:
    assert verdict(figures) == [
        "From the picture alone, the network reaches a mean IoU of classes of 0.54 (from cat 0.10 to sky"
        " 0.86).",
        *confusion_sentences(figures),
    ]
    assert confusion_sentences(figures) == [
        "Most confused: a tree or something like it taken for cat (33% of it, 15.0% of all pixels), sky taken"
        " for cat (8% of it, 4.0% of all pixels), cat taken for sky (50% of it, 2.5% of all pixels)."
    ]


def test_nothing_says_nan_and_the_screen_fits(figures: dict[str, Any]) -> None:
    lines = screen(figures)
    assert max(map(len, lines)) <= 80 and "nan" not in "\n".join(lines).lower()


def test_csv_files_hold_the_scores_and_the_pixels(figures: dict[str, Any]) -> None:
    files = {name: content.decode().splitlines() for name, content in csv_files(figures).items()}
    assert files["classes.csv"][1].startswith("absent,sky,0.5,4,0.857143,0.857143,0.857143,")
    assert files["classes.csv"][4] == "absent,nowhere,0,0,,,,,,"
    assert files["confusion.csv"][:2] == [
        "background,truth \\ predicted,sky,cat,a tree or something like it,nowhere",
        "absent,sky,90,8,2,0",
    ]
    assert csv_files(of_classes()) == {}


@pytest.mark.parametrize("classes", [4, 20, 80])
def test_the_heat_map_is_drawn_for_any_number_of_classes(classes: int) -> None:
    counts = np.resize(CONFUSION, (classes, classes))
    for dark in (False, True):
        assert draw_confusion(counts, [f"${n}" for n in range(classes)], dark).startswith(b"<?xml")
