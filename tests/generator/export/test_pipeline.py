import json
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from filelock import FileLock

import generator.export.blocks
import generator.export.pipeline
import generator.progress
from generator.errors import ConfigError, DatasetError, DiskSpaceError, UsageError
from generator.export.blocks import block_samples, cut
from generator.export.config import ExportConfig
from generator.export.pipeline import export_dataset
from generator.export.samples import Encoder, Sample
from generator.files import hash_file
from generator.reading.dataset import open_dataset


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator.export.blocks, "_MOST_SAMPLES", 20)
    monkeypatch.setattr(generator.export.blocks, "ARCHIVE_SAMPLES", 40)


@pytest.fixture
def config(unrendered: Path, tmp_path: Path) -> ExportConfig:
    """An export of 70 samples as a folder, in at least 4 blocks."""
    return ExportConfig(data=unrendered, out=tmp_path / "out", format="folder", samples=70, workers=1)


def changed(config: ExportConfig, **fields: object) -> ExportConfig:
    return ExportConfig(**{**config.model_dump(), **fields})


def content(folder: Path) -> dict[str, str]:
    """Hashes of all files except those in the export's own `.export` folder."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    names = {path: path.relative_to(folder).as_posix() for path in paths}
    return {name: hash_file(path) for path, name in names.items() if not name.startswith(".export/")}


def break_after(monkeypatch: pytest.MonkeyPatch, calls: int) -> None:
    """Stop the export as Ctrl-C does, after this number of encoded fields."""
    encode, left = Encoder.encode, [calls]

    def failing(self: Encoder, field: str, sample: Sample) -> bytes:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return encode(self, field, sample)

    monkeypatch.setattr(Encoder, "encode", failing)


@pytest.mark.parametrize("name", ["folder", "coco", "webdataset"])
def test_the_same_bytes_by_one_worker_and_by_two(config: ExportConfig, tmp_path: Path, name: str) -> None:
    one = changed(config, format=name)
    two = changed(one, out=tmp_path / "two", workers=2)
    first, second = export_dataset(one), export_dataset(two)
    assert content(one.out) == content(two.out) and content(one.out)
    assert first.samples == second.samples and sum(first.samples.values()) == first.written == 70
    on_disk = [path for path in one.out.rglob("*") if path.suffix in (".png", ".tar")]
    assert first.bytes == second.bytes == sum(path.stat().st_size for path in on_disk)


@pytest.mark.parametrize("name", ["folder", "coco", "webdataset"])
def test_stopped_half_way_it_continues_to_the_same_bytes(
    config: ExportConfig, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = changed(config, format=name)
    whole = changed(config, out=tmp_path / "whole")
    export_dataset(whole)
    expected = content(whole.out)
    with monkeypatch.context() as stopping:
        # The estimate of disk space takes the first calls. Then some blocks are finished, one is half done.
        break_after(stopping, {"folder": 4, "coco": 1, "webdataset": 5}[name] * (24 + 50))
        with pytest.raises(KeyboardInterrupt):
            export_dataset(config)
    half = content(config.out)
    assert half and half.items() < expected.items()
    outcome = export_dataset(config)
    assert 0 < outcome.written < 70
    assert content(config.out) == expected
    assert {path.name for path in (config.out / ".export").iterdir()} == {"journal.jsonl", "lock"}


def test_no_picture_stands_half_under_its_name(config: ExportConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop in the middle of a picture leaves no part of it. The next call removes the rest of a kill."""
    write = Path.write_bytes
    with monkeypatch.context() as killing:

        def half(self: Path, data: bytes) -> int:
            if "/mask/" not in self.as_posix():
                return write(self, data)
            write(self, data[: len(data) // 2])
            raise KeyboardInterrupt

        killing.setattr(Path, "write_bytes", half)
        with pytest.raises(KeyboardInterrupt):
            export_dataset(config)
    masks = next(config.out.glob("*/mask"))
    assert not list(masks.iterdir())
    (masks / ".fgbg-0123456789abcdef.tmp").touch()
    export_dataset(config)
    assert not list(config.out.rglob("*.tmp"))


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"")])
def test_finished_work_is_left_and_missing_pictures_are_written_again(
    config: ExportConfig, damage: Callable[[Path], None]
) -> None:
    export_dataset(config)
    expected = content(config.out)
    times = {path: path.stat().st_mtime_ns for path in config.out.rglob("*.png")}
    again = export_dataset(config)
    assert again.written == 0 and sum(again.samples.values()) == 70
    assert times == {path: path.stat().st_mtime_ns for path in config.out.rglob("*.png")}
    damage(next(config.out.glob("train/depth/*.png")))
    assert export_dataset(config).written > 0
    assert content(config.out) == expected
    (config.out / "samples.csv").unlink()
    export_dataset(config)
    assert content(config.out) == expected


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"samples": 60}, r"out was made with other options \(samples: 70, now 60\)"),
        ({"samples": None}, "samples: 70, now all"),
        ({"subset": "val", "samples": None}, "subset: all, now val"),
        ({"format": "webdataset"}, "format: folder, now webdataset"),
        ({"picture_format": "jpg"}, "picture_format: png, now jpg"),
    ],
)
def test_another_request_is_refused_with_the_difference(
    config: ExportConfig, change: dict[str, object], complaint: str
) -> None:
    export_dataset(config)
    expected = content(config.out)
    with pytest.raises(ConfigError, match=complaint + ".*Use another `out`, or `overwrite=True`"):
        export_dataset(changed(config, **change))
    assert content(config.out) == expected


def test_another_dataset_is_refused(config: ExportConfig, crowded: Path) -> None:
    export_dataset(config)
    with pytest.raises(ConfigError, match=r"made with other options \(dataset: "):
        export_dataset(changed(config, data=crowded))


def test_overwrite_removes_what_an_export_wrote_and_nothing_else(
    config: ExportConfig, tmp_path: Path
) -> None:
    export_dataset(config)
    kept = [config.out / "notes.txt", config.out / "train" / "mask" / "mine.png"]
    for path in kept:
        path.write_text("mine")
    other = changed(config, format="webdataset", samples=30)
    export_dataset(other, overwrite=True)
    export_dataset(changed(other, out=tmp_path / "clean"))
    found = content(config.out)
    assert all(path.read_text() == "mine" for path in kept)
    for name in ("notes.txt", "train/mask/mine.png"):
        del found[name]
    assert found == content(tmp_path / "clean")
    assert not (config.out / "val").exists()


def test_a_folder_of_something_else_is_left_alone(config: ExportConfig) -> None:
    config.out.mkdir()
    (config.out / "thesis.txt").write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(
            ConfigError, match=r"expected an empty folder or an earlier export, found thesis\.txt"
        ):
            export_dataset(config, overwrite)
    assert [path.name for path in config.out.iterdir()] == ["thesis.txt"]


def test_the_dataset_itself_is_no_place_to_write(
    config: ExportConfig, unrendered: Path, tmp_path: Path
) -> None:
    shutil.copytree(unrendered, tmp_path / "copy")
    with pytest.raises(ConfigError, match="expected an empty folder"):
        export_dataset(changed(config, data=tmp_path / "copy", out=tmp_path / "copy"), overwrite=True)
    open_dataset(tmp_path / "copy")


def test_a_journal_that_is_none(config: ExportConfig) -> None:
    (config.out / ".export").mkdir(parents=True)
    (config.out / ".export" / "journal.jsonl").write_text("groceries\n")
    with pytest.raises(ConfigError, match=r"expected the journal of an export, found something else"):
        export_dataset(config, overwrite=True)


def test_only_one_writes_at_a_time(config: ExportConfig) -> None:
    (config.out / ".export").mkdir(parents=True)
    with (
        FileLock(config.out / ".export" / "lock"),
        pytest.raises(ConfigError, match="in use by another 'fgbg export'"),
    ):
        export_dataset(config)


def test_what_does_not_fit_is_refused_before_the_first_picture(
    config: ExportConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(config.data)._replace(free=1_000_000)
    monkeypatch.setattr(generator.export.pipeline.shutil, "disk_usage", lambda path: usage)
    # 70 samples with 4 files each; every file takes at least one disk block.
    with pytest.raises(
        DiskSpaceError, match=r"expected 1\.2 MB of free disk, found 1\.0 MB; lower `samples` or use"
    ):
        export_dataset(config)
    assert not list(config.out.rglob("*.png"))
    monkeypatch.setattr(
        generator.export.pipeline.shutil, "disk_usage", lambda path: usage._replace(free=1_300_000)
    )
    assert export_dataset(config).written == 70


def test_samples_are_shared_among_splits_and_are_the_first_of_each(
    config: ExportConfig, unrendered: Path
) -> None:
    outcome = export_dataset(config)
    dataset = open_dataset(unrendered)
    assert set(outcome.samples) == {"train", "val", "test"} and outcome.samples["train"] > 50
    for split, kept in outcome.samples.items():
        expected = {f"{number:012d}.png" for number in dataset[split].samples["sample_id"][:kept]}
        assert {path.name for path in (config.out / split / "fg_bg").iterdir()} == expected
    one = export_dataset(changed(config, subset="val", samples=None, out=config.out / ".." / "val"))
    assert one.samples == {"val": len(dataset["val"])}


def test_a_split_without_samples_is_refused(config: ExportConfig, crowded: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="Run 'fgbg generate' or 'fgbg import' first"):
        export_dataset(changed(config, data=tmp_path / "nowhere"))
    (tmp_path / "unfinished").mkdir()
    (tmp_path / "unfinished" / "journal.jsonl").touch()
    with pytest.raises(DatasetError, match="holds an unfinished dataset"):
        export_dataset(changed(config, data=tmp_path / "unfinished"))
    assert not config.out.exists()


def test_samples_of_one_number_are_refused(config: ExportConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = open_dataset(config.data)
    dataset["val"].samples["sample_id"][1] = dataset["val"].samples["sample_id"][0]
    monkeypatch.setattr(generator.export.blocks, "open_dataset", lambda folder: dataset)
    with pytest.raises(DatasetError, match="expected samples of val with different numbers"):
        export_dataset(config)
    assert not config.out.exists()


def test_paths_are_text_or_paths_and_the_bar_can_be_hidden(
    unrendered: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(generator.progress, "LINE_SECONDS", 0)
    for name, shown in (("a", True), ("b", False)):
        config = ExportConfig(
            data=str(unrendered), out=str(tmp_path / name), format="folder", samples=1, workers=1
        )
        assert export_dataset(config, progress=shown).written == 1
        assert ("exporting: 1/1 samples" in capsys.readouterr().err) == shown


def test_a_value_that_cannot_be_is_refused(config: ExportConfig) -> None:
    for field, value in (
        ("format", "zip"),
        ("subset", "dev"),
        ("samples", 0),
        ("quality", 101),
        ("workers", 0),
    ):
        with pytest.raises(ConfigError, match=f"`{field}`: expected"):
            changed(config, **{field: value})


def test_quality_needs_jpeg(config: ExportConfig) -> None:
    with pytest.raises(UsageError, match="`quality`: expected JPEG pictures, found `picture_format=png`"):
        changed(config, quality=90)


def test_jpeg_pictures_and_exact_maps(config: ExportConfig, unrendered: Path) -> None:
    config = changed(config, picture_format="jpg", samples=10)
    export_dataset(config)
    sizes = sum(path.stat().st_size for path in config.out.rglob("*.jpg"))
    batch = open_dataset(unrendered)["train"].read([0])
    name = f"{open_dataset(unrendered)['train'].samples['sample_id'][0]:012d}"
    picture = cv2.imread(str(config.out / "train" / "fg_bg" / f"{name}.jpg"))[..., ::-1]
    assert np.abs(picture.astype(int) - batch.fg_bg[0]).mean() < 12
    depth = cv2.imread(str(config.out / "train" / "depth" / f"{name}.png"), cv2.IMREAD_UNCHANGED)
    assert (depth == batch.depth[0]).all()
    export_dataset(changed(config, quality=20), overwrite=True)
    assert sum(path.stat().st_size for path in config.out.rglob("*.jpg")) < 0.8 * sizes


@pytest.mark.parametrize("name", ["folder", "coco", "webdataset"])
def test_what_is_finished_is_kept_to_the_block(
    config: ExportConfig, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Also inside an archive, which consists of several blocks."""
    config = changed(config, format=name, subset="train", samples=40)
    fields = {"folder": 4, "coco": 1, "webdataset": 5}[name]
    with monkeypatch.context() as stopping:
        break_after(stopping, fields * (24 + 30))
        with pytest.raises(KeyboardInterrupt):
            export_dataset(config)
    assert export_dataset(config).written == 20


@pytest.mark.parametrize("name", ["folder", "webdataset"])
def test_hidden_files_that_a_power_cut_spoiled_are_made_again(
    config: ExportConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    config = changed(config, format=name, subset="train", samples=40)
    with monkeypatch.context() as stopping:
        break_after(stopping, {"folder": 4, "webdataset": 5}[name] * (24 + 30))
        with pytest.raises(KeyboardInterrupt):
            export_dataset(config)
    (hidden,) = (path for path in (config.out / ".export").iterdir() if path.name.startswith("train-000000."))
    hidden.write_bytes(bytes(hidden.stat().st_size))
    assert export_dataset(config).written == 40
    export_dataset(changed(config, out=tmp_path / "whole"))
    assert content(config.out) == content(tmp_path / "whole")


@pytest.mark.parametrize("name", ["folder", "coco", "webdataset"])
def test_an_export_of_version_1_is_complete_or_continued(config: ExportConfig, name: str) -> None:
    config = changed(config, format=name, subset="train", samples=60)
    export_dataset(config)
    expected = content(config.out)
    request = config.request(open_dataset(config.data).manifest.id).model_copy(update={"version": 1})
    sizes = {
        "folder": lambda first, stop: loose_bytes(config, first, stop, ["bg", "fg_bg", "mask", "depth"]),
        "coco": lambda first, stop: loose_bytes(config, first, stop, []),
        "webdataset": lambda first, stop: (config.out / f"train-{first // 40:06d}.tar").stat().st_size,
    }[name]
    lines = [request.model_dump_json()]
    for number, (first, stop) in enumerate(((0, 40), (40, 60))):
        line = {"block": f"train-{number:06d}", "samples": stop - first, "bytes": sizes(first, stop)}
        lines.append(json.dumps(line))
    journal = config.out / ".export" / "journal.jsonl"
    journal.write_text("\n".join([*lines, '{"finished":true}', ""]))
    assert export_dataset(config).written == 0
    journal.write_text("\n".join([*lines[:2], ""]))
    # Archives are kept; single pictures are written again.
    assert export_dataset(config).written == (20 if name == "webdataset" else 60)
    assert content(config.out) == expected


def loose_bytes(config: ExportConfig, first: int, stop: int, fields: list[str]) -> int:
    numbers = open_dataset(config.data)["train"].samples["sample_id"][first:stop]
    folders = [config.out / "train" / field for field in fields] or [config.out / "images" / "train"]
    return sum((folder / f"{number:012d}.png").stat().st_size for folder in folders for number in numbers)


def test_blocks_are_small_and_fill_archives() -> None:
    size = block_samples((192, 192), instances=False)
    assert 10 <= size <= 50 and block_samples((8, 8), False) <= 100 and block_samples((8192, 8192), True) == 1
    blocks = cut({"train": 95, "val": 3}, 30)  # the archives have 40 samples
    assert [(block.name, block.archive, block.first, block.stop) for block in blocks] == [
        ("train-000000", "train-000000", 0, 30),
        ("train-000001", "train-000000", 30, 40),
        ("train-000002", "train-000001", 40, 70),
        ("train-000003", "train-000001", 70, 80),
        ("train-000004", "train-000002", 80, 95),
        ("val-000000", "val-000000", 0, 3),
    ]
