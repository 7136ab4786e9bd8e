import html
import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from fgbg.cli import main
from fgbg.evaluation.verdict import verdict
from fgbg.predictor import Predictor
from generator.config import GenerateConfig
from generator.encode import encode_png
from generator.own_results import mark_png
from generator.pipeline import generate
from generator.reading.dataset import open_dataset

PICTURE = encode_png(np.zeros((2, 2), np.uint8))
CONDITIONS = ["clean", "perturbed", "absent"]


def run_evaluate(data: Path, out: Path, *arguments: str) -> Result:
    given = ["evaluate", "--data", str(data), "--out", str(out), "--device", "cpu", *arguments]
    return CliRunner().invoke(main, given)


def test_a_table_numbers_and_pictures(unrendered: Path, trained: Path, tmp_path: Path) -> None:
    checkpoint, out = trained / "best.pt", tmp_path / "out"
    arguments = ["--checkpoint", str(checkpoint), "--samples", "12", "--no-mirror"]
    result = run_evaluate(unrendered, out, *arguments)
    assert result.exit_code == 0, result.stderr
    document = json.loads((out / "metrics.json").read_text())
    dataset = open_dataset(unrendered)
    assert document["dataset"] == document["trained_on"] == dataset.manifest.id
    assert (document["samples"], document["samples_measured"]) == (len(dataset["val"]), 12)
    assert (document["res"], document["subset"], document["mirror"]) == (32, "val", False)

    # The samples have the network's resolution, so prediction gives exactly the same masks.
    predictor = Predictor.load(checkpoint, device="cpu", mirror=False)
    batch = dataset["val"].read(np.arange(12))
    ious = []
    for fg_bg, bg, mask in zip(batch.fg_bg, batch.bg, batch.mask, strict=True):
        found, actual = predictor(fg_bg, bg).mask >= 128, mask >= 128
        ious.append((found & actual).sum() / max((found | actual).sum(), 1))
    assert document["per_sample"]["network"]["clean"]["iou"] == pytest.approx(ious, abs=2e-3)
    mean = document["network"]["clean"]["iou"]["mean"]
    assert mean == pytest.approx(np.mean(ious), abs=1e-3)

    line = next(line for line in result.stdout.splitlines() if line.startswith("IoU ↑ "))
    assert line.split()[2] == f"{mean:.4f}"
    assert max(map(len, (line for line in result.stdout.splitlines() if "/" not in line))) <= 80
    assert re.search(r"^level +>= \d+ +>= \d+ +-$", result.stdout, re.MULTILINE)
    assert "constant 0." in result.stdout and "background's own" in result.stdout
    by_bg = document["by_background"]
    worst = min(by_bg, key=lambda name: by_bg[name]["iou"]["clean"])
    assert f"worst: {worst} ({by_bg[worst]['samples']})" in result.stdout
    for name in CONDITIONS:
        columns = 8 - (name == "absent")
        # 9 rows of pictures of 32 x 24, enlarged 6 times.
        height, width, _ = cv2.imread(str(out / f"{name}.png")).shape
        assert height > 26 + 9 * (144 + 24) + 4 and width == columns * 196 + 4

    page = (out / "report.html").read_text()
    # 9 samples in 3 conditions; the third has no picture of the background.
    assert page.count("data:image/png;base64,") == 9 * (8 + 8 + 7) and "://" not in page
    assert f"<td>{mean:.4f} [" in page and str(checkpoint) in page
    assert page.count('alt="reliability curve"') == page.count('alt="pixels in each bin"') == 1
    backgrounds = document["empty_scenes"]
    assert backgrounds["kind"] == "backgrounds" and backgrounds["scenes"] == len(by_bg)
    assert f"False pixels ↓ on {len(by_bg)} plain backgrounds" in page
    assert backgrounds["false_pixels"]["threshold_clean"]["mean"] == 0
    for sentence in verdict(document):
        assert sentence in html.unescape(page) and sentence in " ".join(result.stdout.split())

    again = run_evaluate(unrendered, out, *arguments)
    assert again.exit_code == 2 and "--overwrite" in again.stderr
    assert run_evaluate(unrendered, out, *arguments, "--overwrite").exit_code == 0
    assert json.loads((out / "metrics.json").read_text()) == document


def test_a_network_of_masks_that_sees_no_background(
    unrendered: Path, trained_for_masks: Path, tmp_path: Path
) -> None:
    checkpoint = ["--checkpoint", str(trained_for_masks / "best.pt")]
    for name, text in (("report.html", b"earlier"), ("clean.png", mark_png(PICTURE, "evaluate"))):
        (tmp_path / name).write_bytes(text)
    arguments = ["--samples", "5", "--subset", "test", "--overwrite"]
    result = run_evaluate(unrendered, tmp_path, *checkpoint, *arguments)
    assert result.exit_code == 0, result.stderr
    document = json.loads((tmp_path / "metrics.json").read_text())
    assert list(document["network"]) == ["absent"] and document["subset"] == "test"
    masks = {"iou", "dice", "pixel_accuracy", "boundary_f", "calibration_error"}
    assert set(document["network"]["absent"]) == masks
    assert sorted(path.name for path in tmp_path.iterdir()) == ["absent.png", "metrics.json", "report.html"]
    assert ">= " in result.stdout and "epth" not in result.stdout


def test_another_dataset_than_it_was_trained_on(crowded: Path, trained: Path, tmp_path: Path) -> None:
    result = run_evaluate(crowded, tmp_path, "--checkpoint", str(trained / "best.pt"))
    assert result.exit_code == 0, result.stderr
    assert "trained on another dataset" in " ".join(result.stdout.split())


def test_what_cannot_be_is_said_in_a_line(
    request_fields: dict[str, object], unrendered: Path, trained: Path, tmp_path: Path
) -> None:
    unsplit = tmp_path / "unsplit"
    fields = {**request_fields, "split": None, "samples": 20}
    generate(GenerateConfig(**fields, out=unsplit, render=False))
    out, checkpoint = tmp_path / "out", ["--checkpoint", str(trained / "best.pt")]
    for data, arguments, code, said in (
        (unrendered, ["--samples", "0", *checkpoint], 2, "expected a whole number from 1 or all, found '0'"),
        (unrendered, ["--checkpoint", str(tmp_path / "no.pt")], 1, "no.pt"),
        (unrendered, ["--subset", "all", *checkpoint], 2, "--subset"),
        (unsplit, checkpoint, 1, "has no samples in val. Use --subset with one of: train"),
        (tmp_path / "nowhere", checkpoint, 1, "Run 'fgbg generate' or 'fgbg import' first"),
    ):
        result = run_evaluate(data, out, *arguments)
        assert result.exit_code == code and said in result.stderr, result.stderr
        assert len(result.stderr.splitlines()) == 1
    assert not out.exists()
    # The advice works. No warning about training samples: the network was trained on another dataset.
    advised = run_evaluate(unsplit, out, "--subset", "train", "--samples", "4", *checkpoint)
    assert advised.exit_code == 0 and "trained on these samples" not in advised.stdout


def test_on_what_it_was_trained_on_it_says_so(unrendered: Path, trained: Path, tmp_path: Path) -> None:
    arguments = ["--checkpoint", str(trained), "--subset", "train", "--samples", "4", "--no-mirror"]
    result = run_evaluate(unrendered, tmp_path, *arguments)
    assert result.exit_code == 0, result.stderr
    assert "was trained on these samples" in " ".join(result.stdout.split())
    assert "was trained on these samples" in (tmp_path / "report.html").read_text()
