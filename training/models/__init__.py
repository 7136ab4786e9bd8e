"""The networks, by name."""

from collections.abc import Callable

from generator.errors import ConfigError
from training.models.architecture import Architecture, default_widths
from training.models.conv_deconv import ConvDeconv
from training.models.encoder_weights import load_encoder_weights
from training.models.encoders import EncoderUNet
from training.models.network import Network, Prediction
from training.models.unet import UNet
from training.models.unet_elu import UNetELU

__all__ = [
    "MODELS",
    "Architecture",
    "ConvDeconv",
    "EncoderUNet",
    "Network",
    "Prediction",
    "UNet",
    "UNetELU",
    "build_model",
    "default_widths",
    "load_encoder_weights",
]

MODELS: dict[str, Callable[[tuple[int, ...], int, int, bool], Network]] = {
    "unet": UNet,
    "unet-elu": UNetELU,
    "conv-deconv": ConvDeconv,
}


def build_model(architecture: Architecture) -> Network:
    """A network with fresh weights: (B, inputs, H, W) float -> Prediction.

    Raises:
        ConfigError: there is none of that name, or no such encoder.
    """
    it = architecture
    if it.model not in MODELS:
        raise ConfigError("--model", f"one of {', '.join(MODELS)}", it.model, "choose one of them")
    if it.encoder is not None:
        return EncoderUNet(it.encoder, it.widths, it.freeze_encoder, it.inputs, it.classes, it.depth)
    return MODELS[it.model](it.widths, it.inputs, it.classes, it.depth)
