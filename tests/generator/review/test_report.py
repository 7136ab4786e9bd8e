import csv
import os
from dataclasses import replace
from pathlib import Path

import pytest

from generator.errors import ExistsError
from generator.review.finding import Finding
from generator.review.report import write_report


def test_the_report_is_a_csv_that_replaces_only_itself(tmp_path: Path) -> None:
    finding = Finding("note", "bg", 'a, "b".png', "animated", "several frames", "nothing")
    report = tmp_path / "new" / "review.csv"
    for findings in ([finding, finding], [finding]):
        write_report(report, findings)
        with report.open(newline="") as file:
            assert [Finding(**row) for row in csv.DictReader(file)] == findings
    write_report(report, [replace(finding, name=os.fsdecode(b"\xdf\n\x1b[2J"))])
    assert rb"note,bg,\xdf\n\x1b[2J,animated" in report.read_bytes().splitlines()[1]
    (tmp_path / "mine.csv").write_text("kind,name\n")
    with pytest.raises(ExistsError, match=r"mine\.csv is a file that is no report .* Use another `csv`"):
        write_report(tmp_path / "mine.csv", [finding])
    assert (tmp_path / "mine.csv").read_text() == "kind,name\n"
