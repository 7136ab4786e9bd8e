from typing import Any

import pytest

from fgbg.evaluation.tables import screen, tables


def around(mean: float | None) -> dict[str, Any]:
    spread = 0.01
    low, high = (None, None) if mean is None else (mean - spread, mean + 2 * spread)
    return {"mean": mean, "low": low, "high": high, "samples": 9}


def of_classes() -> dict[str, Any]:
    """Figures of a network without baselines, as one with classes has them."""
    measures = {
        "iou": around(0.7),
        "pixel_accuracy": around(0.9),
    }
    group = {"samples": 9, "iou": {"absent": None}}
    return {
        "checkpoint": "run/best.pt",
        "subset": "val",
        "samples": 1000,
        "samples_measured": 9,
        "res": 96,
        "mirror": False,
        "dataset": "a",
        "trained_on": "a",
        "interval": {"level": 0.95, "resamples": 1000},
        "network": {"absent": measures},
        "classes": {},
        "empty_scenes": None,
        "before_training": None,
        "baselines": {"threshold": {}, "constant_depth": None, "bg_depth": None},
        "by_size": {},
        "by_background": {"a.jpg": group, "a/very/long/name/of/a/folder/" * 3 + "b.jpg": group},
        "backgrounds": {"iou": {"absent": around(0.7)}},
    }


def test_a_network_of_classes_has_no_baselines() -> None:
    scores, backgrounds = tables(of_classes())
    assert [(row.name, *row.texts) for row in scores.rows] == [
        ("IoU ↑", "0.7000 [0.6900, 0.7200]"),
        ("pixel accuracy ↑", "0.9000 [0.8900, 0.9200]"),
    ]
    assert [row.name for row in backgrounds.rows] == ["mean"]


def test_the_errors_of_network_and_threshold_are_compared_for_each_background() -> None:
    figures = of_classes()
    figures["network"] = {name: {"iou": around(iou)} for name, iou in (("clean", 0.95), ("absent", 0.8))}
    figures["network"]["perturbed"] = {"iou": around(0.9)}
    figures["baselines"]["threshold"] = {
        name: {"threshold": 20, "iou": around(iou), "boundary_f": around(0.8)}
        for name, iou in (("clean", 0.9), ("perturbed", 0.5))
    }
    figures["by_background"] = {}
    threshold = next(table for table in tables(figures) if table.title.startswith("Threshold"))
    found = dict(zip(threshold.head[1:], threshold.rows[-1].texts, strict=True))
    # 0.05 of 0.1, 0.1 of 0.5, and no threshold without a background
    assert found == {"clean": "0.500", "perturbed": "0.200", "absent": "-"}


@pytest.mark.parametrize(
    ("kind", "title"), [("samples", "4 empty samples"), ("backgrounds", "4 plain backgrounds")]
)
def test_false_pixels_of_network_and_threshold_stand_under_each_other(kind: str, title: str) -> None:
    figures = of_classes()
    figures["network"] = {name: {"iou": around(0.9)} for name in ("clean", "absent")}
    figures["baselines"]["threshold"] = {
        "clean": {"threshold": 20, "iou": around(0.8), "boundary_f": around(0.8)}
    }
    false = {"clean": around(0.125), "absent": around(0.25), "threshold_clean": around(0.5)}
    figures |= {"by_background": {}, "empty_scenes": {"kind": kind, "scenes": 4, "false_pixels": false}}
    table = tables(figures)[1]
    assert table.title == f"False pixels ↓ on {title}" and table.head == ["", "clean", "absent"]
    assert [(row.name, *(text[:6] for text in row.texts)) for row in table.rows] == [
        ("network", "0.1250", "0.2500"),
        ("threshold", "0.5000", "-"),
    ]


def test_the_screen_fits_80_columns_and_shows_the_longer_side_of_an_interval() -> None:
    figures = of_classes() | {"trained_on": "b"}
    for number, group in enumerate(figures["by_background"].values()):
        group["iou"] = {"absent": 0.5 + number / 10}
    lines = screen(figures)
    assert max(map(len, lines)) <= 80
    assert any(line.split() == ["IoU", "↑", "0.7000", "±0.0200"] for line in lines)
    assert "It may have seen these pictures" in " ".join(lines)
    # The long name of a background is wrapped, not cut.
    assert "worst: a.jpg (9)" in "\n".join(lines)
    assert "".join(lines).count("a/very/long/name/of/a/folder/") == 3 and lines[-1].endswith("b.jpg (9)")
