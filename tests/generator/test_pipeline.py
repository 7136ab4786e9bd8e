import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from filelock import FileLock

import generator.shard_writer
from generator.config import GenerateConfig
from generator.dataset import open_dataset
from generator.errors import AssetError, ConfigError, DiskSpaceError
from generator.files import hash_file
from generator.locks import LOCK_FILE
from generator.pipeline import generate

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
    journal = [json.loads(line) for line in (unrendered / "journal.jsonl").read_text().splitlines()]
    assert [line["file"] for line in journal] == [shard["file"] for shard in shards]
    assert manifest["config"]["positions"] == 2 and "out" not in manifest["config"]
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
    write, written = generator.shard_writer.write_shard, 0

    def stop_later(*args: Any) -> Any:
        nonlocal written
        if written == shards_before:
            raise KeyboardInterrupt
        written += 1
        return write(*args)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(generator.shard_writer, "write_shard", stop_later)
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
    journal.write_bytes(journal.read_bytes()[:-20])  # torn
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
    with pytest.raises(ConfigError, match=r"to have seed 9, found seed 5; use another --out, or --overwrite"):
        generate(GenerateConfig(**{**request_fields, "seed": 9}, out=unrendered, render=False))
    assert hashes(unrendered) == before


def test_another_config_is_refused_on_an_unfinished_dataset_too(
    request_fields: Fields, tmp_path: Path
) -> None:
    generate(GenerateConfig(**request_fields, out=tmp_path, render=False))
    (tmp_path / "dataset.json").unlink()
    with pytest.raises(ConfigError, match=r"positions 3, found positions 2"):
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
        DiskSpaceError, match=r"expected \d+\.\d MB of free disk, found 100\.0 kB; .*--no-render"
    ):
        generate(GenerateConfig(**request_fields, out=tmp_path))
    assert files(tmp_path) == set()


def test_a_second_generator_on_the_folder_is_refused(request_fields: Fields, tmp_path: Path) -> None:
    with FileLock(tmp_path / LOCK_FILE), pytest.raises(ConfigError, match="another 'fgbg generate' at work"):
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
