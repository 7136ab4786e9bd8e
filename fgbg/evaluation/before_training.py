"""A ready-made network beside the trained one: what could be predicted before any training."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from fgbg.predictor.salient_engine import SalientEngine
from generator.errors import UsageError
from generator.format.manifest import MaskEntry
from training.evaluation.bootstrap import estimate
from training.evaluation.calibration import reliability_curve
from training.evaluation.ready_made import Find, ReadyMade
from training.evaluation.summary import overall, plain


@dataclass(frozen=True)
class BeforeTraining:
    """A network that needs no training.

    Attributes:
        name: as the user gave it.
        find: finds objects in pictures.
    """

    name: str
    find: Find


@dataclass(frozen=True)
class MeasuredBefore:
    """The same, measured on the samples of an evaluation."""

    network: BeforeTraining
    found: ReadyMade


def open_before_training(network: str, entry: MaskEntry, mirror: bool) -> BeforeTraining:
    """Open a network as `predict` does.

    Args:
        network: an ONNX file that rembg runs; or "u2netp", which is downloaded once.
        entry: the meaning of the masks that it is measured on.
        mirror: average the answers for each picture and its mirror image.

    Raises:
        UsageError: masks have classes.
        AssetError, ConfigError: as of `SalientNetwork.open`.
    """
    if entry.kind == "classes":
        found = f"{len(entry.names)} classes"
        fix = "leave it out: such a network knows no classes"
        raise UsageError("`network`", "a dataset whose masks are alpha", found, fix)
    return BeforeTraining(network, partial(_shares, SalientEngine.open(network), mirror))


def figures_before(before: MeasuredBefore) -> dict[str, Any]:
    """The figures as metrics.json holds them (docs/evaluate.md)."""
    found = before.found
    nothing_known = np.zeros(len(found.calibration))
    figures: dict[str, Any] = plain(
        {
            "network": before.network.name,
            "measures": overall(found.measures, nothing_known, found.calibration),
            "calibration": reliability_curve(found.calibration),
            "false_pixels": None if found.false is None else estimate(found.false),
            "per_sample": found.measures,
        }
    )
    return figures


def _shares(engine: SalientEngine, mirror: bool, pictures: np.ndarray) -> np.ndarray:
    return engine.see(pictures, mirror=mirror).mask
