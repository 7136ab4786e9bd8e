import copy

import pytest
import torch
from torch import nn

from training.models import build_model
from training.models.architecture import Architecture
from training.optim.muon import Muon, is_matrix


def stepped(
    weight: torch.Tensor, gradient: torch.Tensor, lr: float = 0.1, decay: float = 0.0
) -> torch.Tensor:
    """The change of a weight in the first step."""
    parameter = nn.Parameter(weight.clone())
    parameter.grad = gradient
    Muon([parameter], lr, decay).step()
    return parameter.detach() - weight


def test_a_step_goes_equally_far_in_every_direction() -> None:
    """For a gradient U S V, the step is along U V for any S. Its root mean square is AdamW's: 0.2."""
    generator = torch.Generator().manual_seed(0)
    left, _, right = torch.linalg.svd(torch.randn(8, 18, generator=generator), full_matrices=False)
    strengths = torch.logspace(0, -1.5, 8)
    change = stepped(torch.zeros(8, 2, 3, 3), (left * strengths @ right).view(8, 2, 3, 3)).flatten(1)
    along = torch.linalg.svdvals(change)
    expected = 0.1 * 0.2 * 18**0.5
    assert 0.6 * expected < along.min() and along.max() < 1.3 * expected
    assert nn.functional.cosine_similarity(change.flatten(), -(left @ right).flatten(), dim=0) > 0.98
    assert float(change.square().mean().sqrt()) == pytest.approx(0.1 * 0.2, rel=0.2)


def test_the_size_of_gradients_does_not_matter() -> None:
    gradient = torch.randn(4, 6, generator=torch.Generator().manual_seed(1))
    once, thousand = (stepped(torch.zeros(4, 6), scale * gradient) for scale in (1.0, 1000.0))
    assert torch.allclose(once, thousand, atol=1e-5)


def test_weights_decay_apart_from_gradients() -> None:
    weight, gradient = torch.ones(4, 4), torch.eye(4)
    with_decay, without = (stepped(weight, gradient, lr=0.1, decay=decay) for decay in (0.5, 0.0))
    assert torch.allclose(with_decay - without, torch.full((4, 4), -0.05), atol=1e-6)


def test_what_is_no_matrix_takes_adamw() -> None:
    """Vectors and heads of one channel: several steps equal those of torch's AdamW."""
    shapes = [(5,), (1, 4, 1, 1), (6, 1, 3, 3)]
    ours = [nn.Parameter(torch.ones(shape)) for shape in shapes]
    theirs = copy.deepcopy(ours)
    one = Muon(ours, 0.01, 0.1)
    other = torch.optim.AdamW(theirs, 0.01, (0.9, 0.95), weight_decay=0.1)
    generator = torch.Generator().manual_seed(2)
    for _ in range(3):
        for mine, its in zip(ours, theirs, strict=True):
            mine.grad = its.grad = torch.randn(mine.shape, generator=generator)
        one.step()
        other.step()
    for mine, its in zip(ours, theirs, strict=True):
        assert not is_matrix(mine) and torch.allclose(mine, its)


def test_momentum_remembers_earlier_gradients() -> None:
    """A reversed gradient does not reverse the step at once. Weights without a gradient do not change."""
    gradient = torch.eye(4)
    weight, still = nn.Parameter(torch.zeros(4, 4)), nn.Parameter(torch.ones(4, 4))
    optimizer = Muon([weight, still], 0.1, 0.5)
    for _ in range(20):
        weight.grad = gradient
        optimizer.step()
    before = weight.detach().clone()
    weight.grad = -0.1 * gradient
    optimizer.step()
    assert bool((weight.detach() - before * (1 - 0.1 * 0.5)).diagonal().lt(0).all())
    assert torch.equal(still.detach(), torch.ones(4, 4))


def test_a_stored_state_goes_on_to_the_bit() -> None:
    network = build_model(Architecture("unet", (4, 8))).to(memory_format=torch.channels_last)
    inputs = torch.randn(2, 6, 16, 16, generator=torch.Generator().manual_seed(3))

    def learn(network: nn.Module, optimizer: Muon) -> None:
        optimizer.zero_grad()
        network(inputs).mask_logits.square().mean().backward()
        optimizer.step()

    optimizer = Muon(network.parameters(), 0.01, 0.01)
    learn(network, optimizer)
    other = copy.deepcopy(network)
    resumed = Muon(other.parameters(), 0.5, 0.0)
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    learn(network, optimizer)
    learn(other, resumed)
    for mine, its in zip(network.parameters(), other.parameters(), strict=True):
        assert torch.equal(mine, its)
