"""`fgbg review`."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fgbg.command_class import command as fgbg_command
from fgbg.command_class import option
from fgbg.option_names import name_options
from fgbg.options import bg_option, fg_option, fg_size_option, overwrite_option, size_option
from fgbg.terminal import answer, note
from fgbg.value_types import FILE

if TYPE_CHECKING:
    from generator.review.finding import Finding


@fgbg_command("review")
@fg_option
@bg_option
@option(
    "--csv",
    "report",
    type=FILE,
    default=Path("outputs/review.csv"),
    help="CSV file to write.",
)
@size_option
@fg_size_option
@overwrite_option
def command(fg: Path, bg: Path, report: Path, overwrite: bool, **sizes: Any) -> None:
    """Check foregrounds and backgrounds for problems.

    Finds pictures that are unreadable, empty, not cut out, inverted, almost black, too small, enlarged, or
    duplicates; checkerboards in place of transparency; soft edges with the colour of an old background; and
    depth files that are missing, unreadable, constant, too coarse, or not of the size of their background.

    Prints a table and writes it as CSV. The exit code is 1 if there are warnings or errors; 'fgbg generate'
    refuses pictures with errors.
    """
    from generator.config import GenerateConfig
    from generator.review.finding import SEVERITIES
    from generator.review.limits import Limits
    from generator.review.report import check_report, write_report
    from generator.review.review import review

    config = GenerateConfig(**sizes)
    check_report(report, overwrite)
    outcome = review(fg, bg, Limits(config.size, config.fg_size), say=note)
    ctx = click.get_current_context()
    findings = [replace(found, advice=name_options(found.advice, ctx)) for found in outcome.findings]
    write_report(report, findings, overwrite)
    _print_table(findings)
    counts = Counter(finding.severity for finding in findings)
    named = ", ".join(
        f"{counts[severity]} {severity}{'' if counts[severity] == 1 else 's'}" for severity in SEVERITIES
    )
    answer(f"{outcome.pictures} pictures: {named}; {report}")
    if counts["error"] or counts["warning"]:
        raise SystemExit(1)


def _print_table(findings: "Sequence[Finding]") -> None:
    """A line per finding, then what to do about each kind of problem."""
    from generator.errors import printable

    rows = [
        (found.severity, printable(f"{found.kind}/{found.name}"), found.problem, printable(found.detail))
        for found in findings
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        answer("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    for problem, advice in dict.fromkeys((found.problem, found.advice) for found in findings):
        answer(f"{problem}: {advice}")
