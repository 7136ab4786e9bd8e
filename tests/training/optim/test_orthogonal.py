import pytest
import torch
from timm.optim.muon import zeropower_via_newtonschulz

from training.optim.orthogonal import orthogonal

COEFFICIENTS = [(3.4445, -4.7750, 2.0315)]
SHAPES = [(8, 18), (8, 72), (16, 4), (4, 4), (3, 500)]


def drawn(shape: tuple[int, int], seed: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_it_is_the_iteration_on_whole_matrices() -> None:
    """Beside timm's, which takes them one by one; with strong and weak directions, as momenta have them."""
    given = [drawn(shape, seed) * 0.01 for seed, shape in enumerate(SHAPES)]
    given = [matrix + drawn((len(matrix), 1), 9) @ drawn((1, matrix.shape[1]), 8) for matrix in given]
    for matrix, turned in zip(given, orthogonal(given), strict=True):
        expected = zeropower_via_newtonschulz(matrix, 5, COEFFICIENTS, dtype=torch.float32)
        assert turned.shape == matrix.shape
        assert torch.allclose(turned, expected, atol=0.01 * float(expected.abs().max()))


@pytest.mark.parametrize("shape", SHAPES)
def test_directions_stay_and_lengths_become_equal(shape: tuple[int, int]) -> None:
    matrix = drawn(shape, 1)
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    (turned,) = orthogonal([matrix])
    lengths = (left.T @ turned @ right.T).diagonal()
    assert bool((lengths > 0.6).all()) and bool((lengths < 1.3).all())
    assert torch.allclose(left * lengths @ right, turned, atol=1e-3)


def test_directions_that_are_missing_stay_missing() -> None:
    one = drawn((8, 1), 2) @ drawn((1, 30), 3)
    turned, nothing = orthogonal([one, torch.zeros(8, 5)])
    found = torch.linalg.svdvals(turned)
    assert 0.6 < found[0] < 1.3 and float(found[1]) < 0.01
    assert torch.equal(nothing, torch.zeros(8, 5))


def test_without_matrices_there_is_nothing_to_do() -> None:
    assert orthogonal([]) == []
