"""An evaluation as one page: a verdict, tables, and the worst, median and best samples."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fgbg.evaluation.confusion_chart import draw_confusion
from fgbg.evaluation.reliability_chart import draw_reliability, draw_shares
from fgbg.evaluation.samples import FULL_DEPTH_ERROR, ShownSample, comparison_key
from fgbg.evaluation.tables import facts, tables, warnings
from fgbg.evaluation.verdict import verdict
from fgbg.pages.parts import ColourKey, mask_colours, page_image
from fgbg.pages.render import embedded, render
from generator.format.manifest import MaskEntry

_NOTES = {
    "clean": "The network was given the background as it is.",
    "perturbed": "The network was given a background that is shifted, brighter, noisy and compressed.",
    "absent": "The network was given no background.",
}


def make_report(
    figures: dict[str, Any], samples: Mapping[str, Sequence[ShownSample]], entry: MaskEntry
) -> bytes:
    """The page.

    Args:
        figures: the content of metrics.json.
        samples: to show, by condition.
        entry: what masks mean.
    """
    return render(
        "evaluation.html",
        title="How well the network does",
        maker="fgbg evaluate",
        verdict=verdict(figures),
        facts=facts(figures),
        warnings=warnings(figures),
        level=f"{figures['interval']['level']:.0%}",
        shares_backgrounds=bool(figures["by_background"]),
        tables=tables(figures),
        sections=[_section(condition, shown) for condition, shown in samples.items()],
        confusion=_confusion(figures),
        calibration=_calibration(figures),
        keys=mask_colours([entry])
        + [ColourKey(f"rgb{colour}", text) for colour, text in comparison_key(entry)],
        full_error=FULL_DEPTH_ERROR,
    )


def _confusion(figures: dict[str, Any]) -> dict[str, Any] | None:
    """The heat map in the first condition, of classes in truth or prediction; None where there are none."""
    if not figures["classes"]:
        return None
    condition, part = next(iter(figures["classes"].items()))
    scores = list(part["by_class"].items())
    somewhere = [number for number, (_, found) in enumerate(scores) if found is not None]
    if not somewhere:
        return None
    counts = np.array(part["confusion"])[np.ix_(somewhere, somewhere)]
    names = [scores[number][0] for number in somewhere]
    light, dark = (embedded(draw_confusion(counts, names, dark), "image/svg+xml") for dark in (False, True))
    return {"condition": condition, "light": light, "dark": dark}


def _calibration(figures: dict[str, Any]) -> dict[str, Any] | None:
    """The charts of the calibration; None where no pixel counts."""
    curves, has_classes = dict(figures["calibration"]), bool(figures["classes"])
    if figures["before_training"] is not None:
        curves["before training"] = figures["before_training"]["calibration"]
    if not any(part["share"] for bins in curves.values() for part in bins):
        return None
    charts = []
    for title, draw in (("reliability curve", draw_reliability), ("pixels in each bin", draw_shares)):
        light, dark = (embedded(draw(curves, has_classes, dark), "image/svg+xml") for dark in (False, True))
        charts.append({"title": title, "light": light, "dark": dark})
    return {"has_classes": has_classes, "charts": charts}


def _section(condition: str, samples: Sequence[ShownSample]) -> dict[str, Any]:
    return {
        "title": f"Worst, median and best samples, background {condition}",
        "note": f"{_NOTES[condition]} Samples stand from the lowest IoU to the highest.",
        "has_depth": "true depth" in samples[0].pictures,
        "samples": [
            {
                "caption": sample.caption,
                "images": [page_image(pixels, title) for title, pixels in sample.pictures.items()],
            }
            for sample in samples
        ],
    }
