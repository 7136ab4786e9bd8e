"""The networks, by name."""

from collections.abc import Callable

import torch

from generator.errors import ConfigError
from training.models.architecture import Architecture, default_widths
from training.models.conv_deconv import ConvDeconv
from training.models.encoder_weights import load_encoder_weights
from training.models.encoders import EncoderUNet, encoder_name
from training.models.network import Network, Prediction, Truth
from training.models.unet import UNet
from training.models.unet_elu import UNetELU
from training.models.unet_siam import UNetSiam

__all__ = [
    "MODELS",
    "Architecture",
    "ConvDeconv",
    "EncoderUNet",
    "Network",
    "Prediction",
    "Truth",
    "UNet",
    "UNetELU",
    "UNetSiam",
    "build_model",
    "default_widths",
    "load_encoder_weights",
    "outline",
    "weight_shapes",
]

MODELS: dict[str, Callable[[tuple[int, ...], int, int, bool], Network]] = {
    "unet-siam": UNetSiam,
    "unet": UNet,
    "unet-elu": UNetELU,
    "conv-deconv": ConvDeconv,
}


def build_model(architecture: Architecture) -> Network:
    """A network with random weights: (B, inputs, H, W) float -> Prediction.

    Raises:
        ConfigError: there is no network, or encoder, of that name.
    """
    it = architecture
    if it.model not in MODELS:
        raise ConfigError("`model`", f"one of {', '.join(MODELS)}", it.model, "choose one of them")
    if it.encoder is not None:
        return EncoderUNet(it.encoder, it.widths, it.freeze_encoder, it.inputs, it.classes, it.depth)
    return MODELS[it.model](it.widths, it.inputs, it.classes, it.depth)


def outline(architecture: Architecture) -> Network | None:
    """The same network on the meta device: names and shapes without memory for the weights.

    None for an encoder that cannot be made there, as making it computes with values.

    Raises:
        ConfigError: there is no network, or encoder, of that name.
    """
    if architecture.encoder is not None:
        encoder_name(architecture.encoder)
    try:
        with torch.device("meta"):
            return build_model(architecture)
    except ConfigError:
        if architecture.encoder is None:
            raise
        return None


def weight_shapes(architecture: Architecture) -> dict[str, torch.Size] | None:
    """Shapes of all weights by name, without memory for the weights; None where `outline` is None.

    Raises:
        ConfigError: there is no network, or encoder, of that name.
    """
    network = outline(architecture)
    return None if network is None else {name: part.shape for name, part in network.state_dict().items()}
