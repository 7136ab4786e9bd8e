from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from matplotlib.axes import Axes

from fgbg.comparison.curves import draw_panel, draw_sheet, panel_names
from fgbg.comparison.runs import ComparedRun, open_runs
from generator.look.chart import COLOURS, DPI, PANEL


@pytest.fixture
def runs(trained: Path, trained_for_masks: Path) -> list[ComparedRun]:
    return open_runs([trained, trained_for_masks], "cpu")


def test_there_is_a_panel_for_every_quantity(runs: list[ComparedRun]) -> None:
    known = ["loss", "iou", "iou_without_bg", "depth_rmse", "lr", "samples_per_second"]
    assert panel_names(runs) == [*known, "loss/bce", "loss/dice", "loss/iou", "loss/l1", "loss/ssim"]
    assert panel_names(runs[1:]) == [
        "loss",
        "iou",
        "lr",
        "samples_per_second",
        *("loss/bce", "loss/dice", "loss/iou"),
    ]


def test_training_is_dashed_and_validation_solid(
    runs: list[ComparedRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []
    plain = Axes.plot

    def plot(axes: Axes, epochs: object, values: object, **style: object) -> object:
        drawn.append((style["color"], style["linestyle"], epochs, values))
        return plain(axes, epochs, values, **style)

    monkeypatch.setattr(Axes, "plot", plot)
    draw_panel("loss", runs, dark=False)
    assert drawn == [
        (COLOURS[number], line, (1,), (run.curves[f"{part}_loss"][0][1],))
        for number, run in enumerate(runs)
        for part, line in (("train", "--"), ("val", "-"))
    ]


def test_a_long_line_has_few_markers_so_that_dashes_are_seen(
    runs: list[ComparedRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    every = []
    plain = Axes.plot

    def plot(axes: Axes, *values: object, **style: object) -> object:
        every.append(style["markevery"])
        return plain(axes, *values, **style)

    monkeypatch.setattr(Axes, "plot", plot)
    for epochs in (1, 16, 17, 500):
        curves = {"train_loss": [(epoch, 1.0) for epoch in range(epochs)]}
        draw_panel("loss", [replace(runs[0], curves=curves)], dark=False)
    assert every == [1, 1, 2, 32]  # at most 16 markers


def test_charts_are_light_or_dark_and_the_sheet_holds_all(runs: list[ComparedRun]) -> None:
    light, dark = (draw_panel("iou", runs, dark) for dark in (False, True))
    assert light.startswith(b"<?xml") and b"#121212" in dark and b"#121212" not in light
    assert light == draw_panel("iou", runs, dark=False)
    sheet = decoded(draw_sheet(runs))
    # 11 charts in rows of 3: four rows.
    assert sheet.shape[1] == round(3 * PANEL[0] * DPI) and sheet.shape[0] > 4 * PANEL[1] * DPI


def decoded(png: bytes) -> np.ndarray:
    return np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR))


def test_any_name_of_a_folder_can_be_drawn(runs: list[ComparedRun]) -> None:
    odd = [replace(runs[0], label=label) for label in ("$x^$", "_run", "\u732b", "long" * 40)]
    assert draw_sheet(odd) and draw_panel("loss", odd, dark=False)
