"""Making matrices orthogonal, many at once, by the Newton-Schulz iteration on their Gram matrices.

The usual iteration multiplies whole matrices X. This one is the same polynomial, of X X^T, whose side is only
the shorter side of X: a convolution of 32 to 32 channels has a matrix of 32 x 288. Matrices with the same
shorter side are iterated together.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

_ITERATIONS = 5
_COEFFICIENTS = 3.4445, -4.7750, 2.0315
"""The iteration with these brings singular values between 0.7 and 1.2."""
_LEAST_NORM = 1e-7


def orthogonal(matrices: Sequence[Tensor]) -> list[Tensor]:
    """Matrices along the same directions, with singular values near 1.

    Values below about a hundredth of the norm of their matrix stay smaller than 0.7.

    Args:
        matrices: (m, n) float32 each, of any shapes, all on one device.

    Source: Zhang et al. 2026, "Gram Newton-Schulz"; the coefficients after Jordan et al. 2024, "Muon: An
    optimizer for hidden layers in neural networks".
    """
    wide = [matrix.T if matrix.shape[0] > matrix.shape[1] else matrix for matrix in matrices]
    wide = [matrix / matrix.norm().clamp(min=_LEAST_NORM) for matrix in wide]
    by_side: dict[int, list[int]] = {}
    for number, matrix in enumerate(wide):
        by_side.setdefault(len(matrix), []).append(number)
    turned = list(wide)
    for numbers in by_side.values():
        factors = _polynomials(torch.stack([wide[number] @ wide[number].T for number in numbers]))
        for number, factor in zip(numbers, factors, strict=True):
            turned[number] = factor @ wide[number]
    return [
        result if result.shape == given.shape else result.T
        for given, result in zip(matrices, turned, strict=True)
    ]


def _polynomials(grams: Tensor) -> Tensor:
    """Gram matrices (k, m, m) of matrices -> the (k, m, m) that make these orthogonal."""
    linear, cubic, quintic = _COEFFICIENTS
    product: Tensor | None = None
    for _ in range(_ITERATIONS):
        factor = torch.baddbmm(grams, grams, grams, beta=cubic, alpha=quintic)
        factor.diagonal(dim1=-2, dim2=-1).add_(linear)
        product = factor if product is None else factor @ product
        grams = factor @ grams @ factor
    assert product is not None
    return product
