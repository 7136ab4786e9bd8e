"""How much classes count: found, given by name, refused."""

from pathlib import Path

import numpy as np
import pytest
import torch

from generator.errors import ConfigError
from generator.reading.dataset import open_dataset
from training.class_weights import (
    balanced_weights,
    class_frequencies,
    class_weight_tensor,
    resolve_class_weights,
)
from training.config import TrainConfig


def test_frequencies_are_of_the_pictures_that_have_a_class(labelled: Path) -> None:
    split = open_dataset(labelled)["train"]
    masks = split.read(range(len(split))).mask
    for number, found in enumerate(class_frequencies(split)):
        having = [mask[mask != 255] for mask in masks if (mask == number).any()]
        assert found == pytest.approx((np.concatenate(having) == number).mean())


def test_rare_classes_count_more_within_bounds() -> None:
    frequencies = np.array([0.5, 0.25, 0.05, 0.0001, np.nan, 0.9])
    # The median of the known five is 0.25.
    expected = [0.5, 1.0, 5.0, 10.0, 1.0, 0.277778]
    assert balanced_weights(frequencies) == pytest.approx(expected)


def test_weights_are_kept_as_a_number_for_each_class(labelled: Path) -> None:
    dataset, lines = open_dataset(labelled), list[str]()
    config = TrainConfig(data=labelled, mask=dataset.manifest.mask, class_weights="auto")
    resolved = resolve_class_weights(config, dataset, lines.append)
    assert isinstance(resolved.class_weights, dict)
    assert list(resolved.class_weights) == ["none", "left", "middle", "right"]
    assert resolved.class_weights["none"] < 1 and lines[0].startswith("weights of classes: none 0.")
    given = resolve_class_weights(config.model_copy(update={"class_weights": {"left": 3.0}}), dataset)
    assert given.class_weights == {"none": 1.0, "left": 3.0, "middle": 1.0, "right": 1.0}
    tensor = class_weight_tensor(given, torch.device("cpu"))
    assert tensor is not None and tensor.tolist() == [1, 3, 1, 1]


def test_wrong_weights_are_refused_in_one_line(labelled: Path, rendered: Path) -> None:
    for data, weights, message in (
        (
            rendered,
            "auto",
            "`class_weights`: expected a dataset with classes, found masks of alpha; leave it out",
        ),
        (
            labelled,
            {"lefd": 2.0},
            "`class_weights`: expected classes among none, left, middle, right, found lefd;"
            " did you mean left?",
        ),
        (
            labelled,
            dict.fromkeys(["none", "left", "middle", "right"], 0.0),
            "`class_weights`: expected a weight above 0, found 0 for every class; give another one",
        ),
    ):
        dataset = open_dataset(data)
        config = TrainConfig(data=data, mask=dataset.manifest.mask, class_weights=weights)
        with pytest.raises(ConfigError) as error:
            resolve_class_weights(config, dataset)
        assert str(error.value) == message
    with pytest.raises(ConfigError, match="`class_weights`: "):
        TrainConfig(class_weights={"left": -1.0})
