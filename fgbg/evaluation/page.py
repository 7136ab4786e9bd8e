"""An evaluation as one page: a verdict, tables, and the worst, median and best samples."""

from collections.abc import Mapping, Sequence
from typing import Any

from fgbg.evaluation.samples import FALSE_ALARM, FULL_DEPTH_ERROR, MISSED, OVERLAP, ShownSample
from fgbg.evaluation.tables import facts, tables, warnings
from fgbg.evaluation.verdict import verdict
from fgbg.pages.parts import page_image
from fgbg.pages.render import render

_NOTES = {
    "clean": "The network was given the background as it is.",
    "perturbed": "The network was given a background that is shifted, brighter, noisy and compressed.",
    "absent": "The network was given no background.",
}


def make_report(figures: dict[str, Any], samples: Mapping[str, Sequence[ShownSample]]) -> bytes:
    """The page.

    Args:
        figures: the content of metrics.json.
        samples: to show, by condition.
    """
    return render(
        "evaluation.html",
        title="How well the network does",
        maker="fgbg evaluate",
        verdict=verdict(figures),
        facts=facts(figures),
        warnings=warnings(figures),
        level=f"{figures['interval']['level']:.0%}",
        tables=tables(figures),
        sections=[_section(condition, shown) for condition, shown in samples.items()],
        overlap=f"rgb{OVERLAP}",
        missed=f"rgb{MISSED}",
        false_alarm=f"rgb{FALSE_ALARM}",
        full_error=FULL_DEPTH_ERROR,
    )


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
