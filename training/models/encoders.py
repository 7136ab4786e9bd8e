"""A U-Net decoder over any encoder of segmentation_models_pytorch or timm."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import torch
from torch import Tensor, nn

from generator.errors import ConfigError, one_line
from training.models.network import Network

LEVELS = 5
"""Number of times an encoder halves the size, and of widths of the decoder."""

_IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_HALF = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
_DPN = (124 / 255, 117 / 255, 104 / 255), (1 / (0.0167 * 255),) * 3
_TIMM = "tu-"
_LEFT_OVER = ("_conv_head", "_bn1")
"""Layers of efficientnet-b0 to b7 that segmentation_models_pytorch keeps and never calls."""


class EncoderUNet(Network):
    """An encoder known by its name, the U-Net decoder of segmentation_models_pytorch, and our heads.

    Weights are random; `load_encoder_weights` loads trained ones. Inputs are scaled from [-1, 1] to the range
    that the encoder's published weights were trained on, by a fixed factor and shift for each channel.

    A frozen encoder gets no gradients, and its batch statistics do not change. In a network with 6 inputs its
    first convolution is still trained: its weights for bg and fg_bg start equal, and it would otherwise not
    tell bg from fg_bg.

    Args:
        name: of the encoder; names of timm with or without `tu-` before them.
        widths: channels of the decoder, from the full resolution down, `LEVELS` of them.
        freeze: whether the encoder is not trained.
        inputs, classes, depth: see `Architecture`.

    Raises:
        ConfigError: there is no encoder of that name, it cannot be used, or there are not `LEVELS` widths.
    """

    input_scale: Tensor
    input_shift: Tensor

    def __init__(
        self,
        name: str,
        widths: Sequence[int],
        freeze: bool = False,
        inputs: int = 6,
        classes: int = 1,
        depth: bool = True,
    ) -> None:
        super().__init__(inputs, stride=2**LEVELS)
        if len(widths) != LEVELS:
            found = ",".join(map(str, widths))
            raise ConfigError(
                "`widths`", f"{LEVELS} widths with `encoder`", found, f"give {LEVELS}, or leave `widths` out"
            )
        self.encoder_name = encoder_name(name)
        unet = _unet(self.encoder_name, widths, inputs)
        self.encoder, self.decoder = unet.encoder, unet.decoder
        mean, std = (torch.tensor(values).repeat(inputs // 3) for values in normalisation(self.encoder_name))
        # (x + 1) / 2 is in [0, 1]; from it the mean is subtracted, and it is divided by the deviation.
        self.register_buffer("input_scale", (0.5 / std).view(1, -1, 1, 1))
        self.register_buffer("input_shift", ((0.5 - mean) / std).view(1, -1, 1, 1))
        self.add_heads(widths[0], classes, depth)
        self._is_frozen = freeze
        if freeze:
            self.encoder.requires_grad_(False)
            if inputs > 3:
                for weight in self.first_weights():
                    weight.requires_grad_(True)

    def features(self, picture: Tensor) -> Tensor:
        features: Tensor = self.decoder(self.encoder(picture * self.input_scale + self.input_shift))
        return features

    def train(self, mode: bool = True) -> "EncoderUNet":
        super().train(mode)
        if self._is_frozen:
            self.encoder.eval()
        return self

    def first_weights(self) -> list[nn.Parameter]:
        """The encoder's weights that take the picture itself: those whose shape differs for 3 inputs."""
        rgb = _unet(self.encoder_name, [1] * LEVELS, 3).encoder.state_dict()
        return [weight for name, weight in self.encoder.named_parameters() if weight.shape != rgb[name].shape]


def encoder_name(name: str) -> str:
    """The name that segmentation_models_pytorch has for an encoder; for one of timm, `tu-` and its name.

    Raises:
        ConfigError: there is none; the error suggests similar names.
    """
    import timm
    from segmentation_models_pytorch.encoders import encoders

    # Names with timm- are old names of networks that timm has too.
    own = [known for known in encoders if not known.startswith("timm-")]
    if name in own:
        return name
    bare = name.removeprefix(_TIMM)
    if timm.is_model(bare):
        return _TIMM + bare
    close = get_close_matches(bare.removeprefix("timm-"), list({*own, *timm.list_models()}), n=4, cutoff=0.5)
    fix = f"there is {', '.join(close)}" if close else "there is resnet34, mobilenet_v2, ..."
    raise ConfigError("`encoder`", "an encoder of segmentation_models_pytorch or timm", name, fix)


def normalisation(name: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of red, green and blue in [0, 1] that an encoder's published weights expect."""
    import timm

    if name.startswith(_TIMM):
        published = timm.get_pretrained_cfg(name.removeprefix(_TIMM))
        return (tuple(published.mean), tuple(published.std)) if published is not None else _IMAGENET
    if name.startswith(("inception", "xception")):
        return _HALF
    return _DPN if name.startswith("dpn") else _IMAGENET


def _unet(name: str, widths: Sequence[int], inputs: int) -> Any:
    """The network of segmentation_models_pytorch, with random weights.

    Raises:
        ConfigError: the encoder does not run, or only on pictures of some sizes.
    """
    from segmentation_models_pytorch import Unet

    try:
        unet = Unet(
            name,
            encoder_depth=LEVELS,
            encoder_weights=None,
            decoder_channels=tuple(reversed(widths)),
            in_channels=inputs,
        )
        unet.eval()
        with torch.no_grad():
            for height, width in ((64, 64), (32, 96)):
                answer = unet.decoder(unet.encoder(torch.zeros(1, inputs, height, width)))
                if answer.shape[-2:] != (height, width):
                    raise ValueError(f"answers {tuple(answer.shape[-2:])} to {(height, width)}")
    except Exception as error:  # each of the hundreds of encoders may raise another type
        expected = "an encoder with features at 5 scales, for pictures of any size"
        found = f"{name.removeprefix(_TIMM)}: {one_line(error)}"
        raise ConfigError("`encoder`", expected, found, "choose another, such as resnet34") from error
    for layer in _LEFT_OVER:
        if hasattr(unet.encoder, layer):
            delattr(unet.encoder, layer)
    return unet.train()
