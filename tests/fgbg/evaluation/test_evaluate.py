import json
from pathlib import Path

import pytest

import generator.progress
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
    unrendered: Path,
    trained_for_masks: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(generator.progress, "LINE_SECONDS", 0)
    for progress in (True, False):
        evaluate(trained_for_masks, unrendered, samples=2, device="cpu", progress=progress)
        assert ("evaluating: 2/2 samples" in capsys.readouterr().err) == progress
