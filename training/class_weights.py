"""How much each class counts in the mask loss: by name, or by how rare it is in the train split."""

from collections.abc import Callable
from difflib import get_close_matches

import numpy as np
import torch
from torch import Tensor

from generator.errors import ConfigError, printable
from generator.format.pixels import IGNORED
from generator.progress import Progress
from generator.reading.dataset import Dataset
from generator.reading.selection import spread
from generator.reading.split import Split
from training.config import TrainConfig

LOWEST, HIGHEST = 0.1, 10.0
"""Bounds of weights that are found: a class of a few pixels would otherwise decide all."""

_MOST_SAMPLES = 20_000
_BLOCK = 64


def resolve_class_weights(
    config: TrainConfig, dataset: Dataset, say: Callable[[str], None] | None = None
) -> TrainConfig:
    """The config of a run with a weight for each class, or with none where all count the same.

    Args:
        config: of the run, with the mask of the dataset.
        dataset: to train on.
        say: gets a line with weights that were found.

    Raises:
        ConfigError: weights are given for masks without classes, or for a class that there is not, or all
            are 0.
    """
    given, field = config.class_weights, "`class_weights`"
    if not given:
        return config
    if config.mask.kind == "alpha":
        raise ConfigError(field, "a dataset with classes", "masks of alpha", "leave it out")
    names = config.mask.names
    if given == "auto":
        found = dict(zip(names, balanced_weights(class_frequencies(dataset["train"])), strict=True))
        if say is not None:
            say("weights of classes: " + ", ".join(f"{printable(n)} {w:g}" for n, w in found.items()))
        return config.model_copy(update={"class_weights": found})
    for name in given:
        if name not in names:
            close = get_close_matches(name, names, n=1)
            fix = f"did you mean {close[0]}?" if close else "correct the name"
            raise ConfigError(field, f"classes among {', '.join(names)}", name, fix)
    weights = {name: float(given.get(name, 1.0)) for name in names}
    if not any(weights.values()):
        raise ConfigError(field, "a weight above 0", "0 for every class", "give another one")
    return config.model_copy(update={"class_weights": weights})


def class_weight_tensor(config: TrainConfig, device: torch.device) -> Tensor | None:
    """The resolved weights (C,) float32 in the order of the classes; None where all count the same."""
    if not config.class_weights or config.mask.kind == "alpha":
        return None
    assert config.class_weights != "auto"
    return torch.tensor([config.class_weights[name] for name in config.mask.names], device=device)


def class_frequencies(split: Split) -> np.ndarray:
    """How frequent each class is: its pixels, as a share of the pixels of the pictures that have it.

    Ignored pixels do not count. Of a large split, 20,000 samples spread evenly are read.

    Returns:
        (C,) float64; NaN for a class that no picture has.
    """
    assert split.mask.kind == "classes"
    classes = len(split.mask.names)
    own, of_pictures = np.zeros(classes), np.zeros(classes)
    rows = spread(len(split), _MOST_SAMPLES)
    with Progress("counting pixels of classes", len(rows), "samples") as bar:
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            for labels in split.read(block).mask:
                counts = np.bincount(labels.ravel(), minlength=IGNORED + 1)[:classes]
                own += counts
                of_pictures += np.where(counts > 0, counts.sum(), 0)
            bar.advance(len(block))
    with np.errstate(invalid="ignore"):
        return own / of_pictures


def balanced_weights(frequencies: np.ndarray) -> list[float]:
    """Weights (C,) from 0.1 to 10: the median frequency over each class's own; 1 where it is NaN.

    Source: Eigen & Fergus 2015, "Predicting depth, surface normals and semantic labels with a common
    multi-scale convolutional architecture", section 5.3.
    """
    known = ~np.isnan(frequencies)
    weights = np.ones(len(frequencies))
    if known.any():
        weights[known] = np.clip(np.median(frequencies[known]) / frequencies[known], LOWEST, HIGHEST)
    return [float(f"{weight:.6g}") for weight in weights]
