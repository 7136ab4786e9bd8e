"""`fgbg evaluate --network`: a ready-made network beside the trained one."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import fgbg
from fgbg.cli import main
from fgbg.predictor import Predictor
from generator.reading.dataset import open_dataset


def run(data: Path, out: Path, *arguments: object) -> Result:
    given = ["evaluate", "--data", str(data), "--out", str(out), "--device", "cpu", "--no-mirror"]
    return CliRunner().invoke(main, [*given, *map(str, arguments)])


def test_it_stands_beside_the_trained_network(
    unrendered: Path, trained: Path, salient: Path, tmp_path: Path
) -> None:
    result = run(unrendered, tmp_path, "--checkpoint", trained, "--samples", 12, "--network", salient)
    assert result.exit_code == 0, result.stderr
    document = json.loads((tmp_path / "metrics.json").read_text())
    before = document["before_training"]
    assert before["network"] == str(salient)

    # Samples have the size at which they are measured, so prediction gives the same masks.
    predictor = Predictor.of_network(salient, mirror=False)
    batch = open_dataset(unrendered)["val"].read(np.arange(12))
    ious = []
    for fg_bg, mask in zip(batch.fg_bg, batch.mask, strict=True):
        found, actual = predictor(fg_bg).mask >= 128, mask >= 128
        ious.append((found & actual).sum() / max((found | actual).sum(), 1))
    assert before["per_sample"]["iou"] == pytest.approx(ious, abs=2e-3)
    mean = before["measures"]["iou"]["mean"]
    assert mean == pytest.approx(np.mean(ious), abs=1e-3)
    assert set(before["measures"]) == set(document["network"]["absent"]) - {
        name for name in document["network"]["absent"] if name.startswith("depth_")
    }
    assert before["false_pixels"]["samples"] == document["empty_scenes"]["scenes"]

    said = " ".join(result.stdout.split())
    assert "salient.onnx, which was not trained on your objects: IoU" in said
    table = result.stdout[result.stdout.index("Before and after") :]
    iou = next(line for line in table.splitlines() if line.startswith("IoU ↑"))
    absent = document["network"]["absent"]["iou"]["mean"]
    assert [float(text) for text in iou.split() if text[0].isdigit()][:2] == [
        round(mean, 4),
        round(absent, 4),
    ]
    page = (tmp_path / "report.html").read_text()
    assert page.count("<figcaption>mask before training") == page.count(", before training 0.") == 9
    assert f", before training {before['per_sample']['iou'][0]:.4f}" in page or len(batch) > 9


def test_from_python_and_without_background(unrendered: Path, trained_for_masks: Path, salient: Path) -> None:
    figures = fgbg.evaluate(
        trained_for_masks, unrendered, samples=4, network=salient, device="cpu", progress=False
    )
    assert len(figures["before_training"]["per_sample"]["iou"]) == 4
    plain = fgbg.evaluate(trained_for_masks, unrendered, samples=4, device="cpu", progress=False)
    assert plain["before_training"] is None and plain["network"] == figures["network"]


def test_photos_without_background_and_with_void(
    photos: Path, trained_for_masks: Path, salient: Path, tmp_path: Path
) -> None:
    result = run(photos, tmp_path, "--checkpoint", trained_for_masks, "--samples", 6, "--network", salient)
    assert result.exit_code == 0, result.stderr
    document = json.loads((tmp_path / "metrics.json").read_text())
    assert document["empty_scenes"] is None and document["before_training"]["false_pixels"] is None
    assert document["before_training"]["measures"]["iou"]["samples"] == document["samples"]


def test_what_cannot_be_compared_is_one_line_before_anything_is_measured(
    unrendered: Path, trained: Path, salient: Path, exported: Path, tmp_path: Path
) -> None:
    half = tmp_path / "half.onnx"
    half.write_bytes(salient.read_bytes()[:100])
    out = tmp_path / "out"
    for network, said in (
        (tmp_path / "nowhere.onnx", "nowhere.onnx"),
        (half, "half.onnx"),
        (trained / "best.pt", "best.pt"),
        (f"{salient}?normalise=none", "normalise"),
    ):
        result = run(unrendered, out, "--checkpoint", trained, "--network", network)
        assert result.exit_code in (1, 2) and said in result.stderr, result.stderr
        assert len(result.stderr.splitlines()) == 1
    assert not (out / "metrics.json").exists()
    # A network of fgbg works too.
    result = run(unrendered, out, "--checkpoint", trained, "--samples", 2, "--network", exported)
    assert result.exit_code == 0, result.stderr
