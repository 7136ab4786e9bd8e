from collections.abc import Callable

import numpy as np
import pytest
import torch
from torchmetrics.functional.image import structural_similarity_index_measure

from training.losses.similarity import similarity_map

Similarity = Callable[[np.ndarray, np.ndarray], np.ndarray]


def rand(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("size", [(16, 20), (6, 6), (6, 30), (5, 5), (5, 40), (3, 4), (2, 9), (1, 8), (1, 1)])
def test_it_follows_the_formula_at_any_size(ssim_by_hand: Similarity, size: tuple[int, int]) -> None:
    one, other = rand(2, 1, *size), rand(2, 1, *size, seed=1)
    found = similarity_map(one, other)
    assert found.shape == one.shape
    for sample in range(2):
        expected = ssim_by_hand(one[sample, 0].numpy(), other[sample, 0].numpy())
        np.testing.assert_allclose(found[sample, 0].numpy(), expected, rtol=1e-6, atol=1e-7)


def test_it_agrees_with_the_one_of_torchmetrics() -> None:
    one, other = rand(2, 1, 16, 20), rand(2, 1, 16, 20, seed=1)
    expected = structural_similarity_index_measure(one, other, data_range=1.0, reduction="none")
    torch.testing.assert_close(similarity_map(one, other).mean(dim=(1, 2, 3)), expected)
