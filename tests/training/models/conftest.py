"""Small networks of every kind."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from training.models import Architecture, Network, build_model

Make = Callable[..., Network]

KINDS: dict[str, dict[str, Any]] = {
    "unet": {"model": "unet", "widths": (4, 6, 8)},
    "unet-siam": {"model": "unet-siam", "widths": (4, 6, 8)},
    "unet-elu": {"model": "unet-elu", "widths": (4, 6, 8)},
    "conv-deconv": {"model": "conv-deconv", "widths": (4, 6, 8)},
    "encoder": {"model": "unet", "encoder": "test_efficientnet", "widths": (4, 4, 4, 8, 8)},
}


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest) -> Make:
    """A function that builds a small network of each kind; arguments replace fields of its Architecture."""

    def build(**fields: Any) -> Network:
        torch.manual_seed(0)
        return build_model(Architecture(**(KINDS[request.param] | fields)))

    return build
