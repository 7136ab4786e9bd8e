"""`fgbg review`."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fgbg.options import bg_option, common_options, fg_option, fg_size_option, size_option
from fgbg.screen import say, warn
from fgbg.value_types import FILE

if TYPE_CHECKING:
    from generator.review.review import Finding


@click.command("review")
@fg_option
@bg_option
@click.option(
    "--csv",
    "report",
    type=FILE,
    default=Path("outputs/review.csv"),
    show_default=True,
    help="File of the report; an earlier report is replaced.",
)
@size_option
@fg_size_option
@common_options
def command(fg: Path, bg: Path, report: Path, **sizes: Any) -> None:
    """Report what is wrong with foregrounds and backgrounds.

    Looks for pictures that are unreadable, empty, not cut out, inverted, nearly black, too small, enlarged,
    or there twice, for checkerboards where transparency should be, for soft edges that hold the colour of an
    old background, and for depth files that are unreadable, constant, too coarse, of another size than their
    background, or without one. Prints a table and writes it as CSV. The exit code is 1 if there are errors
    (generate would refuse) or warnings, else 0.
    """
    from generator.config import GenerateConfig
    from generator.progress import Progress
    from generator.review.review import Limits, check_report, list_assets, review, write_report

    config = GenerateConfig(**sizes)
    check_report(report)
    assets = list_assets(fg, bg, say=warn)
    with Progress("reviewing", len(assets), "pictures") as progress:
        findings = review(assets, Limits(config.size, config.fg_size), progress.advance)
    write_report(report, findings)
    _print_table(findings)
    counts = Counter(finding.severity for finding in findings)
    named = ", ".join(f"{counts[severity]} {severity}s" for severity in ("error", "warning", "note"))
    say(f"{len(assets)} pictures: {named}; {report}")
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
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    for problem, advice in dict.fromkeys((found.problem, found.advice) for found in findings):
        say(f"{problem}: {advice}")
