from pathlib import Path

import pytest

from generator.errors import ConfigError
from generator.export.journal import (
    BlockLine,
    FinishedLine,
    Journal,
    Records,
    Request,
    drop_records,
    write_records,
)

REQUEST = Request(dataset="d", format="coco", subset="all", samples=None, picture_format="png", quality=None)
ONE, TWO = (BlockLine(block=f"train-{number:06d}", samples=3, bytes=9) for number in range(2))


def test_lines_come_back(tmp_path: Path) -> None:
    assert Journal.read(tmp_path).request is None
    journal = Journal(tmp_path, None, {}, False)
    journal.begin(REQUEST, [ONE])
    journal.append(TWO)
    found = Journal.read(tmp_path)
    assert (found.request, list(found.blocks.values()), found.finished) == (REQUEST, [ONE, TWO], False)
    journal.append(FinishedLine())
    assert Journal.read(tmp_path).finished


def test_a_torn_last_line_does_not_count(tmp_path: Path) -> None:
    journal = Journal(tmp_path, None, {}, False)
    journal.begin(REQUEST, [ONE, TWO])
    path = tmp_path / ".export" / "journal.jsonl"
    path.write_bytes(path.read_bytes()[:-5])
    assert list(Journal.read(tmp_path).blocks) == [ONE.block]


def test_a_journal_of_another_version_is_refused(tmp_path: Path) -> None:
    Journal(tmp_path, None, {}, False).begin(REQUEST, [])
    path = tmp_path / ".export" / "journal.jsonl"
    path.write_text(path.read_text().replace('"version":1', '"version":2'))
    with pytest.raises(ConfigError, match=r"journal\.jsonl: expected the journal of an export"):
        Journal.read(tmp_path)


def test_the_first_difference_is_told() -> None:
    assert REQUEST.difference(REQUEST) is None
    assert REQUEST.difference(REQUEST.model_copy(update={"samples": 7})) == ("samples 7", "all")


def test_records_are_gone_through_several_times(tmp_path: Path) -> None:
    (tmp_path / ".export").mkdir()
    write_records(tmp_path, "a", [{"x": 1}, [2]])
    write_records(tmp_path, "b", [3])
    records = Records(tmp_path, "train", ("a", "b"))
    assert list(records) == list(records) == [{"x": 1}, [2], 3]


def test_records_are_dropped_and_the_journal_is_not(tmp_path: Path) -> None:
    Journal(tmp_path, None, {}, False).begin(REQUEST, [])
    write_records(tmp_path, ONE.block, [1])
    drop_records(tmp_path)
    assert [path.name for path in (tmp_path / ".export").iterdir()] == ["journal.jsonl"]
