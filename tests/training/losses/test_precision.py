import pytest
import torch

from training.losses.precision import in_full_precision


@in_full_precision
def product(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    return one @ other


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (torch.bfloat16, torch.float32),
        (torch.float16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
    ],
)
def test_halves_are_raised_and_autocast_is_off(given: torch.dtype, found: torch.dtype) -> None:
    # 257 needs 9 bits, one more than bfloat16 has.
    one, other = torch.tensor([[16.0, 1.0]], dtype=given), torch.tensor([[16.0], [1.0]], dtype=given)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        for result in (product(one, other), product(one, other=other)):
            assert result.dtype == found
            assert float(result) == 257
