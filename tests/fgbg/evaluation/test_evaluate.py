import json
from pathlib import Path

import pytest

from fgbg.evaluation.evaluate import evaluate
from fgbg.evaluation.report import write_evaluation


def test_it_returns_what_the_report_holds_and_writes_nothing(
    unrendered: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(trained.rglob("*"))
    asked = {"subset": "test", "samples": 3, "mirror": False, "device": "cpu"}
    figures = evaluate(str(trained), str(unrendered), progress=False, **asked)
    assert figures["samples_measured"] == 3 and figures["subset"] == "test"
    assert figures["checkpoint"] == str(trained / "best.pt")
    assert 0 <= figures["network"]["clean"]["iou"]["mean"] <= 1
    assert capsys.readouterr() == ("", "") and sorted(trained.rglob("*")) == before
    assert write_evaluation(trained, unrendered, tmp_path / "out", **asked) == figures
    assert json.loads((tmp_path / "out" / "metrics.json").read_text()) == figures


def test_no_bar_is_shown_where_none_is_asked_for(
    unrendered: Path, trained_for_masks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = []

    class Bar:
        def __init__(self, *_: object, shown: bool) -> None:
            asked.append(shown)

        def __enter__(self) -> "Bar":
            return self

        def __exit__(self, *_: object) -> None: ...

        def advance(self, count: int) -> None:
            shown.append(count)

    asked: list[bool] = []
    monkeypatch.setattr("training.evaluation.evaluate.Progress", Bar)
    for progress in (True, False):
        evaluate(trained_for_masks, unrendered, samples=2, device="cpu", progress=progress)
    assert asked == [True, False] and shown == [2, 2]
