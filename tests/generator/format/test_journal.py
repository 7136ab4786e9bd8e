from pathlib import Path

import pytest

from generator.errors import DatasetError
from generator.format.journal import Journal, JournalHead, JournalLine, shard_file, shard_number
from generator.format.records import BankEntry

HASH = "0123456789abcdef" * 4
HEAD = JournalHead(
    id=HASH, bank=BankEntry(file="bank.h5", bytes=3, blake3=HASH), shards={"train": 2, "val": 1, "test": 0}
)


def line(file: str) -> JournalLine:
    return JournalLine(file=file, samples=1, bytes=2, blake3=HASH, statistics={}, statistics_samples=0)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """The folder of a journal with a first line (the head) and two shards."""
    assert Journal.read(tmp_path).head is None
    journal = Journal.read(tmp_path)
    journal.begin(HEAD)
    journal.append(line("train-00000.h5"))
    journal.append(line("val-00000.h5"))
    return tmp_path


def test_the_journal_reads_back_what_was_appended(written: Path) -> None:
    journal = Journal.read(written)
    assert journal.head == HEAD
    assert list(journal.shards.values()) == [line("train-00000.h5"), line("val-00000.h5")]
    assert len((written / "journal.jsonl").read_text().splitlines()) == 3


def test_its_bytes_stay_the_same(written: Path) -> None:
    """So that this release can continue a dataset that an earlier release started."""
    bank = f'{{"file":"bank.h5","bytes":3,"blake3":"{HASH}"}}'
    shard = f'"samples":1,"bytes":2,"blake3":"{HASH}","statistics":{{}},"statistics_samples":0'
    head, first, _ = (written / "journal.jsonl").read_text().splitlines()
    assert head == (
        f'{{"version":2,"id":"{HASH}","bank":{bank},"shards":{{"train":2,"val":1,"test":0}},'
        '"line":"76b4c4daf5331e53fde443176da9ef77"}'
    )
    assert first == f'{{"file":"train-00000.h5",{shard},"line":"7182f2ee2fa675373cd8bf633926ca3d"}}'


def test_a_torn_last_line_does_not_count(written: Path) -> None:
    path = written / "journal.jsonl"
    path.write_bytes(path.read_bytes()[:-9])
    assert list(Journal.read(written).shards) == ["train-00000.h5"]


def test_no_changed_line_counts(written: Path) -> None:
    """If any bit of a line changes, this line and all lines after it do not count."""
    path = written / "journal.jsonl"
    content = path.read_bytes()
    ends = [place for place, byte in enumerate(content) if byte == ord("\n")]
    for place in range(0, len(content) - 1, 3):
        changed = bytearray(content)
        changed[place] ^= 1
        path.write_bytes(changed)
        journal = Journal.read(written)
        whole = sum(end < place for end in ends)
        assert (journal.head is not None) + len(journal.shards) == whole


def test_lines_without_hashes_only_name_files(tmp_path: Path) -> None:
    old = [line(file).model_dump_json() for file in ("train-00000.h5", "val-00000.h5")]
    (tmp_path / "journal.jsonl").write_text("\n".join([*old, "{torn"]))
    journal = Journal.read(tmp_path)
    assert journal.head is None and not journal.shards
    assert journal.older == ["train-00000.h5", "val-00000.h5"]


def test_a_head_owns_the_shards_it_announces() -> None:
    owned = ["train-00000.h5", "train-00001.h5", "val-00000.h5"]
    others = [
        "train-00002.h5",
        "test-00000.h5",
        "train-1.h5",
        "train-000001.h5",
        "bank.h5",
        "x.h5",
        "train-.h5",
    ]
    assert [name for name in owned + others if HEAD.owns(name)] == owned
    assert shard_number("train", shard_file("train", 123_456)) == 123_456


def test_what_is_no_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").mkdir()
    with pytest.raises(DatasetError, match="a folder, not a file"):
        Journal.read(tmp_path)
