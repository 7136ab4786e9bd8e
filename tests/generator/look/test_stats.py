import json
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

import generator.progress
from generator.config import GenerateConfig
from generator.errors import DatasetError, UsageError
from generator.look.stats import DatasetStats, measure, write_stats
from generator.pipeline import generate
from generator.reading.dataset import open_dataset
from generator.reading.verify import VERIFIED_FILE


@pytest.fixture(scope="module")
def stats(crowded: Path) -> DatasetStats:
    return measure(open_dataset(crowded), "train", None)


def test_moments_are_those_of_all_pixels(unrendered: Path) -> None:
    dataset = open_dataset(unrendered)
    stats = measure(dataset, "val", None)
    batch = dataset["val"].read(np.arange(len(dataset["val"])))
    for name in ("bg", "fg_bg", "mask"):
        values = getattr(batch, name).reshape(-1, 3 if name != "mask" else 1) / 255
        assert stats.fields[name].mean == pytest.approx(values.mean(axis=0))
        assert stats.fields[name].std == pytest.approx(values.std(axis=0))
    known = (batch.depth[batch.depth > 0] - 1.0) / 65534
    assert stats.fields["depth"].mean == pytest.approx([known.mean()])
    assert stats.samples == stats.total == len(batch.mask)


def test_blocks_do_not_change_anything(unrendered: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = open_dataset(unrendered)
    whole = measure(dataset, "val", 7).to_json()
    monkeypatch.setattr("generator.look.stats._BLOCK_BYTES", 3 * 32 * 24 * 6)
    assert measure(dataset, "val", 7).to_json() == whole


def test_coverage_and_positions_are_means_of_masks(crowded: Path, stats: DatasetStats) -> None:
    split = open_dataset(crowded)["train"]
    masks = split.read(np.arange(len(split))).mask / 255
    assert stats.coverage == pytest.approx(masks.mean(axis=(1, 2)))
    assert stats.positions == pytest.approx(masks.mean(axis=0))
    cells = np.array(stats.to_json()["positions"])
    assert cells.shape == (12, 16)  # 2 x 2 pixels each
    assert cells[0, 0] == pytest.approx(stats.positions[:2, :2].mean(), abs=1e-5)
    assert cells[11, 15] == pytest.approx(stats.positions[22:, 30:].mean(), abs=1e-5)


def test_depth_is_counted_and_unknown_apart(stats: DatasetStats) -> None:
    depth = np.zeros(65536, np.int64)
    depth[[0, 1, 65535, 32768]] = 1, 2, 3, 4
    some = replace(stats, depth=depth)
    assert some.unknown_depth == 0.1
    counts = some.depth_counts
    assert len(counts) == 64 and counts.sum() == 9
    assert (counts[0], counts[31] + counts[32], counts[63]) == (2, 4, 3)
    # Bins are 1023.98 values wide: 1 ... 1024, 1025 ... 2048, ..., 64513 ... 65535.
    edges = np.zeros(65536, np.int64)
    edges[[1024, 1025, 64512, 64513]] = 1, 10, 100, 1000
    counts = replace(stats, depth=edges).depth_counts
    assert (counts[0], counts[1], counts[62], counts[63]) == (1, 10, 100, 1000)
    assert stats.depth.sum() == stats.samples * 32 * 24


def test_what_is_seen_of_objects(crowded: Path, stats: DatasetStats) -> None:
    dataset = open_dataset(crowded)
    split = dataset["train"]
    instances = split.read(np.arange(len(split))).instances
    assert instances is not None and stats.visible is not None
    shares = []
    for row, sample in enumerate(split.samples):
        placements = split.placements[sample["first"] : sample["first"] + sample["count"]]
        for number, sprite in enumerate(placements[placements["kind"] == 0]["sprite"], 1):
            opaque = (dataset.bank.sprite_pixels[sprite, ..., 3] >= 128).sum()
            shares.append((instances[row] == number).sum() / opaque)
    assert stats.visible == pytest.approx(shares)
    assert stats.visible.min() < 0.9 < stats.visible.max() <= 1
    assert stats.objects.sum() == len(shares)
    assert stats.to_json()["objects_per_sample"]["counts"] == np.bincount(stats.objects).tolist()


def test_one_object_a_sample_has_no_visible_share(unrendered: Path) -> None:
    stats = measure(open_dataset(unrendered), "val", 5)
    assert stats.visible is None and stats.to_json()["visible"] is None
    assert stats.objects.tolist() == [1] * 5


def test_files_are_the_same_each_time_and_documented(crowded: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_stats(crowded, "train", 9, tmp_path / name)
    assert {path.name for path in (tmp_path / "a").iterdir()} == {"stats.json", "stats.png"}
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
    document = json.loads((tmp_path / "a" / "stats.json").read_text())
    assert document["samples_measured"] == 9 and document["size"] == [32, 24]
    page = (Path(__file__).parents[3] / "docs" / "look.md").read_text(encoding="utf-8")
    assert [key for key in document if f"`{key}`" not in page] == []
    figure = cv2.imread(str(tmp_path / "a" / "stats.png"))
    height, width, _ = figure.shape
    assert (height, width) == (900, 1248)
    # The heat map is at the top left; the other three places have histograms.
    bars = (figure == (178, 114, 0)).all(axis=2)
    below, right = bars[height // 2 :], bars[: height // 2, width // 2 :]
    assert right.any() and below[:, : width // 2].any() and below[:, width // 2 :].any()
    assert not bars[: height // 2, : width // 2].any()


def test_nothing_is_replaced_unasked(unrendered: Path, tmp_path: Path) -> None:
    (tmp_path / "stats.png").write_text("mine")
    with pytest.raises(UsageError, match=r"stats\.png exists already\. .*`overwrite=True`"):
        write_stats(unrendered, "val", 3, tmp_path)
    assert (tmp_path / "stats.png").read_text() == "mine"
    write_stats(unrendered, "val", 3, tmp_path, overwrite=True)
    assert (tmp_path / "stats.json").exists()


def test_no_bar_is_shown_where_none_is_asked_for(
    unrendered: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(generator.progress, "LINE_SECONDS", 0)
    for shown in (True, False):
        new = tmp_path / f"new-{shown}"  # a new copy: its hashes are checked, too
        shutil.copytree(unrendered, new, ignore=shutil.ignore_patterns(VERIFIED_FILE))
        write_stats(new, "val", 3, tmp_path / f"out-{shown}", progress=shown)
        labels = {line.partition(":")[0] for line in capsys.readouterr().err.splitlines()}
        assert labels == ({"verifying", "measuring"} if shown else set())


def test_samples_without_any_object(request_fields: dict[str, object], tmp_path: Path) -> None:
    fields = {**request_fields, "objects": (1, 2), "empty": 0.99, "samples": 5, "split": None}
    generate(GenerateConfig(**fields, out=tmp_path / "empty", render=False))
    stats = measure(open_dataset(tmp_path / "empty"), "train")
    assert stats.objects.sum() == 0 and stats.to_json()["visible"] is None
    assert stats.draw().startswith(b"\x89PNG")
    with pytest.raises(DatasetError, match="has no samples in test"):
        measure(open_dataset(tmp_path / "empty"), "test")
