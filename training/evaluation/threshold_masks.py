"""The masks of the threshold baseline, measured as those of a network are: a second look at the samples.

Only after the first look is it known which threshold is the best one.
"""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from generator.progress import Progress
from generator.reading.split import Split
from training.evaluation.baselines import differences
from training.evaluation.evaluate import MOST_SAMPLES, Evaluation
from training.evaluation.read_samples import Condition, Samples, looked_at
from training.measures import MASK_MEASURES
from training.target import Target


@torch.inference_mode()
def measure_thresholds(
    evaluation: Evaluation, split: Split, target: Target, res: int, device: torch.device
) -> Evaluation:
    """The same evaluation with every measure of the threshold baseline, if it has one.

    Measures other than the IoU are NaN after the first `MOST_SAMPLES` samples.

    Args:
        evaluation: of these samples.
        split, target, res, device: as for `evaluate`.
    """
    if not evaluation.thresholds:
        return evaluation

    def look(batch: Samples) -> dict[Condition, dict[str, Tensor]]:
        actual, counted = target.foreground(batch.truth.mask), target.counted(batch.truth.mask)
        assert actual is not None
        found: dict[Condition, dict[str, Tensor]] = {}
        for condition, baseline in evaluation.thresholds.items():
            bg = batch.backgrounds[condition]
            assert bg is not None
            mask = differences(bg, batch.fg_bg) >= baseline.threshold
            found[condition] = {name: of(mask, actual, counted) for name, of in MASK_MEASURES.items()}
        return found

    rows, parts = evaluation.rows[:MOST_SAMPLES], []
    with Progress("measuring the threshold", len(rows), "samples") as bar:
        for numbers, found in looked_at(split, rows, target, res, device, look):
            parts.append(found)
            bar.advance(len(numbers))

    def column(condition: Condition, name: str) -> np.ndarray:
        values = np.full(len(evaluation.rows), np.nan)
        values[: len(rows)] = torch.cat([found[condition][name].cpu() for found in parts]).numpy()
        return values

    thresholds = {
        condition: replace(
            baseline, measures={name: column(condition, name) for name in MASK_MEASURES} | baseline.measures
        )
        for condition, baseline in evaluation.thresholds.items()
    }
    return replace(evaluation, thresholds=thresholds)
