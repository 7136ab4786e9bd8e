from pathlib import Path

import pytest

from generator.errors import ConfigError
from generator.export.journal import (
    ArchiveLine,
    BlockLine,
    FinishedLine,
    Journal,
    Records,
    Request,
    drop_hidden_files,
    is_hidden_file_whole,
    part_path,
    records_path,
    write_records,
)

REQUEST = Request(dataset="d", format="coco", subset="all", samples=None, picture_format="png", quality=None)
ONE, TWO = (
    BlockLine(block=f"train-{number:06d}", samples=3, bytes=9, hidden="0" * 64) for number in range(2)
)


def test_lines_come_back(tmp_path: Path) -> None:
    assert Journal.read(tmp_path).request is None
    journal = Journal(tmp_path)
    journal.begin(REQUEST, [ONE])
    journal.append(TWO)
    archive = ArchiveLine(archive="train-000000", samples=6, bytes=18)
    journal.append(archive)
    found = Journal.read(tmp_path)
    assert (found.request, list(found.blocks.values()), found.finished) == (REQUEST, [ONE, TWO], False)
    assert found.archives == {"train-000000": archive} and not found.is_old
    journal.append(FinishedLine())
    assert Journal.read(tmp_path).finished


def test_its_bytes_stay_the_same(tmp_path: Path) -> None:
    """So that this release can continue an export that an earlier release started."""
    journal = Journal(tmp_path)
    journal.begin(REQUEST, [ONE])
    journal.append(FinishedLine())
    assert (tmp_path / ".export" / "journal.jsonl").read_text().splitlines() == [
        '{"version":2,"dataset":"d","format":"coco","subset":"all","samples":null,"picture_format":"png",'
        '"quality":null,"line":"ea67794b032e5876b11fffbb0fd6a63a"}',
        f'{{"block":"train-000000","samples":3,"bytes":9,"hidden":"{"0" * 64}",'
        '"line":"db14eeeb7c85b52e57be463fda362471"}',
        '{"finished":true,"line":"67e37ded4c6e807d04ab346dbf356e31"}',
    ]


def test_a_torn_last_line_does_not_count(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin(REQUEST, [ONE, TWO])
    path = tmp_path / ".export" / "journal.jsonl"
    path.write_bytes(path.read_bytes()[:-5])
    assert list(Journal.read(tmp_path).blocks) == [ONE.block]


def test_a_journal_of_another_version_is_refused(tmp_path: Path) -> None:
    Journal(tmp_path).begin(REQUEST, [])
    path = tmp_path / ".export" / "journal.jsonl"
    path.write_text(path.read_text().replace('"version":2', '"version":3'))
    with pytest.raises(ConfigError, match=r"journal\.jsonl: expected the journal of an export"):
        Journal.read(tmp_path)


def test_the_first_difference_is_told() -> None:
    assert REQUEST.difference(REQUEST) is None
    assert REQUEST.difference(REQUEST.model_copy(update={"samples": 7})) == ("samples", "7", "all")


def test_records_are_gone_through_several_times(tmp_path: Path) -> None:
    (tmp_path / ".export").mkdir()
    write_records(tmp_path, "a", [{"x": 1}, [2]])
    write_records(tmp_path, "b", [3])
    records = Records(tmp_path, "train", ("a", "b"))
    assert list(records) == list(records) == [{"x": 1}, [2], 3]


def test_records_are_dropped_and_the_journal_is_not(tmp_path: Path) -> None:
    Journal(tmp_path).begin(REQUEST, [])
    hash_ = write_records(tmp_path, ONE.block, [1])
    records, line = records_path(tmp_path, ONE.block), ONE.model_copy(update={"hidden": hash_})
    assert is_hidden_file_whole(records, line) and not is_hidden_file_whole(records, ONE)
    part_path(tmp_path, ONE.block).touch()
    drop_hidden_files(tmp_path)
    assert not is_hidden_file_whole(records, line)
    assert [path.name for path in (tmp_path / ".export").iterdir()] == ["journal.jsonl"]


def old_lines(format_name: str, *blocks: str) -> str:
    request = f'"dataset":"d","format":"{format_name}","subset":"all","samples":null,"picture_format":"png"'
    return "\n".join([f'{{"version":1,{request},"quality":null}}', *blocks, ""])


def test_version_1_is_read(tmp_path: Path) -> None:
    (tmp_path / ".export").mkdir()
    path, block = tmp_path / ".export" / "journal.jsonl", '{"block":"train-000000","samples":3,"bytes":9}'
    path.write_text(old_lines("webdataset", block))
    journal = Journal.read(tmp_path)
    assert journal.is_old and not journal.finished and journal.request is not None
    # Version 1 called an archive a block.
    assert journal.archives == {"train-000000": ArchiveLine(archive="train-000000", samples=3, bytes=9)}
    path.write_text(old_lines("coco", block, '{"finished":true}'))
    journal = Journal.read(tmp_path)
    assert journal.finished and journal.request is not None and journal.blocks["train-000000"].bytes == 9
    assert journal.request.difference(REQUEST) is None


def test_no_changed_line_counts(tmp_path: Path) -> None:
    Journal(tmp_path).begin(REQUEST, [ONE, TWO])
    path = tmp_path / ".export" / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"bytes":9', b'"bytes":8'))
    journal = Journal.read(tmp_path)
    assert journal.request == REQUEST and not journal.blocks
