import pytest
import torch

from training.optim.plateau import Plateau


def test_the_rate_falls_after_more_epochs_without_a_better_loss_than_its_patience() -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    plateau = Plateau(optimizer, factor=0.5, patience=1)
    rates = []
    for loss in (1.0, 0.99995, 1.0, 0.5, 0.6, 0.6):  # the second loss improves by less than 1e-4 of the first
        plateau.step(loss)
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([1, 1, 0.5, 0.5, 0.5, 0.25])
