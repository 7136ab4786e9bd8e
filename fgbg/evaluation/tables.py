"""The tables of an evaluation, for the screen and the page."""

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fgbg.evaluation.class_tables import ERROR_HEAD, error_rows, nowhere, score_rows
from fgbg.evaluation.verdict import short_name, verdict
from fgbg.pages.parts import TableRow
from generator.look.text_table import WIDTH, text_table

Figures = dict[str, Any]
"""The content of metrics.json."""

MEASURES = {
    "iou": "IoU ↑",
    "dice": "Dice ↑",
    "pixel_accuracy": "pixel accuracy ↑",
    "boundary_f": "boundary F-score ↑",
    "calibration_error": "calibration error ↓",
    "depth_rmse": "depth RMSE ↓",
    "depth_mae": "depth MAE ↓",
    "depth_ssim": "depth SSIM ↑",
    "depth_abs_rel": "depth relative error ↓",
    "depth_delta_1.25": "depth within 1.25 times ↑",
    "depth_rmse_pixels": "depth RMSE, all pixels ↓",
}
"""Names of measures as people read them, with the direction that is better."""

_NONE = "-"
_ALL_CONDITIONS = (
    "The network gets the background as it is (clean), as a careless camera would take it (perturbed:"
    " shifted, brighter, noisy, compressed), or not at all (absent)."
)
_NO_BACKGROUND = "The network gets no background (absent)."

Show = Callable[[dict[str, Any] | None], str]
"""Turns an estimate and its interval into text."""


@dataclass(frozen=True)
class Table:
    """A table with its title, a note in plain words, heads of columns, and rows."""

    title: str
    note: str
    head: list[str]
    rows: list[TableRow]


def facts(figures: Figures) -> str:
    """A line on what was measured."""
    mirror = ", with mirror images" if figures["mirror"] else ""
    count, total = figures["samples_measured"], figures["samples"]
    return (
        f"{figures['checkpoint']}, {figures['subset']}: {count:,} of {total:,} samples, "
        f"{figures['res']} px{mirror}"
    )


def warnings(figures: Figures) -> list[str]:
    """Reasons why the figures may say less than they seem to."""
    if figures["trained_on"] not in (None, figures["dataset"]):
        return [
            "The network was trained on another dataset. It may have seen these pictures there in training."
        ]
    if figures["subset"] == "train":
        return [
            "The network was trained on these samples. The figures say how well it fits them, not how good it"
            " is on new pictures."
        ]
    return []


def tables(figures: Figures, show: "Show | None" = None) -> list[Table]:
    """All tables, with both ends of each interval unless `show` says otherwise."""
    makers = (
        *(_classes, _class_errors, _network, _before_training, _empty_scenes, _wrong_plates),
        *(_threshold, _depth, _plate_depth, _by_size, _by_background),
    )
    made = (maker(figures, show or _interval) for maker in makers)
    return [table for table in made if table is not None]


def screen(figures: Figures) -> list[str]:
    """Facts, verdict and tables as lines of at most 80 characters, where paths allow it."""
    level = f"{figures['interval']['level']:.0%}"
    lines = [facts(figures)]
    for text in (*warnings(figures), *verdict(figures)):
        lines += textwrap.wrap(text, WIDTH)
    lines += ["", f"↑ larger is better, ↓ smaller is better; ± longer side of the {level} interval"]
    for table in tables(figures, _half_interval):
        rows = [[row.name, *row.texts] for row in table.rows]
        lines += ["", *text_table([[table.title, *table.head[1:]], *rows])]
    return lines


def _network(figures: Figures, show: Show) -> Table:
    network = figures["network"]
    measures = next(iter(network.values()))
    rows = [TableRow(_named(name), [show(part[name]) for part in network.values()]) for name in measures]
    note = f"Means over {figures['samples_measured']:,} samples. {_conditions(figures)}"
    return Table("Scores, mean over samples" if figures["classes"] else "Scores", note, ["", *network], rows)


def _classes(figures: Figures, show: Show) -> Table | None:
    if not figures["classes"]:
        return None
    note = (
        f"Over all pixels of {figures['samples_measured']:,} samples, as is usual for classes; void pixels"
        f" count nowhere. {_conditions(figures)}"
    )
    if missing := nowhere(figures):
        note += f" Neither in these samples nor predicted: {', '.join(missing)}."
    return Table("IoU ↑ of classes", note, ["", *figures["classes"]], score_rows(figures, show))


def _class_errors(figures: Figures, _: Show) -> Table | None:
    if not figures["classes"]:
        return None
    note = (
        f"Background {next(iter(figures['classes']))}; the smallest class first. Found: how much of the class"
        " is predicted as it. Right: how much of what is predicted as the class is it."
    )
    return Table("Errors of classes", note, ERROR_HEAD, error_rows(figures))


def _conditions(figures: Figures) -> str:
    """Which backgrounds the network gets."""
    return _ALL_CONDITIONS if "clean" in figures["network"] else _NO_BACKGROUND


def _named(measure: str) -> str:
    """The name of a measure as people read it."""
    return MEASURES.get(measure, measure)


def _ratio(network: Figures, threshold: Figures | None) -> str:
    """The error of the network as a part of the threshold's, if that has one."""
    if threshold is None or threshold["mean"] == 1:
        return _NONE
    return f"{(1 - network['mean']) / (1 - threshold['mean']):.3f}"


def _before_training(figures: Figures, show: Show) -> Table | None:
    before, network = figures["before_training"], figures["network"]
    if before is None:
        return None
    after = {"after training": "absent"}
    if "clean" in network:
        after["after training, background clean"] = "clean"
    rows = [
        TableRow(_named(name), [show(part), *(show(network[column][name]) for column in after.values())])
        for name, part in before["measures"].items()
    ]
    if figures["empty_scenes"] is not None:
        false = figures["empty_scenes"]["false_pixels"]
        texts = [show(before["false_pixels"]), *(show(false[column]) for column in after.values())]
        rows.append(TableRow("false pixels ↓", texts))
    note = (
        f"Before training: {short_name(before['network'])}, a network that finds the object of any photo. It"
        " gets the picture alone. After training: this network, from the picture alone"
    )
    note += " and with the background." if "clean" in network else "."
    return Table("Before and after training", note, ["", "before training", *after], rows)


def _empty_scenes(figures: Figures, show: Show) -> Table | None:
    empty = figures["empty_scenes"]
    if empty is None:
        return None
    columns, false = list(figures["network"]), empty["false_pixels"]
    rows = [TableRow("network", [show(false[name]) for name in columns])]
    if figures["baselines"]["threshold"] and "clean" in columns:
        rows.append(TableRow("threshold", [show(false.get(f"threshold_{name}")) for name in columns]))
    scenes = {
        "samples": ("empty samples", "Samples without an object"),
        "backgrounds": ("plain backgrounds", "No sample is without an object, so the backgrounds are shown"),
    }
    title, note = scenes[empty["kind"]]
    note += ": the share of pixels that are taken for an object, although there is none."
    return Table(f"False pixels ↓ on {empty['scenes']:,} {title}", note, ["", *columns], rows)


def _threshold(figures: Figures, show: Show) -> Table | None:
    network, threshold = figures["network"], figures["baselines"]["threshold"]
    if not threshold:
        return None
    # A network that takes no background is measured in one condition, the baselines in two others.
    found = {name: threshold.get(name) for name in (network if "clean" in network else threshold)}
    rows = [
        TableRow("level", [_NONE if part is None else f">= {part['threshold']}" for part in found.values()]),
        *(
            TableRow(MEASURES[name], [show(part and part[name]) for part in found.values()])
            for name in ("iou", "boundary_f")
        ),
    ]
    if "clean" in network:
        rows.append(
            TableRow(
                "network error / threshold error ↓",
                [_ratio(network[name]["iou"], part and part["iou"]) for name, part in found.items()],
            )
        )
    note = (
        "A method without training, for comparison. It marks each pixel whose colour differs from the"
        " background by at least a level (1 to 127 of 255), the one with the best mean IoU on these samples."
        " The error is 1 - IoU."
    )
    return Table("Threshold |fg_bg - bg|", note, ["", *found], rows)


def _wrong_plates(figures: Figures, show: Show) -> Table | None:
    found = figures.get("wrong_backgrounds")
    if not found:
        return None
    rows = [TableRow("no background", [_NONE, show(found["without"]["iou"])])]
    rows += [
        TableRow(kind, [f"{part['used']:.1%}", show(part["iou"])]) for kind, part in found["kinds"].items()
    ]
    note = (
        f"What 'fgbg predict' does on {found['samples']:,} samples, without alignment: it leaves out"
        " backgrounds that do not fit. Shifted: by 8 of 192 px. Zoomed: 1.1 times."
    )
    return Table("Backgrounds that do not fit", note, ["", "used", "IoU ↑"], rows)


def _depth(figures: Figures, show: Show) -> Table | None:
    constant, own = (figures["baselines"][name] for name in ("constant_depth", "bg_depth"))
    if constant is None:
        return None
    head = ["", f"constant {_number(constant['depth'])}"]
    note = "A way to guess depth without a network, for comparison: the best single depth for all pixels"
    if own is None:
        rows = [TableRow(_named(name), [show(part)]) for name, part in constant.items() if name != "depth"]
        return Table("Depth without a network", f"{note}.", head, rows)
    rows = [TableRow(_named(name), [show(constant.get(name)), show(part)]) for name, part in own.items()]
    note = f"{note}; and the depth of the background as if there were no object."
    return Table("Depth without a network", note, [*head, "background's own"], rows)


def _plate_depth(figures: Figures, show: Show) -> Table | None:
    found = figures.get("depth_with_background")
    if found is None:
        return None
    names = {
        "network": "the network's",
        "bg_depth": "background's own",
        "with_background": "with the background's",
    }
    rows = [
        TableRow(text, [show(found[name][measure]) for measure in ("depth_rmse", "depth_rmse_objects")])
        for name, text in names.items()
        if name in found
    ]
    note = (
        f"RMSE on {found['samples']:,} samples. The last row is what 'fgbg predict' gives if the depth of"
        " the background is known: objects stand in it, at the depth of the ground under them."
    )
    return Table("Depth RMSE ↓", note, ["", "everywhere", "in objects"], rows)


def _by_size(figures: Figures, show: Show) -> Table | None:
    if not figures["by_size"]:
        return None
    columns = list(figures["network"])
    rows = []
    for name, group in figures["by_size"].items():
        if group["samples"]:
            low, high = group["above"] or 0, group["up_to"]
            part = "no object" if name == "none" else f"{name}, {low:.0%} to {high:.0%}"
            cells = [show(group["iou"][column]) for column in columns]
            rows.append(TableRow(f"{part} ({group['samples']:,})", cells))
    note = "Samples by the part of the picture that their objects cover, with the number of samples."
    return Table("IoU ↑ by object size", note, ["", *columns], rows)


def _by_background(figures: Figures, show: Show) -> Table | None:
    if not figures["by_background"]:
        return None
    groups = figures["by_background"]
    means = {name: figures["backgrounds"]["iou"][name] for name in figures["network"]}
    main = next(iter(means))
    known = [name for name in groups if groups[name]["iou"][main] is not None]
    ranked = sorted(known, key=lambda name: groups[name]["iou"][main])
    rows = [TableRow("mean", [show(part) for part in means.values()])]
    for label, name in (("worst", ranked[0]), ("best", ranked[-1])) if ranked else ():
        group = groups[name]
        cells = [_number(group["iou"][column]) for column in means]
        rows.append(TableRow(f"{label}: {name} ({group['samples']:,})", cells))
    note = (
        "Each background counts once. Samples with the same background are similar, so this interval, over"
        " places, is the one to trust where a split has few backgrounds."
    )
    return Table(f"IoU ↑ over {len(groups)} backgrounds", note, ["", *means], rows)


def _interval(estimate: dict[str, Any] | None) -> str:
    if estimate is None or estimate["mean"] is None:
        return _NONE
    mean, low, high = (_number(estimate[name]) for name in ("mean", "low", "high"))
    return mean if estimate["low"] is None else f"{mean} [{low}, {high}]"


def _half_interval(estimate: dict[str, Any] | None) -> str:
    """The mean and the longer side of its interval, which takes half the room."""
    if estimate is None or estimate["mean"] is None or estimate["low"] is None:
        return _interval(estimate)
    mean, low, high = (estimate[name] for name in ("mean", "low", "high"))
    return f"{mean:.4f} ±{max(mean - low, high - mean):.4f}"


def _number(value: float | None) -> str:
    return _NONE if value is None else f"{value:.4f}"
