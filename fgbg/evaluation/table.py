"""An evaluation as tables of text, for the screen and the page."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from generator.look.text_table import text_table

_NONE = "-"

Show = Callable[[dict[str, Any] | None], str]
"""Puts an estimate and its interval into words."""


@dataclass(frozen=True)
class Table:
    """Cells of text under a head, each row with its name first."""

    head: list[str]
    rows: list[list[str]]


def heading(document: dict[str, Any]) -> list[str]:
    """Lines on what was measured; `document` is what metrics.json holds."""
    seen = " with mirror images" if document["mirror"] else ""
    count, total = document["samples_measured"], document["samples"]
    lines = [
        f"{document['checkpoint']}, {document['subset']}: {count:,} of {total:,} samples, "
        f"{document['res']} px{seen}"
    ]
    if document["trained_on"] not in (None, document["dataset"]):
        lines.append("it was trained on another dataset: these pictures may have been among its train ones")
    elif document["subset"] == "train":
        lines.append(
            "it was trained on these samples: the figures say how well it fits them, not how good it is"
        )
    return lines


def tables(document: dict[str, Any], show: "Show | None" = None) -> list[Table]:
    """The figures of what metrics.json holds, with whole intervals unless `show` says otherwise."""
    made = (
        part(document, show or _interval) for part in (_network, _threshold, _depth, _by_size, _by_background)
    )
    return [table for table in made if table is not None]


def screen(document: dict[str, Any]) -> list[str]:
    """Heading and tables as lines of plain text, of at most 80 columns where paths allow."""
    level = f"{document['interval']['level']:.0%}"
    lines = [*heading(document), f"mean ± the longer arm of its {level} interval"]
    for table in tables(document, _half_interval):
        lines += ["", *text_table([table.head, *table.rows])]
    return lines


def _network(document: dict[str, Any], show: Show) -> Table:
    network = document["network"]
    measures = next(iter(network.values()))
    return Table(
        [f"mean, {document['interval']['level']:.0%} interval", *network],
        [[name, *(show(part[name]) for part in network.values())] for name in measures],
    )


def _threshold(document: dict[str, Any], show: Show) -> Table:
    network, threshold = document["network"], document["baselines"]["threshold"]
    # Beside a network that sees no background stand the baselines in columns of their own.
    found = {name: threshold.get(name) for name in (network if "clean" in network else threshold)}
    levels = (_NONE if part is None else f">= {part['threshold']}" for part in found.values())
    ious = (show(part and part["iou"]) for part in found.values())
    rows = [["threshold |fg_bg - bg|", *levels], ["iou", *ious]]
    if "clean" in network and (wrong := 1 - threshold["clean"]["iou"]["mean"]) > 0:
        share = (1 - network["clean"]["iou"]["mean"]) / wrong
        rows.append(["(1 - iou) / threshold's", f"{share:.3f}", *[""] * (len(found) - 1)])
    return Table(["baselines", *found], rows)


def _depth(document: dict[str, Any], show: Show) -> Table | None:
    constant, own = (document["baselines"][name] for name in ("constant_depth", "bg_depth"))
    if constant is None:
        return None
    return Table(
        ["baselines of depth", f"constant {_number(constant['depth'])}", "background's own depth"],
        [[name, show(constant.get(name)), show(part)] for name, part in own.items()],
    )


def _by_size(document: dict[str, Any], show: Show) -> Table:
    columns = list(document["network"])
    rows = []
    for name, group in document["by_size"].items():
        if group["samples"]:
            low, high = group["above"] or 0, group["up_to"]
            part = name if name == "none" else f"{name}, {low:.0%} to {high:.0%}"
            cells = (show(group["iou"][column]) for column in columns)
            rows.append([f"{part} ({group['samples']:,})", *cells])
    return Table(["iou by object size", *columns], rows)


def _by_background(document: dict[str, Any], show: Show) -> Table:
    groups = document["by_background"]
    means = {name: document["backgrounds"]["iou"][name] for name in document["network"]}
    main = next(iter(means))
    ranked = sorted(groups, key=lambda name: groups[name]["iou"][main])
    rows = []
    for label, name in (("worst", ranked[0]), ("best", ranked[-1])):
        group = groups[name]
        cells = (_number(group["iou"][column]) for column in means)
        rows.append([f"{label} {name} ({group['samples']:,})", *cells])
    over = ["mean", *(show(part) for part in means.values())]
    return Table([f"iou over {len(groups)} backgrounds", *means], [over, *rows])


def _interval(estimate: dict[str, Any] | None) -> str:
    if estimate is None or estimate["mean"] is None:
        return _NONE
    mean, low, high = (_number(estimate[name]) for name in ("mean", "low", "high"))
    return mean if estimate["low"] is None else f"{mean} [{low}, {high}]"


def _half_interval(estimate: dict[str, Any] | None) -> str:
    """Mean and the longer arm of its interval, in half the room."""
    if estimate is None or estimate["mean"] is None or estimate["low"] is None:
        return _interval(estimate)
    mean, low, high = (estimate[name] for name in ("mean", "low", "high"))
    return f"{mean:.4f} ±{max(mean - low, high - mean):.4f}"


def _number(value: float | None) -> str:
    return _NONE if value is None else f"{value:.4f}"
