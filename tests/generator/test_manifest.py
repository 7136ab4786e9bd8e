from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from generator.errors import DatasetError
from generator.manifest import BankEntry, Journal, JournalLine, Manifest, Sums


def line(file: str) -> JournalLine:
    return JournalLine(file=file, samples=1, bytes=2, blake3="ab", statistics={}, statistics_samples=0)


def test_the_journal_reads_back_what_was_appended(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    assert journal.read() == {}
    journal.append(line("train-00000.h5"))
    journal.append(line("val-00000.h5"))
    assert list(journal.read()) == ["train-00000.h5", "val-00000.h5"]
    assert len((tmp_path / "journal.jsonl").read_text().splitlines()) == 2


def test_a_torn_last_line_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.append(line("train-00000.h5"))
    journal.append(line("train-00001.h5"))
    path.write_bytes(path.read_bytes()[:-9])
    assert list(journal.read()) == ["train-00000.h5"]


@pytest.mark.parametrize("name", ["../bank.h5", "/etc/x.h5", "a/b.h5", "..h5", "bank.h5\n", "x.txt", ".h5"])
def test_file_names_stay_in_the_folder(name: str) -> None:
    with pytest.raises(ValidationError):
        BankEntry(file=name, bytes=1, blake3="")


def test_sums_give_mean_and_deviation() -> None:
    values = np.array([0.25, 0.5, 0.75, 0.9])
    parts = [
        Sums(sum=[float(v.sum())], squares=[float((v**2).sum())], count=len(v))
        for v in (values[:1], values[1:])
    ]
    moments = (parts[0] + parts[1]).moments()
    assert moments.mean == pytest.approx([values.mean()]) and moments.std == pytest.approx([values.std()])


def test_a_missing_manifest_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"found none; run 'fgbg generate' first"):
        Manifest.read(tmp_path)
    (tmp_path / "bank.h5").touch()
    with pytest.raises(DatasetError, match=r"found an unfinished one; run 'fgbg generate' again"):
        Manifest.read(tmp_path)


@pytest.mark.parametrize("text", ["", "{}", '{"format": "fgbg-dataset", "version": 2}', "\xff"])
def test_a_foreign_manifest_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "dataset.json").write_text(text, encoding="latin-1")
    with pytest.raises(DatasetError, match="expected a dataset of format version 1"):
        Manifest.read(tmp_path)
