import csv
import os
from dataclasses import replace
from pathlib import Path

import pytest

from generator.errors import ExistsError
from generator.review.finding import Finding
from generator.review.report import write_report


def test_the_report_is_a_csv_that_replaces_a_file_only_when_allowed(tmp_path: Path) -> None:
    finding = Finding("note", "bg", 'a, "b".png', "animated", "several frames", "nothing")
    report = tmp_path / "new" / "review.csv"
    write_report(report, [finding, finding])
    with report.open(newline="") as file:
        assert [Finding(**row) for row in csv.DictReader(file)] == [finding, finding]
    before = report.read_bytes()
    with pytest.raises(
        ExistsError, match=r"review\.csv exists already\. Use another `csv`, or `overwrite=True`"
    ):
        write_report(report, [finding])
    assert report.read_bytes() == before
    write_report(report, [replace(finding, name=os.fsdecode(b"\xdf\n\x1b[2J"))], overwrite=True)
    assert rb"note,bg,\xdf\n\x1b[2J,animated" in report.read_bytes().splitlines()[1]
