"""False pixels where there is no object: in samples without one, or in the backgrounds of a dataset.

A dataset without empty samples has backgrounds, as a rule. Each is then looked at in place of a sample.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from generator.reading.split import Split
from training.evaluation.baselines import differences
from training.evaluation.evaluate import Evaluation, Measures, See
from training.evaluation.read_samples import Condition, Samples, looked_at
from training.target import Target

MOST_BACKGROUNDS = 64
"""More backgrounds are not looked at."""

Kind = Literal["samples", "backgrounds"]


@dataclass(frozen=True)
class EmptyScenes:
    """Scenes without an object.

    Attributes:
        kind: samples without an object; or, if no sample is without, backgrounds in place of fg_bg.
        rows: (n,) int64, the numbers of the samples, or of samples with these backgrounds.
    """

    kind: Kind
    rows: np.ndarray


@dataclass(frozen=True)
class FalsePixels:
    """The part of each empty scene that is taken for an object, (n,) float64 each; NaN where no pixel counts.

    Attributes:
        scenes: the scenes.
        network: for each condition, of the network.
        thresholds: for "clean" and "perturbed", of the threshold baseline.
    """

    scenes: EmptyScenes
    network: dict[Condition, np.ndarray]
    thresholds: dict[Condition, np.ndarray]


def empty_scenes(split: Split, evaluation: Evaluation) -> EmptyScenes | None:
    """The scenes without an object of a split; None if there are none, or if masks have classes."""
    if evaluation.shares is None:
        return None
    rows = evaluation.rows[evaluation.shares == 0]
    if len(rows):
        return EmptyScenes("samples", rows)
    if not split.has_bg:
        return None
    _, first = np.unique(split.scenes[evaluation.rows], return_index=True)
    return EmptyScenes("backgrounds", evaluation.rows[np.sort(first)[:MOST_BACKGROUNDS]])


@torch.inference_mode()
def false_pixels(
    scenes: EmptyScenes,
    evaluation: Evaluation,
    split: Split,
    see: See,
    target: Target,
    res: int,
    device: torch.device,
) -> FalsePixels:
    """Find false pixels in empty scenes.

    Args:
        scenes: of `empty_scenes`.
        evaluation: of the same network, with all measures of `measure_thresholds`.
        split, see, target, res, device: as for `evaluate`.
    """
    if scenes.kind == "samples":
        return _of_samples(scenes, evaluation)

    def look(batch: Samples) -> tuple[Measures, Measures]:
        picture = batch.backgrounds["clean"]
        assert picture is not None
        nothing = torch.zeros_like(batch.truth.mask)
        network, thresholds = {}, {}
        for name in evaluation.network:
            measures = target.measures(see(batch.backgrounds[name], picture).mask_logits, nothing)
            network[str(name)] = 1 - measures["pixel_accuracy"].cpu().double().numpy()
        for name, baseline in evaluation.thresholds.items():
            bg = batch.backgrounds[name]
            assert bg is not None
            found = differences(bg, picture) >= baseline.threshold
            thresholds[str(name)] = found.flatten(1).float().mean(dim=1).cpu().double().numpy()
        return network, thresholds

    parts = [part for _, part in looked_at(split, scenes.rows, target, res, device, look)]
    return FalsePixels(
        scenes,
        {name: np.concatenate([network[name] for network, _ in parts]) for name in evaluation.network},
        {name: np.concatenate([plain[name] for _, plain in parts]) for name in evaluation.thresholds},
    )


def _of_samples(scenes: EmptyScenes, evaluation: Evaluation) -> FalsePixels:
    is_empty = np.isin(evaluation.rows, scenes.rows)

    def shares(measures: Measures) -> np.ndarray:
        # All that is found there is false.
        return 1 - measures["pixel_accuracy"][is_empty]

    return FalsePixels(
        scenes,
        {name: shares(measures) for name, measures in evaluation.network.items()},
        {name: shares(baseline.measures) for name, baseline in evaluation.thresholds.items()},
    )
