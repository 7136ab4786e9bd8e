import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from filelock import FileLock

import generator.decode_assets
import generator.make_shard
import generator.progress
from generator.config import GenerateConfig
from generator.drawing.write import DrawnSamples
from generator.errors import AssetError, ConfigError, DatasetError, DiskSpaceError
from generator.files import hash_file
from generator.locks import LOCK_FILE
from generator.pipeline import generate
from generator.plan import Request
from generator.reading.dataset import open_dataset
from generator.reading.verify import verify_dataset

Fields = dict[str, Any]


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: hash_file(path) for path in sorted(folder.glob("*.h5"))}


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {LOCK_FILE}


def test_a_dataset_is_what_the_design_says(unrendered: Path) -> None:
    manifest = json.loads((unrendered / "dataset.json").read_text())
    assert (manifest["format"], manifest["version"], manifest["storage"]) == ("fgbg-dataset", 1, "unrendered")
    shards = [shard for split in manifest["splits"].values() for shard in split["shards"]]
    assert files(unrendered) - {".verified.json"} == {
        "dataset.json",
        "journal.jsonl",
        "bank.h5",
        *(shard["file"] for shard in shards),
    }
    for entry in [*shards, manifest["bank"]]:
        assert hash_file(unrendered / entry["file"]) == entry["blake3"]
    assert [shard["samples"] for shard in manifest["splits"]["train"]["shards"]][:2] == [100, 100]
    head, *journal = [json.loads(line) for line in (unrendered / "journal.jsonl").read_text().splitlines()]
    assert (head["id"], head["bank"]) == (manifest["id"], manifest["bank"])
    assert [line["file"] for line in journal] == [shard["file"] for shard in shards]
    assert manifest["config"]["positions"] == 2 and not {"fg", "bg", "out"} & manifest["config"].keys()
    assert manifest["depth"]["sources"] == ["files"] and manifest["depth"]["pseudo"] is False


def test_splits_share_no_foreground_and_no_background(unrendered: Path) -> None:
    dataset = open_dataset(unrendered)
    used: dict[str, dict[str, set[int]]] = {"fg": {}, "bg": {}}
    for name, split in dataset.splits.items():
        used["fg"][name] = set(dataset.bank.sprite_fg[split.placements["sprite"]].tolist())
        used["bg"][name] = set(split.samples["bg"].tolist())
    for kind, by_split in used.items():
        assets = dataset.manifest.assets[kind]
        for name, numbers in by_split.items():
            assert numbers == {n for n, asset in enumerate(assets) if asset.split == name}
            assert numbers
    train = dataset["train"]
    assert len(train) == len(used["fg"]["train"]) * len(used["bg"]["train"]) * 2 * 2
    assert sorted(train.samples["sample_id"]) == list(range(len(train)))


def test_the_same_config_gives_the_same_bytes(request_fields: Fields, rendered: Path, tmp_path: Path) -> None:
    generate(GenerateConfig(**request_fields, out=tmp_path / "again"))
    assert hashes(tmp_path / "again") == hashes(rendered)
    assert (tmp_path / "again" / "dataset.json").read_bytes() == (rendered / "dataset.json").read_bytes()


def test_another_seed_gives_other_bytes(request_fields: Fields, unrendered: Path, tmp_path: Path) -> None:
    generate(GenerateConfig(**{**request_fields, "seed": 6}, out=tmp_path, render=False))
    assert not set(hashes(tmp_path).values()) & set(hashes(unrendered).values())


def test_unrendered_equals_rendered_when_read(unrendered: Path, rendered: Path) -> None:
    first, second = open_dataset(unrendered), open_dataset(rendered)
    for name in ("train", "val", "test"):
        assert len(first[name]) == len(second[name]) > 0
        rows = np.arange(len(first[name]))[::-1]
        one, other = first[name].read(rows), second[name].read(rows)
        for field in ("bg", "fg_bg", "mask", "depth"):
            assert (getattr(one, field) == getattr(other, field)).all()


def test_fewer_samples_are_the_first_ones(request_fields: Fields, unrendered: Path, tmp_path: Path) -> None:
    generate(GenerateConfig(**request_fields, out=tmp_path, render=False, samples=50))
    few, all_ = open_dataset(tmp_path), open_dataset(unrendered)
    assert sum(len(split) for split in few.splits.values()) == 50
    for name in ("train", "val", "test"):
        assert len(few[name]) > 0
        assert (few[name].samples == all_[name].samples[: len(few[name])]).all()


def test_statistics_are_those_of_the_train_pixels(request_fields: Fields, tmp_path: Path) -> None:
    generate(GenerateConfig(**request_fields, out=tmp_path, samples=300))
    dataset = open_dataset(tmp_path)
    batch = dataset["train"].read(np.arange(len(dataset["train"])))
    depth = (batch.depth[batch.depth > 0].astype(float) - 1) / 65534
    moments = dataset.manifest.statistics.fields
    assert dataset.manifest.statistics.samples == len(dataset["train"])
    for name, values in (
        ("bg", batch.bg / 255),
        ("fg_bg", batch.fg_bg / 255),
        ("mask", batch.mask[..., None] / 255),
    ):
        assert moments[name].mean == pytest.approx(values.mean(axis=(0, 1, 2)).tolist())
        assert moments[name].std == pytest.approx(values.std(axis=(0, 1, 2)).tolist())
    assert moments["depth"].mean == pytest.approx([depth.mean()])
    assert moments["depth"].std == pytest.approx([depth.std()])


@pytest.mark.parametrize("shards_before", [0, 1, 4])
def test_a_stopped_run_continues_to_the_same_bytes(
    request_fields: Fields,
    unrendered: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shards_before: int,
) -> None:
    config = GenerateConfig(**request_fields, out=tmp_path, render=False)
    write, written = generator.make_shard.write_shard, 0

    def stop_later(*args: Any) -> Any:
        nonlocal written
        if written == shards_before:
            raise KeyboardInterrupt
        written += 1
        return write(*args)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(generator.make_shard, "write_shard", stop_later)
        generate(config)
    assert not (tmp_path / "dataset.json").exists()
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.h5")}
    assert len(kept) == 1 + shards_before
    outcome = generate(config)
    assert hashes(tmp_path) == hashes(unrendered)
    assert (tmp_path / "dataset.json").read_bytes() == (unrendered / "dataset.json").read_bytes()
    shards = [shard for split in outcome.manifest.splits.values() for shard in split.shards]
    assert outcome.written == sum(shard.samples for shard in shards[shards_before:])
    assert all(path.stat().st_mtime_ns == mtime for path, mtime in kept.items())


def test_a_shard_that_the_journal_does_not_know_is_written_again(
    request_fields: Fields, unrendered: Path, tmp_path: Path
) -> None:
    config = GenerateConfig(**request_fields, out=tmp_path, render=False)
    generate(config)
    (tmp_path / "dataset.json").unlink()
    journal = tmp_path / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-20])  # the last line is incomplete
    (tmp_path / "train-00000.h5").write_bytes(b"cut off")
    generate(config)
    assert hashes(tmp_path) == hashes(unrendered)


def test_a_complete_dataset_is_left_alone(request_fields: Fields, unrendered: Path) -> None:
    before = {
        path: path.stat().st_mtime_ns for path in unrendered.glob("*.*") if path.suffix in (".h5", ".json")
    }
    assert generate(GenerateConfig(**request_fields, out=unrendered, render=False)).written == 0
    assert all(path.stat().st_mtime_ns == mtime for path, mtime in before.items())


def test_another_config_is_refused_with_the_difference(request_fields: Fields, unrendered: Path) -> None:
    before = hashes(unrendered)
    with pytest.raises(
        ConfigError, match=r"was made with other options \(seed: 5, now 9\)\. Use another `out`, or `over"
    ):
        generate(GenerateConfig(**{**request_fields, "seed": 9}, out=unrendered, render=False))
    assert hashes(unrendered) == before


def test_another_config_is_refused_on_an_unfinished_dataset_too(
    request_fields: Fields, tmp_path: Path
) -> None:
    generate(GenerateConfig(**request_fields, out=tmp_path, render=False))
    (tmp_path / "dataset.json").unlink()
    with pytest.raises(ConfigError, match=r"positions: 2, now 3"):
        generate(GenerateConfig(**{**request_fields, "positions": 3}, out=tmp_path, render=False))


def test_overwrite_replaces_the_dataset_and_nothing_else(request_fields: Fields, tmp_path: Path) -> None:
    generate(GenerateConfig(**request_fields, out=tmp_path, render=False))
    (tmp_path / "mine.txt").write_text("keep")
    (tmp_path / "mine.h5").write_text("keep")
    config = GenerateConfig(**{**request_fields, "positions": 1}, out=tmp_path, render=False)
    outcome = generate(config, overwrite=True)
    assert (tmp_path / "mine.txt").exists() and (tmp_path / "mine.h5").exists()
    shards = {shard.file for split in outcome.manifest.splits.values() for shard in split.shards}
    assert {path.name for path in tmp_path.glob("*.h5")} == {"bank.h5", "mine.h5"} | shards
    assert open_dataset(tmp_path).manifest.config["positions"] == 1


def test_overwrite_with_a_broken_picture_loses_nothing(
    request_fields: Fields, assets: Any, tmp_path: Path
) -> None:
    out, bg = tmp_path / "out", tmp_path / "bg"
    generate(GenerateConfig(**request_fields, out=out, render=False))
    before = hashes(out)
    bg.mkdir()
    (bg / "broken.png").write_text("no picture")
    with pytest.raises(AssetError, match=r"broken\.png"):
        generate(GenerateConfig(**{**request_fields, "bg": bg}, out=out, render=False), overwrite=True)
    assert hashes(out) == before and not list(out.glob("*.tmp")) and not list(out.glob(".*.tmp"))
    open_dataset(out)


def test_one_foreground_with_split_none(request_fields: Fields, assets: Any, tmp_path: Path) -> None:
    fg = tmp_path / "fg"
    fg.mkdir()
    (fg / "only.png").write_bytes(next(assets.fg.iterdir()).read_bytes())
    fields = {**request_fields, "fg": fg, "split": None}
    outcome = generate(GenerateConfig(**fields, out=tmp_path / "out", render=False))
    assert [split.samples for split in outcome.manifest.splits.values()] == [12 * 2 * 2, 0, 0]
    assert len(open_dataset(tmp_path / "out")["val"]) == 0
    with pytest.raises(ConfigError, match="at least 3 different foregrounds"):
        generate(GenerateConfig(**{**fields, "split": (80, 10, 10)}, out=tmp_path / "other"))
    assert not list((tmp_path / "other").glob("*.h5"))


def test_not_enough_disk_is_said_before_the_first_byte(
    request_fields: Fields, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 100_000})()
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    with pytest.raises(
        DiskSpaceError, match=r"expected \d+\.\d MB of free disk, found 100\.0 kB; .*`render=False`"
    ):
        generate(GenerateConfig(**request_fields, out=tmp_path))
    assert files(tmp_path) == set()


def test_a_second_generator_on_the_folder_is_refused(request_fields: Fields, tmp_path: Path) -> None:
    with (
        FileLock(tmp_path / LOCK_FILE),
        pytest.raises(ConfigError, match="is in use by another 'fgbg generate'"),
    ):
        generate(GenerateConfig(**request_fields, out=tmp_path))


def test_near_duplicates_land_in_one_split(request_fields: Fields, assets: Any, tmp_path: Path) -> None:
    bg = tmp_path / "bg"
    bg.mkdir()
    pictures = sorted(path for path in assets.bg.iterdir() if ".depth" not in path.name)
    for number, path in enumerate(pictures[:6]):
        rgb = cv2.imread(str(path))
        cv2.imwrite(str(bg / f"{number}-a.png"), rgb)
        cv2.imwrite(str(bg / f"{number}-b.jpg"), rgb)
    fields = {**request_fields, "bg": bg, "positions": 1}
    for seed in range(3):
        outcome = generate(GenerateConfig(**{**fields, "seed": seed}, out=tmp_path / str(seed), render=False))
        splits = {asset.name: asset.split for asset in outcome.manifest.assets["bg"]}
        assert all(splits[f"{n}-a.png"] == splits[f"{n}-b.jpg"] for n in range(6))
        assert outcome.manifest.depth.pseudo


def stop_unfinished(config: GenerateConfig) -> None:
    """Make a dataset and remove its manifest: all shards are there, and the next call continues."""
    generate(config)
    (config.out / "dataset.json").unlink()


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["bank.h5", "train-00001.h5"])
@pytest.mark.parametrize("damage", [flip_a_byte, Path.unlink])
def test_what_is_damaged_in_an_unfinished_dataset_is_made_again(
    request_fields: Fields, unrendered: Path, tmp_path: Path, name: str, damage: Callable[[Path], None]
) -> None:
    config = GenerateConfig(**request_fields, out=tmp_path, render=False)
    stop_unfinished(config)
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.h5") if path.name != name}
    damage(tmp_path / name)
    said: list[str] = []
    outcome = generate(config, say=said.append)
    assert hashes(tmp_path) == hashes(unrendered)
    assert (tmp_path / "dataset.json").read_bytes() == (unrendered / "dataset.json").read_bytes()
    # If the new bank has the same bytes, all shards are kept.
    assert all(path.stat().st_mtime_ns == mtime for path, mtime in kept.items())
    assert outcome.written == (0 if name == "bank.h5" else 100)
    if damage is flip_a_byte:
        assert any(f"{name}: damaged since it was written; it is made again" in line for line in said)


def test_another_bank_leaves_no_shard_of_the_one_before(
    request_fields: Fields, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on another machine, whose libraries scale pictures in another way."""
    config = GenerateConfig(**request_fields, out=tmp_path, render=False)
    stop_unfinished(config)
    before = hashes(tmp_path)
    flip_a_byte(tmp_path / "bank.h5")
    fit = generator.decode_assets.fit_picture
    monkeypatch.setattr(generator.decode_assets, "fit_picture", lambda rgb, size: 255 - fit(rgb, size))
    outcome = generate(config)
    assert outcome.written == sum(len(split) for split in open_dataset(tmp_path).splits.values())
    assert hashes(tmp_path)["bank.h5"] != before["bank.h5"]


def test_an_unfinished_dataset_of_an_older_version_is_made_again(
    request_fields: Fields, unrendered: Path, tmp_path: Path
) -> None:
    config = GenerateConfig(**request_fields, out=tmp_path, render=False)
    stop_unfinished(config)
    journal = tmp_path / "journal.jsonl"
    lines = [json.loads(line) for line in journal.read_text().splitlines()[1:]]
    old = [json.dumps({name: line[name] for name in line if name != "line"}) for line in lines]
    journal.write_text("\n".join(old[:2]) + "\n")
    (tmp_path / "train-00000.h5").write_bytes(b"cut off")
    said: list[str] = []
    generate(config, say=said.append)
    assert any("everything is made again" in line for line in said)
    assert hashes(tmp_path) == hashes(unrendered)


def test_a_damaged_bank_of_another_request_is_refused(request_fields: Fields, tmp_path: Path) -> None:
    config = GenerateConfig(**request_fields, out=tmp_path, render=False)
    stop_unfinished(config)
    (tmp_path / "bank.h5").write_bytes(b"damaged")
    with pytest.raises(ConfigError, match=r"made with other options or .* \(its bank is damaged\)\. Use"):
        generate(GenerateConfig(**{**request_fields, "positions": 3}, out=tmp_path, render=False))


@pytest.mark.parametrize(
    "name", ["train-00000.h5", "val-00000.h5", "bank.h5", "dataset.json", "journal.jsonl", "test-00123.h5"]
)
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_file_that_fgbg_did_not_write_is_never_replaced(
    request_fields: Fields, tmp_path: Path, name: str, overwrite: bool
) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(ConfigError, match=rf"{name} was not written by fgbg and would be repl"):
        generate(GenerateConfig(**request_fields, out=tmp_path, render=False), overwrite)
    assert files(tmp_path) == {name} and (tmp_path / name).read_text() == "mine"


@pytest.mark.parametrize("finished", [False, True])
def test_a_foreign_file_among_a_dataset_is_not_replaced_either(
    request_fields: Fields, tmp_path: Path, finished: bool
) -> None:
    config = GenerateConfig(**request_fields, out=tmp_path, render=False)
    stop_unfinished(config)
    if finished:
        generate(config)
    (tmp_path / "train-00099.h5").write_text("mine")
    with pytest.raises(ConfigError, match=r"train-00099\.h5 was not written by"):
        generate(GenerateConfig(**{**request_fields, "shard_samples": 1}, out=tmp_path), overwrite=True)
    assert (tmp_path / "train-00099.h5").read_text() == "mine"


def test_a_dataset_that_lacks_a_file_is_not_called_complete(request_fields: Fields, tmp_path: Path) -> None:
    config = GenerateConfig(**request_fields, out=tmp_path, render=False)
    generate(config)
    (tmp_path / "val-00000.h5").unlink()
    with pytest.raises(DatasetError, match=r"val-00000\.h5 is missing\. Copy the dataset again"):
        generate(config)
    assert generate(config, overwrite=True).written > 0


def test_overwrite_replaces_a_damaged_manifest(
    request_fields: Fields, unrendered: Path, tmp_path: Path
) -> None:
    config = GenerateConfig(**request_fields, out=tmp_path, render=False)
    generate(config)
    manifest = tmp_path / "dataset.json"
    manifest.write_bytes(manifest.read_bytes()[:-50])
    with pytest.raises(DatasetError, match=r"dataset\.json: expected a dataset of format version 1 or 2"):
        generate(config)
    generate(config, overwrite=True)
    assert manifest.read_bytes() == (unrendered / "dataset.json").read_bytes()


def test_the_manifest_is_the_same_however_folders_are_spelled(
    request_fields: Fields, assets: DrawnSamples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    monkeypatch.chdir(assets.fg.parent)
    for number, fg in enumerate((assets.fg, Path(assets.fg.name), Path("..") / assets.fg.parent.name / "fg")):
        out = tmp_path / str(number)
        generate(GenerateConfig(**{**request_fields, "fg": fg}, samples=10, out=out, render=False))
        found.append([(out / name).read_bytes() for name in ("dataset.json", "bank.h5", "journal.jsonl")])
    assert found[0] == found[1] == found[2]
    assert str(assets.fg.parent).encode() not in b"".join(found[0])


@pytest.fixture
def with_depth(request_fields: Fields, assets: DrawnSamples, tmp_path: Path) -> GenerateConfig:
    """Config of a dataset; one background, b0.png, has a depth file."""
    bg = tmp_path / "bg"
    bg.mkdir()
    pictures = sorted(path for path in assets.bg.iterdir() if ".depth" not in path.name)
    for number, path in enumerate(pictures[:3]):
        shutil.copy(path, bg / f"b{number}.png")
    cv2.imwrite(str(bg / "b0.depth.png"), np.full((64, 64), 1000, np.uint16))
    fields = {**request_fields, "bg": bg, "samples": 20, "render": False, "depth": "auto"}
    return GenerateConfig(**fields, out=tmp_path / "out")


def test_the_id_holds_depth_files(with_depth: GenerateConfig) -> None:
    manifest = generate(with_depth).manifest
    hashes_ = {asset.name: asset.depth_hash for asset in manifest.assets["bg"]}
    assert hashes_ == {"b0.png": hash_file(with_depth.bg / "b0.depth.png"), "b1.png": None, "b2.png": None}
    assert generate(with_depth).written == 0
    cv2.imwrite(str(with_depth.bg / "b0.depth.png"), np.full((64, 64), 2000, np.uint16))
    with pytest.raises(ConfigError, match=r"other depth files \(the depth of bg/b0\.png changed since\)"):
        generate(with_depth)
    assert generate(with_depth, overwrite=True).manifest.id != manifest.id
    (with_depth.bg / "b0.depth.png").unlink()
    with pytest.raises(ConfigError, match=r"the depth of bg/b0\.png removed since"):
        generate(with_depth)


def test_depth_files_do_not_count_where_they_are_not_read(with_depth: GenerateConfig) -> None:
    plane = with_depth.model_copy(update={"depth": "plane"})
    manifest = generate(plane).manifest
    assert b"depth_hash" not in (plane.out / "dataset.json").read_bytes()
    (plane.bg / "b0.depth.png").unlink()
    assert generate(plane).manifest == manifest


def test_a_dataset_from_before_depth_files_counted_is_still_complete(with_depth: GenerateConfig) -> None:
    manifest = generate(with_depth).manifest
    assets = {
        kind: [replace(asset, depth_hash=None) for asset in manifest.assets[kind]] for kind in ("fg", "bg")
    }
    id_ = Request.of(manifest.config, assets).id()
    old = manifest.model_copy(update={"assets": assets, "id": id_})
    (with_depth.out / "dataset.json").write_text(old.model_dump_json())
    assert generate(with_depth).manifest.id == id_ != manifest.id
    assert open_dataset(with_depth.out).manifest.id == id_


@pytest.mark.parametrize("progress", [True, False])
def test_progress_is_shown_on_stderr_unless_silenced(
    request_fields: Fields,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    progress: bool,
) -> None:
    monkeypatch.setattr(generator.progress, "LINE_SECONDS", 0)
    out = tmp_path / "made"
    fields = {**request_fields, "fg": str(request_fields["fg"]), "out": str(out), "render": False}
    generate(GenerateConfig(**fields), progress=progress)  # paths may be strings
    open_dataset(str(out), progress=progress)
    assert verify_dataset(str(out), progress=progress) == []
    printed = capsys.readouterr()
    assert printed.out == ""
    labels = {line.partition(":")[0] for line in printed.err.splitlines()}
    assert labels == ({"reading pictures", "generating", "verifying"} if progress else set())
