"""The tables of an evaluation of classes: scores, errors of each class, and CSV files of both."""

import csv
import io
from collections.abc import Callable
from typing import Any

from fgbg.pages.parts import TableRow
from generator.errors import printable

CLASSES_FILE = "classes.csv"
CONFUSION_FILE = "confusion.csv"

_NONE = "-"
_LEAST_MISTAKEN = 0.01
"""A smaller share of a class that is taken for another one is not named."""

Show = Callable[[dict[str, Any] | None], str]


def score_rows(figures: dict[str, Any], show: Show) -> list[TableRow]:
    """Scores of classes over all pixels in each condition: means, then the IoU of each class.

    Classes that are `nowhere` are left out.
    """
    parts = figures["classes"].values()
    means = {
        "mean IoU ↑": "mean_iou",
        "mean Dice ↑": "mean_dice",
        "pixel accuracy ↑": "pixel_accuracy",
    }
    rows = [TableRow(text, [show(part[name]) for part in parts]) for text, name in means.items()]
    for name in next(iter(parts))["by_class"]:
        found = [part["by_class"][name] for part in parts]
        if any(found):
            texts = [_NONE if of_class is None else show(of_class["iou"]) for of_class in found]
            rows.append(TableRow(printable(name), texts))
    return rows


def nowhere(figures: dict[str, Any]) -> list[str]:
    """The names of classes that are neither in the truth nor predicted, in any condition."""
    parts = figures["classes"].values()
    return [
        printable(name)
        for name in next(iter(parts))["by_class"]
        if not any(part["by_class"][name] for part in parts)
    ]


def error_rows(figures: dict[str, Any]) -> list[TableRow]:
    """The errors of each class with the best background that the network gets; the smallest class first.

    The texts are the share of pixels, how much of the class was found, how much of its prediction is right,
    the Dice coefficient, and what its missed pixels are taken for. Classes that are neither in the truth nor
    predicted are left out.
    """
    part = next(iter(figures["classes"].values()))
    names, confusion = list(part["by_class"]), part["confusion"]
    rows = []
    for number, (name, found) in enumerate(part["by_class"].items()):
        if found is None:
            continue
        texts = [
            f"{found['share']:.2%}",
            _percent(found["recall"]),
            _percent(found["precision"]),
            _NONE if found["dice"]["mean"] is None else f"{found['dice']['mean']:.4f}",
            _taken_for(names, confusion[number], number),
        ]
        rows.append((found["share"], TableRow(printable(name), texts)))
    return [row for _, row in sorted(rows, key=lambda pair: pair[0])]


ERROR_HEAD = ["", "of all pixels", "found ↑", "right ↑", "Dice ↑", "missed pixels are taken for"]


def confusion_sentences(figures: dict[str, Any]) -> list[str]:
    """The pairs of classes that are confused most, in a sentence; none where every pixel is right."""
    part = next(iter(figures["classes"].values()))
    pairs = [
        f"{printable(pair['truth'])} taken for {printable(pair['predicted'])}"
        f" ({pair['share_of_truth']:.0%} of it, {pair['share']:.1%} of all pixels)"
        for pair in part["worst_confusions"][:3]
    ]
    return [f"Most confused: {', '.join(pairs)}."] if pairs else []


def csv_files(figures: dict[str, Any]) -> dict[str, bytes]:
    """The scores and the confusion matrix in each condition as CSV files, by name; none without classes."""
    if not figures["classes"]:
        return {}
    scores: list[list[Any]] = [
        [
            "background",
            "class",
            "share",
            "samples",
            "iou",
            "iou_low",
            "iou_high",
            "dice",
            "recall",
            "precision",
        ]
    ]
    counts: list[list[Any]] = []
    for condition, part in figures["classes"].items():
        for number, (name, found) in enumerate(part["by_class"].items()):
            counts.append([condition, name, *part["confusion"][number]])
            if found is None:
                scores.append([condition, name, 0, 0, *[""] * 6])
                continue
            numbers = [
                found["share"],
                found["samples"],
                *(found["iou"][end] for end in ("mean", "low", "high")),
            ]
            scores.append(
                [condition, name, *numbers, found["dice"]["mean"], found["recall"], found["precision"]]
            )
    head = ["background", "truth \\ predicted", *next(iter(figures["classes"].values()))["by_class"]]
    return {CLASSES_FILE: _csv(scores), CONFUSION_FILE: _csv([head, *counts])}


def _csv(rows: list[list[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _taken_for(names: list[str], counts: list[int], number: int) -> str:
    total = sum(counts)
    wrong = sorted(
        ((count / total, other) for other, count in enumerate(counts) if other != number and total),
        reverse=True,
    )
    named = [
        f"{printable(names[other])} {share:.0%}" for share, other in wrong[:2] if share >= _LEAST_MISTAKEN
    ]
    return ", ".join(named) or _NONE


def _percent(share: float | None) -> str:
    return _NONE if share is None else f"{share:.1%}"
