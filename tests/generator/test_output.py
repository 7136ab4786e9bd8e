"""Datasets that are written to a URL: the same bytes as here, after whatever went wrong on the way."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from generator import output, shard_runs
from generator.config import GenerateConfig
from generator.errors import ConfigError, DiskSpaceError, RemoteError, UsageError
from generator.format.journal import Journal
from generator.locks import hold_folder
from generator.pipeline import generate
from generator.reading.dataset import open_dataset
from generator.reading.verify import verify_dataset


@pytest.fixture
def config(request_fields: dict[str, object], elsewhere: Any) -> GenerateConfig:
    return GenerateConfig(**request_fields, out=elsewhere.url)


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}


def left(elsewhere: Any) -> list[str]:
    """What the cache still holds."""
    return [path.name for path in elsewhere.cache.rglob("*") if path.is_file()]


def test_a_url_gets_the_same_bytes_and_nothing_stays_here(
    config: GenerateConfig, elsewhere: Any, rendered: Path
) -> None:
    assert generate(config, progress=False).written == 288
    assert elsewhere.store == files_of(rendered)
    assert left(elsewhere) == [".lock"]
    written = list(elsewhere.faults.calls)
    assert written[0] == "bank.h5" and written[-1] == "dataset.json"
    assert generate(config, progress=False).written == 0 and elsewhere.faults.calls == written


def test_another_machine_continues(config: GenerateConfig, elsewhere: Any, rendered: Path) -> None:
    elsewhere.faults.fail_after["put_file"] = 3  # the bank and two shards
    with pytest.raises(RemoteError, match=r"h5 cannot be written: connection reset by peer\. .* continues"):
        generate(config, progress=False)
    elsewhere.faults.fail_after.clear()
    assert "dataset.json" not in elsewhere.store
    shutil.rmtree(elsewhere.cache)
    elsewhere.faults.calls.clear()
    assert generate(config, progress=False).written == 288 - 200
    assert elsewhere.faults.calls == ["train-00002.h5", "val-00000.h5", "test-00000.h5", "dataset.json"]
    assert elsewhere.store == files_of(rendered)


def test_a_bank_whose_upload_failed_is_copied_when_the_run_goes_on(
    config: GenerateConfig, elsewhere: Any, rendered: Path
) -> None:
    elsewhere.faults.fail_after["put_file"] = 0
    with pytest.raises(RemoteError, match=r"bank.h5 cannot be written"):
        generate(config, progress=False)
    elsewhere.faults.fail_after.clear()
    assert "bank.h5" in left(elsewhere) and list(elsewhere.store) == ["journal.jsonl"]
    lines: list[str] = []
    assert generate(config, say=lines.append, progress=False).written == 288
    assert not [line for line in lines if line.startswith("bank:")]  # it is not made again
    assert elsewhere.store == files_of(rendered)


def test_an_old_bank_is_not_taken_for_the_new_one(
    config: GenerateConfig, elsewhere: Any, rendered: Path
) -> None:
    elsewhere.copy(rendered)
    other = config.model_copy(update={"seed": config.seed + 1})
    elsewhere.faults.fail_after["put_file"] = 0
    with pytest.raises(RemoteError, match=r"bank.h5 cannot be written"):
        generate(other, overwrite=True, progress=False)
    elsewhere.faults.fail_after.clear()
    assert list(elsewhere.store) == ["journal.jsonl"]
    generate(other, progress=False)
    assert len(elsewhere.store["bank.h5"]) == (rendered / "bank.h5").stat().st_size
    assert verify_dataset(elsewhere.url, progress=False) == []


def test_a_bank_that_is_not_as_the_journal_says_is_made_again(
    config: GenerateConfig, elsewhere: Any, rendered: Path
) -> None:
    elsewhere.copy(rendered)
    elsewhere.remove("dataset.json")
    elsewhere.put("bank.h5", elsewhere.store["bank.h5"][:-1])
    elsewhere.remove("train-00001.h5")
    lines: list[str] = []
    assert generate(config, say=lines.append, progress=False).written == 100
    assert f"{elsewhere.url}/train-00001.h5: damaged since it was written; it is made again" in lines
    made, expected = elsewhere.store, files_of(rendered)
    assert made.pop("journal.jsonl") != expected.pop("journal.jsonl")  # its lines have another order
    assert made == expected


def test_a_finished_dataset_is_replaced_only_if_asked(
    config: GenerateConfig, elsewhere: Any, rendered: Path, unrendered: Path
) -> None:
    elsewhere.copy(unrendered)
    said = r"faulty://bucket/data was made with other options \(render: false, now true\)"
    with pytest.raises(ConfigError, match=said):
        generate(config, progress=False)
    assert elsewhere.store == files_of(unrendered)
    generate(config, overwrite=True, progress=False)
    assert elsewhere.store == files_of(rendered)


def test_a_file_of_someone_else_is_not_replaced(config: GenerateConfig, elsewhere: Any) -> None:
    elsewhere.put("bank.h5", b"mine")
    with pytest.raises(ConfigError, match=r"faulty://bucket/data/bank.h5 was not written by fgbg"):
        generate(config, overwrite=True, progress=False)
    assert elsewhere.store == {"bank.h5": b"mine"}


def test_a_second_writer_stops_the_first(
    config: GenerateConfig, elsewhere: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "_JOURNAL_SECONDS", 0.0)
    monkeypatch.setattr(output, "_JOURNAL_SHARE", float("inf"))
    append = Journal.append

    def append_after_another(journal: Journal, line: Any) -> None:
        elsewhere.put("journal.jsonl", b"of another machine")
        append(journal, line)

    monkeypatch.setattr(Journal, "append", append_after_another)
    with pytest.raises(ConfigError, match=r"faulty://bucket/data was changed by another process while"):
        generate(config, progress=False)
    assert elsewhere.store["journal.jsonl"] == b"of another machine" and "dataset.json" not in elsewhere.store


def test_a_second_process_here_is_refused(config: GenerateConfig, elsewhere: Any) -> None:
    with hold_folder(config.folder, "fgbg generate"), pytest.raises(ConfigError) as caught:
        generate(config, progress=False)
    assert (
        str(caught.value) == "faulty://bucket/data is in use by another 'fgbg generate'. Wait until it ends."
    )


def test_a_place_that_cannot_be_written_is_refused_before_work(
    config: GenerateConfig, elsewhere: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere.faults.denied.add("pipe_file")
    said = r"cannot be written: access is denied \(Access Denied\)\. Check your permissions"
    lines: list[str] = []
    with pytest.raises(RemoteError, match=said):
        generate(config, say=lines.append, progress=False)
    assert lines == [] and elsewhere.store == {}


def test_a_full_cache_is_found_before_work(
    config: GenerateConfig, elsewhere: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shard_runs.shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(1, 1, 5))
    with pytest.raises(DiskSpaceError, match=r"of free disk, found 5 B; .*set FGBG_CACHE to a folder"):
        generate(config, progress=False)


def test_a_cache_that_cannot_be_used_is_named(
    config: GenerateConfig, elsewhere: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rendered: Path
) -> None:
    elsewhere.copy(rendered)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FGBG_CACHE", str(tmp_path / "file"))
    said = "file is not a folder. Use another folder for FGBG_CACHE"
    for use in (lambda: generate(config, progress=False), lambda: open_dataset(elsewhere.url)):
        with pytest.raises(UsageError, match=said):
            use()
