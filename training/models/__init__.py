"""The networks, by name."""

from collections.abc import Callable, Sequence

from torch import nn

from generator.errors import ConfigError
from training.models.unet import Prediction, UNet

__all__ = ["MODELS", "Prediction", "UNet", "build_model"]

MODELS: dict[str, Callable[[Sequence[int]], nn.Module]] = {"unet": UNet}


def build_model(name: str, widths: Sequence[int]) -> nn.Module:
    """A network with fresh weights: (B, 6, H, W) float -> Prediction.

    Raises:
        ConfigError: there is none of that name.
    """
    if name not in MODELS:
        raise ConfigError("--model", f"one of {', '.join(MODELS)}", name, "choose one of them")
    return MODELS[name](widths)
