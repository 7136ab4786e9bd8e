"""The tables and the chart of a review of labelled pictures; what they replace is kept as `.backup`."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from generator.errors import printable
from generator.files import read_regular, refuse_existing, require_writable, write_atomically
from generator.format.pixels import IGNORED
from generator.look.chart import chart_style, new_figure, plain_text, to_png
from generator.review.labelled import ClassCount, LabelledReview, Reviewed
from generator.splits import SplitName

ALL_FILE, LABEL_FILE, CHART_FILE = "df_data.csv", "df_label.csv", "class-shares.png"
SPLIT_FILES: dict[SplitName, str] = {"train": "df_train.csv", "val": "df_valid.csv", "test": "df_test.csv"}
FILES = (ALL_FILE, *SPLIT_FILES.values(), LABEL_FILE, CHART_FILE)
BACKUP = ".backup"

PICTURE_COLUMNS = (
    *("name", "split", "picture", "label", "width", "height", "label_width", "label_height"),
    *("picture_min", "picture_max", "label_min", "label_max", "values", "classes", "void_share", "problem"),
)
LABEL_COLUMNS = ("class", "name", "colour", "pictures", "pixels", "share")

_ROW_INCHES, _WIDTH_INCHES = 0.22, 7.0


def check_tables(folder: Path) -> None:
    """Make sure that the tables can be written, before the pictures are looked at.

    Raises:
        UsageError: they cannot; another `out` is needed.
    """
    require_writable(folder)
    refuse_existing([folder / name for name in FILES], overwrite=True)


def write_tables(folder: Path, review: LabelledReview) -> None:
    """Write df_data.csv, a table for each split, df_label.csv and the chart of class shares.

    A file of other content that is there becomes NAME.backup, in place of an older backup.

    Raises:
        UsageError: as `check_tables`.
    """
    check_tables(folder)
    folder.mkdir(parents=True, exist_ok=True)
    rows = {found.item.name: _picture_row(review, found) for found in review.pictures}
    lonely = [_lonely_row(problem.where, str(problem)) for problem in review.unpaired]
    contents = {ALL_FILE: _csv(PICTURE_COLUMNS, [*rows.values(), *lonely])}
    for split, name in SPLIT_FILES.items():
        of_split = (rows[found.item.name] for found in review.pictures if found.split == split)
        contents[name] = _csv(PICTURE_COLUMNS, (row for row in of_split if not row["problem"]))
    contents[LABEL_FILE] = _csv(LABEL_COLUMNS, map(_label_row, review.classes))
    contents[CHART_FILE] = class_chart(review.classes)
    for name, content in contents.items():
        _write(folder / name, content)


def class_chart(classes: Sequence[ClassCount]) -> bytes:
    """A bar for the share of each class, as PNG; void is not shown, as shares are of the other pixels."""
    shown = [found for found in classes if found.number != IGNORED]
    with chart_style():
        figure = new_figure(_WIDTH_INCHES, 1.2 + _ROW_INCHES * len(shown))
        axes = figure.subplots()
        places = range(len(shown))
        colours = [tuple(channel / 255 for channel in found.colour) for found in shown]
        shares = [100 * found.share for found in shown]
        bars = axes.barh(places, shares, color=colours, edgecolor="#666666", linewidth=0.6)
        axes.bar_label(bars, [f"{share:.2g} %" for share in shares], padding=3, fontsize=7)
        axes.set_yticks(places, [plain_text(printable(found.name)) for found in shown])
        axes.invert_yaxis()
        axes.set_xlim(0, max([*shares, 1]) * 1.15)
        axes.set(title="Share of each class", xlabel="% of all pixels that are not void")
        axes.grid(visible=False, axis="y")
        return to_png(figure)


def _picture_row(review: LabelledReview, found: Reviewed) -> dict[str, object]:
    item, seen = found.item, found.seen
    total = int(seen.pixels.sum())
    present = [count.name for count in review.classes[:-1] if seen.pixels[count.number]]
    return {
        "name": item.name,
        "split": found.split,
        "picture": item.picture,
        "label": item.label or "",
        **_two(seen.size, "width", "height"),
        **_two(seen.label_size, "label_width", "label_height"),
        **_two(seen.picture_range, "picture_min", "picture_max"),
        **_two(seen.label_range, "label_min", "label_max"),
        "values": " ".join(seen.values),
        "classes": ";".join(present),
        "void_share": f"{int(seen.pixels[IGNORED]) / total:.6f}" if total else "",
        "problem": " | ".join(map(str, seen.problems)),
    }


def _lonely_row(where: str, problem: str) -> dict[str, object]:
    return {"name": where, "problem": problem}


def _two(pair: tuple[int, int] | None, first: str, second: str) -> dict[str, object]:
    return {first: "", second: ""} if pair is None else {first: pair[0], second: pair[1]}


def _label_row(count: ClassCount) -> dict[str, object]:
    return {
        "class": count.number,
        "name": count.name,
        "colour": "#{:02x}{:02x}{:02x}".format(*count.colour),
        "pictures": count.pictures,
        "pixels": count.pixels,
        "share": f"{count.share:.6f}",
    }


def _csv(columns: Sequence[str], rows: Iterable[dict[str, object]]) -> bytes:
    """A table; escape codes in names are escaped."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([printable(str(row.get(column, ""))) for column in columns] for row in rows)
    return text.getvalue().encode()


def _write(path: Path, content: bytes) -> None:
    if path.exists():
        if path.stat().st_size == len(content) and read_regular(path) == content:
            return
        path.replace(path.with_name(path.name + BACKUP))
    write_atomically(path, content)
