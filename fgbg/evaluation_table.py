"""An evaluation as a table on the screen."""

from collections.abc import Iterable
from typing import Any

_LABEL, _COLUMN = 26, 26
_NONE = "-"


def table(document: dict[str, Any]) -> list[str]:
    """Lines of what metrics.json holds."""
    parts = (_heading, _network, _threshold, _depth, _by_size, _by_background)
    return [line for part in parts for line in part(document)]


def _heading(document: dict[str, Any]) -> list[str]:
    seen = " with mirror images" if document["mirror"] else ""
    count, total = document["samples_measured"], document["samples"]
    lines = [
        f"{document['checkpoint']}, {document['subset']}: {count:,} of {total:,} samples, "
        f"{document['res']} px{seen}"
    ]
    if document["trained_on"] not in (None, document["dataset"]):
        lines.append("it was trained on another dataset: these pictures may have been among its train ones")
    return lines


def _network(document: dict[str, Any]) -> list[str]:
    network = document["network"]
    measures = next(iter(network.values()))
    lines = ["", _row(f"mean [{document['interval']['level']:.0%} interval]", network)]
    return lines + [_row(name, (_interval(part[name]) for part in network.values())) for name in measures]


def _threshold(document: dict[str, Any]) -> list[str]:
    network, threshold = document["network"], document["baselines"]["threshold"]
    # Beside a network that sees no background stand the baselines in columns of their own.
    found = {name: threshold.get(name) for name in (network if "clean" in network else threshold)}
    levels = (_NONE if part is None else f">= {part['threshold']}" for part in found.values())
    ious = (_interval(part and part["iou"]) for part in found.values())
    lines = ["", _row("baselines", found), _row("threshold |fg_bg - bg|", levels), _row("iou", ious)]
    if "clean" in network and (wrong := 1 - threshold["clean"]["iou"]["mean"]) > 0:
        share = (1 - network["clean"]["iou"]["mean"]) / wrong
        lines.append(_row("(1 - iou) / threshold's", [f"{share:.3f}"]))
    return lines


def _depth(document: dict[str, Any]) -> list[str]:
    constant, own = (document["baselines"][name] for name in ("constant_depth", "bg_depth"))
    if constant is None:
        return []
    lines = ["", _row("", [f"constant {_number(constant['depth'])}", "background's own depth"])]
    return lines + [
        _row(name, [_interval(constant.get(name)), _interval(part)]) for name, part in own.items()
    ]


def _by_size(document: dict[str, Any]) -> list[str]:
    columns = list(document["network"])
    lines = ["", _row("iou by object size", columns)]
    for name, group in document["by_size"].items():
        if group["samples"]:
            low, high = group["above"] or 0, group["up_to"]
            part = name if name == "none" else f"{name}, {low:.0%} to {high:.0%}"
            cells = (_interval(group["iou"][column]) for column in columns)
            lines.append(_row(f"{part} ({group['samples']:,})", cells))
    return lines


def _by_background(document: dict[str, Any]) -> list[str]:
    groups = document["by_background"]
    means = {name: document["backgrounds"]["iou"][name] for name in document["network"]}
    main = next(iter(means))
    ranked = sorted(groups, key=lambda name: groups[name]["iou"][main])
    lines = ["", _row(f"iou over {len(groups)} backgrounds", (_interval(part) for part in means.values()))]
    for label, name in (("worst", ranked[0]), ("best", ranked[-1])):
        group = groups[name]
        cells = (_number(group["iou"][column]) for column in means)
        lines.append(_row(f"{label} {name} ({group['samples']:,})", cells))
    return lines


def _row(label: str, cells: Iterable[str]) -> str:
    return f"{label:{_LABEL}}  {''.join(f'{cell:{_COLUMN}}' for cell in cells)}".rstrip()


def _interval(estimate: dict[str, Any] | None) -> str:
    if estimate is None or estimate["mean"] is None:
        return _NONE
    mean, low, high = (_number(estimate[name]) for name in ("mean", "low", "high"))
    return mean if estimate["low"] is None else f"{mean} [{low}, {high}]"


def _number(value: float | None) -> str:
    return _NONE if value is None else f"{value:.4f}"
