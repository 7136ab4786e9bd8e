"""A network with fixed weights, which predicts at once."""

import pytest
import torch

from fgbg.predictor import Predictor
from fgbg.predictor.torch_engine import TorchEngine
from training.models import Network
from training.target import AlphaTarget


class PixelNetwork(Network):
    """A network that looks at each pixel separately."""

    def __init__(self) -> None:
        super().__init__(inputs=6, stride=1)
        self.add_heads(6, classes=1, depth=True)

    def features(self, picture: torch.Tensor) -> torch.Tensor:
        return picture


@pytest.fixture
def drawn() -> Predictor:
    """A predictor without training."""
    torch.manual_seed(0)
    return Predictor(TorchEngine(PixelNetwork().eval(), AlphaTarget(), 32, torch.device("cpu")), 32)
