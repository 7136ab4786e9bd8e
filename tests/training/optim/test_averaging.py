import pytest
import torch
from torch import nn

from training.optim.averaging import AveragedWeights


def network(value: float) -> nn.Module:
    layer = nn.Linear(1, 1, bias=False)
    nn.init.constant_(layer.weight, value)
    return layer


@pytest.mark.parametrize(
    ("decay", "step", "expected"),
    [
        (0.0, 100, 1.0),  # no averaging
        (0.9, 10, 1 / (1 + 9 / 5)),  # early: an average over the last fifth of all steps
        (0.9, 10_000, 0.1),  # later: the decay that was asked for
    ],
)
def test_the_average_moves_towards_the_weights(decay: float, step: int, expected: float) -> None:
    average = AveragedWeights(network(0.0), decay)
    average.update(network(1.0), step=step)
    weight = next(average.network.parameters())
    assert weight.item() == pytest.approx(expected, abs=1e-2)
    assert not average.network.training


def test_statistics_are_averaged_and_counts_copied() -> None:
    norm = nn.BatchNorm2d(1)
    average = AveragedWeights(norm, 0.5)
    for step in range(1, 21):
        norm(torch.full((1, 1, 2, 2), 10.0))
        if step >= 19:
            average.update(norm, step=step)
        if step == 19:
            before, now = average.network.running_mean.clone(), norm.running_mean.clone()
            torch.testing.assert_close(before, now / 2)
    torch.testing.assert_close(average.network.running_mean, (before + norm.running_mean) / 2)
    assert average.network.num_batches_tracked == norm.num_batches_tracked == 20
