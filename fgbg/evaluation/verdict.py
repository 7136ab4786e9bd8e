"""An evaluation in a few plain sentences."""

from pathlib import Path
from typing import Any

from fgbg.evaluation.class_tables import confusion_sentences
from generator.errors import printable

_GIVEN = {
    "clean": "With the background given",
    "perturbed": "With a background from a careless camera",
}
_FINDS = {
    1: "finds the object better than",
    0: "finds the object about as well as",
    -1: "finds the object worse than",
    None: "has too few samples to be compared with",
}
"""How a network does against another one, by `_compared`."""


def verdict(figures: dict[str, Any]) -> list[str]:
    """Sentences on how the network does against methods without training.

    One is called better than the other where their 95 % intervals do not overlap. Without
    intervals (a single sample) they are not compared.

    Args:
        figures: the content of metrics.json.
    """
    network, baselines = figures["network"], figures["baselines"]
    sentences = []
    for condition, given in _GIVEN.items():
        if condition not in network:
            continue
        mine = network[condition]["iou"]
        if mine["mean"] is None:
            continue
        if condition in figures["classes"]:
            sentences.append(f"{given}, {_of_classes(figures['classes'][condition])}.")
        elif condition not in baselines["threshold"]:
            sentences.append(f"{given}, the network reaches IoU {mine['mean']:.2f}.")
        else:
            plain = baselines["threshold"][condition]["iou"]
            verb = _FINDS[_compared(mine, plain)]
            sentences.append(f"{given}, the network {verb} the plain threshold: IoU {_told(mine, plain)}.")
    if "absent" in network and network["absent"]["iou"]["mean"] is not None:
        without = "Without a background" if "clean" in network else "From the picture alone"
        found = f"it reaches IoU {network['absent']['iou']['mean']:.2f}"
        if figures["before_training"] is not None:
            found = _against_before(network["absent"]["iou"], figures["before_training"])
        if "absent" in figures["classes"]:
            found = _of_classes(figures["classes"]["absent"])
        sentences.append(f"{without}, {found}.")
    if figures["classes"]:
        sentences += confusion_sentences(figures)
    return sentences + _depth(figures)


def short_name(network: str) -> str:
    """A network without the folders of its file."""
    return printable(Path(network).name)


def _against_before(mine: dict[str, Any], before: dict[str, Any]) -> str:
    """The network against one that was not trained on these objects."""
    other = before["measures"]["iou"]
    verb, name = _FINDS[_compared(mine, other)], short_name(before["network"])
    return f"it {verb} {name}, which was not trained on your objects: IoU {_told(mine, other)}"


def _of_classes(part: dict[str, Any]) -> str:
    """The mean IoU of classes, with the best and the worst of them."""
    ious = {name: found["iou"]["mean"] for name, found in part["by_class"].items() if found is not None}
    worst, best = min(ious, key=lambda name: ious[name]), max(ious, key=lambda name: ious[name])
    return (
        f"the network reaches a mean IoU of classes of {part['mean_iou']['mean']:.2f} (from"
        f" {printable(worst)} {ious[worst]:.2f} to {printable(best)} {ious[best]:.2f})"
    )


def _depth(figures: dict[str, Any]) -> list[str]:
    own = figures["baselines"]["bg_depth"]
    condition = next(iter(figures["network"]))
    mine = figures["network"][condition].get("depth_rmse")
    if own is None or mine is None or mine["mean"] is None or own["depth_rmse"]["mean"] is None:
        return []
    plain = own["depth_rmse"]
    verb = {
        1: "is farther from the truth than",
        0: "is about as close to the truth as",
        -1: "is closer to the truth than",
        None: "has too few samples to be compared with",
    }[_compared(mine, plain)]
    return [f"Its depth {verb} the background's own depth: RMSE {_told(mine, plain)}."]


def _compared(one: dict[str, float | None], other: dict[str, float | None]) -> int | None:
    """1 where the first is larger, -1 where it is smaller, 0 where the intervals overlap, else None."""
    low, high, other_low, other_high = one["low"], one["high"], other["low"], other["high"]
    if low is None or high is None or other_low is None or other_high is None:
        return None
    return int(low > other_high) - int(high < other_low)


def _told(one: dict[str, float], other: dict[str, float]) -> str:
    """Both means, with as few digits as tell them apart."""
    digits = next((n for n in (2, 3) if f"{one['mean']:.{n}f}" != f"{other['mean']:.{n}f}"), 4)
    return f"{one['mean']:.{digits}f} against {other['mean']:.{digits}f}"
