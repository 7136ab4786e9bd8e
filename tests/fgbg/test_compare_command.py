import base64
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from fgbg.cli import main
from fgbg.comparison.compare import compare as compare_runs
from generator.encode import encode_png
from generator.errors import UsageError
from generator.own_results import mark_png
from training.checkpoint import load_checkpoint, save_checkpoint


def compare(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["compare", *map(str, arguments), "--device", "cpu"])
    return result.exit_code, result.stdout, result.stderr


class Page(HTMLParser):
    """Tags, links and texts of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.texts: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "srcset", "href")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "outputs" / "comparison"


@pytest.fixture
def bare(trained: Path, tmp_path: Path) -> Path:
    """A run without a log. It has no curves, which take the most time to draw."""
    return Path(shutil.copytree(trained, tmp_path / "bare", ignore=shutil.ignore_patterns("log")))


def test_a_comparison_stands_on_one_page_and_two_pictures(
    trained: Path, trained_for_masks: Path, unrendered: Path, out: Path, tmp_path: Path
) -> None:
    picture = tmp_path / "a <b>.png"
    cv2.imwrite(str(picture), np.full((40, 20, 3), 90, np.uint8))
    code, stdout, _ = compare(
        trained, trained_for_masks, "--data", unrendered, "--pictures", "2", "--picture", picture
    )
    assert code == 0, stdout
    lines = stdout.splitlines()
    assert any(line.split() == [trained.name, trained_for_masks.name] for line in lines)
    assert lines[0].startswith("Smallest network: ")
    assert any(line.split() == ["--inputs", "6", "3"] for line in lines)
    names = ["index.html", "curves.png", "predictions.png"]
    written = [Path("outputs", "comparison", name) for name in names]
    assert lines[-3:] == list(map(str, written)) and {path.name for path in out.iterdir()} == set(names)
    sheet = cv2.imread(str(out / "predictions.png"))
    # From top to bottom: headings, two samples of 192 x 144 with notes and captions, a picture of 96 x 192
    # with a caption, the legend. From left to right: 3 + 2 + 1 columns.
    assert sheet.shape == (52 + 2 * (144 + 44) + 192 + 24 + 4 + 28, 6 * 196 + 2 * 16 + 4, 3)
    page = Page(out / "index.html")
    assert "script" not in page.tags and "link" not in page.tags
    # 11 charts, each light and dark; two samples with 3 + 2 + 1 pictures; a picture with 1 + 2 + 1.
    assert len(page.links) == 2 * 11 + 2 * 6 + 4
    for link in page.links:
        kind, _, content = link.partition(",")
        if kind == "data:image/svg+xml;base64":
            assert ElementTree.fromstring(base64.b64decode(content)).tag.endswith("svg")
        else:
            assert kind == "data:image/png;base64"
            pixels = np.frombuffer(base64.b64decode(content), np.uint8)
            assert cv2.imdecode(pixels, cv2.IMREAD_COLOR) is not None
    text = " ".join(page.texts)
    assert "a <b>.png" in text and "--inputs" in text and "prefers-color-scheme: dark" in text
    assert not re.search(r"https?:|url\(|@import", (out / "index.html").read_text(encoding="utf-8"))


def test_a_dataset_is_taken_from_its_usual_place_or_none(
    bare: Path, unrendered: Path, out: Path, tmp_path: Path
) -> None:
    code, stdout, _ = compare(bare)
    assert code == 0 and "no pictures to predict: name a dataset with --data" in stdout
    assert {path.name for path in out.iterdir()} == {"index.html"}
    shutil.copytree(unrendered, tmp_path / "data" / "shards")
    assert compare(bare, "--overwrite")[0] == 0
    assert (out / "predictions.png").exists()


def test_files_of_its_names_are_replaced_only_if_asked(bare: Path, out: Path) -> None:
    assert compare(bare)[0] == 0
    assert "index.html exists already. Use another --out, or --overwrite" in compare(bare)[2]
    earlier = mark_png(encode_png(np.zeros((2, 2), np.uint8)), "compare")
    (out / "predictions.png").write_bytes(earlier)
    assert compare(bare, "--overwrite")[0] == 0
    assert not (out / "predictions.png").exists()
    for name in ("index.html", "predictions.png", "other.png"):
        (out / name).write_text("mine")
    assert compare(bare, "--overwrite")[0] == 0
    assert (out / "index.html").read_text() != "mine"
    # This comparison has no predictions to write, and it removes only its own.
    assert (out / "predictions.png").read_text() == (out / "other.png").read_text() == "mine"


def test_a_run_without_csv_is_said_and_shown_without_curves(trained: Path, out: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(trained, tmp_path / "copy"))
    (copy / "log" / "metrics.csv").unlink()
    code, stdout, _ = compare(trained, copy)
    assert code == 0 and f"{copy}: no metrics.csv in log, so no curves" in stdout
    assert "copy: no metrics.csv in log, so no curves." in "".join(Page(out / "index.html").texts)
    code, stdout, _ = compare(copy, "--out", tmp_path / "alone")
    assert code == 0 and [path.name for path in (tmp_path / "alone").iterdir()] == ["index.html"]


def test_runs_on_different_datasets_are_said_not_to_compare(bare: Path, out: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(bare, tmp_path / "copy"))
    save_checkpoint(copy / "last.pt", replace(load_checkpoint(copy / "last.pt"), dataset_id="f" * 64))
    assert "their validation scores do not compare" in " ".join(compare(bare, copy)[1].split())
    assert "do not compare" not in compare(bare)[1]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nowhere"], 1, "nowhere does not exist"),
        (["{run}", "{run}"], 2, "is given twice. Leave it out once"),
        (["{run}", "--data", "nowhere"], 1, "nowhere"),
        (["{run}", "--picture", "missing.png"], 1, "missing.png does not exist"),
        ([], 2, "RUN"),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_written(
    trained: Path, out: Path, arguments: list[str], code: int, message: str
) -> None:
    found, _, stderr = compare(*(argument.format(run=trained) for argument in arguments))
    assert found == code and message in stderr and len(stderr.splitlines()) == 1
    assert not out.exists()


@pytest.mark.parametrize(("runs", "found"), [("outputs", "one path"), ([], "none")])
def test_runs_are_a_list(runs: Any, found: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"`runs`: expected a list of folders of runs, found {found}"):
        compare_runs(runs, tmp_path)
