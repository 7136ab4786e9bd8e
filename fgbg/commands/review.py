"""`fgbg review`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fgbg.command_class import command as fgbg_command
from fgbg.command_class import option, section
from fgbg.label_options import FormatName, import_split_option, label_formats, mask_options, place_options
from fgbg.option_names import name_options
from fgbg.options import (
    bg_option,
    fg_option,
    fg_size_option,
    is_given,
    out_option,
    overwrite_option,
    seed_option,
    size_option,
    workers_option,
)
from fgbg.terminal import answer, note
from fgbg.value_types import FILE, PATH

if TYPE_CHECKING:
    from generator.review.finding import Finding
    from generator.review.labelled import LabelledReview

_ASSET_OPTIONS = ("fg", "bg", "report", "size", "fg_size", "overwrite")
_LABEL_OPTIONS = (
    *("format", "mask", "foreground", "labels", "variant"),
    *("images", "masks", "pairs", "split", "seed", "out", "workers"),
)
_MOST_LINES = 20


@fgbg_command("review")
@click.argument("source", metavar="[SRC]", required=False, type=PATH)
@section(
    "Foregrounds and backgrounds (without SRC)",
    fg_option,
    bg_option,
    option(
        "--csv",
        "report",
        type=FILE,
        default=Path("outputs/review.csv"),
        help="CSV file to write.",
    ),
    size_option,
    fg_size_option,
    overwrite_option,
)
@section(
    "Labelled data (SRC)",
    option(
        "--format",
        type=FormatName(),
        show_default="found out by the files of SRC",
        help="Format of the data set.",
    ),
    *mask_options,
    *place_options,
    import_split_option,
    seed_option,
    out_option("outputs/review", "Folder of the tables and the chart."),
    workers_option,
)
@click.pass_context
def command(
    ctx: click.Context,
    /,
    source: Path | None,
    fg: Path,
    bg: Path,
    report: Path,
    overwrite: bool,
    size: tuple[int, int],
    fg_size: int | None,
    out: Path,
    **fields: Any,
) -> None:
    """Check foregrounds and backgrounds, or a labelled data set, for problems.

    Without SRC, finds foregrounds and backgrounds that are unreadable, empty, not cut out, inverted, almost
    black, too small, enlarged, or duplicates; checkerboards in place of transparency; soft edges with the
    colour of an old background; and depth files that are missing, unreadable, constant, too coarse, or not of
    the size of their background. Prints a table and writes it as CSV.

    With SRC, a data set that 'fgbg import' reads, finds pictures without labels and labels without pictures,
    unreadable files, labels of another size, and values that are no class. Prints how often each class is
    there, and writes df_data.csv, df_train.csv, df_valid.csv, df_test.csv, df_label.csv and a chart to --out.

    The exit code is 1 if there are warnings or errors.
    """
    _refuse_options(ctx, _ASSET_OPTIONS if source else _LABEL_OPTIONS, with_source=source is not None)
    if source is None:
        _review_assets(ctx, fg, bg, report, overwrite, {"size": size, "fg_size": fg_size})
    else:
        _review_labels(source, out, fields)


command.lists["Formats"] = label_formats


def _refuse_options(ctx: click.Context, names: Sequence[str], with_source: bool) -> None:
    """Refuse options of the other kind of review.

    Raises:
        UsageError: one is on the command line.
    """
    from generator.errors import UsageError

    for param in ctx.command.params:
        if param.name in names and is_given(ctx, param.name):
            problem = (
                "is for foregrounds and backgrounds, not for SRC" if with_source else "goes with SRC only"
            )
            raise UsageError(
                param.opts[0], "", problem, "leave one of them out" if with_source else "give SRC"
            )


def _review_labels(source: Path, out: Path, fields: Mapping[str, Any]) -> None:
    from generator.importing.config import ImportConfig
    from generator.importing.unpack import unpacked
    from generator.label_formats.detect import detect_format
    from generator.review.labelled import review_labels
    from generator.review.labelled_tables import check_tables, write_tables

    check_tables(out)
    config = ImportConfig(source=unpacked(source, note), **{**fields, "format": fields["format"] or "folder"})
    if fields["format"] is None:
        config = config.model_copy(update={"format": detect_format(config.source, config.choice)})
        note(f"{source}: format {config.format}; --format chooses another one")
    found = review_labels(config, note)
    write_tables(out, found)
    _print_labels(found)
    problems = len(found.problems)
    noun = "problem" if problems == 1 else "problems"
    answer(f"{len(found.pictures):,} pictures: {problems:,} {noun}; {out}")
    if problems:
        raise SystemExit(1)


def _print_labels(found: "LabelledReview") -> None:
    """The first problems, and a table of the classes."""
    from generator.look.text_table import text_table

    problems = found.problems
    for problem in problems[:_MOST_LINES]:
        answer(str(problem))
    if len(problems) > _MOST_LINES:
        answer(f"... and {len(problems) - _MOST_LINES:,} more, all in df_data.csv")
    rows = [["class", "number", "pictures", "pixels", "share"]]
    for count in found.classes:
        shares = f"{count.share:.2%}"
        rows.append([count.name, str(count.number), f"{count.pictures:,}", f"{count.pixels:,}", shares])
    answer(*text_table(rows))
    missing = [count.name for count in found.classes[:-1] if not count.pixels]
    if missing:
        answer(f"classes that no picture shows: {', '.join(missing)}")


def _review_assets(
    ctx: click.Context, fg: Path, bg: Path, report: Path, overwrite: bool, sizes: Mapping[str, Any]
) -> None:
    from generator.config import GenerateConfig
    from generator.review.finding import SEVERITIES
    from generator.review.limits import Limits
    from generator.review.report import check_report, write_report
    from generator.review.review import review

    config = GenerateConfig(**sizes)
    check_report(report, overwrite)
    outcome = review(fg, bg, Limits(config.size, config.fg_size), say=note)
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
