"""Trained weights for a named encoder: published ones, or those of a file.

They come from networks with RGB input. In a network with bg and fg_bg as input, the first convolution gets
the RGB kernel twice, each at half its weight, so that two equal pictures give the same features as one. This
is the rule of timm's `adapt_input_conv` and segmentation_models_pytorch's `patch_first_conv`, after Carreira
& Zisserman 2017, "Quo Vadis, Action Recognition?".
"""

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from generator.errors import ConfigError, one_line
from generator.process.quiet_hub import quiet_hub
from training.models.encoders import EncoderUNet

_FIELD = "`encoder_weights`"
_TIMM = "tu-"

Weights = Mapping[str, Tensor]


def load_encoder_weights(network: nn.Module, source: str) -> None:
    """Load trained weights into a network's encoder.

    Args:
        network: an EncoderUNet, unless `source` is `none`.
        source: `imagenet` for published weights, `none` to change nothing, else a file (.pt, .pth or
            .safetensors) with the state dict of the RGB network, with or without its classifier.

    Raises:
        ConfigError: the weights cannot be downloaded or read, or do not fit.
    """
    if source == "none":
        return
    assert isinstance(network, EncoderUNet)
    weights = _published(network.encoder_name) if source == "imagenet" else _stored(Path(source))
    _put(weights, network.encoder, source)


def _published(name: str) -> Weights:
    """The weights trained on ImageNet, from the hub or its cache."""
    import timm
    from huggingface_hub import hf_hub_download
    from safetensors.torch import load_file
    from segmentation_models_pytorch.encoders import encoders

    own = encoders[name]["pretrained_settings"] if not name.startswith(_TIMM) else {}
    settings = next((own[key] for key in own if key.startswith("imagenet")), None)
    bare = name.removeprefix(_TIMM)
    if settings is None and not (name.startswith(_TIMM) and timm.is_model_pretrained(bare)):
        raise ConfigError(
            _FIELD, f"published weights of {bare}", "none on ImageNet", "give a file, or use none"
        )
    try:
        with quiet_hub():
            if settings is None:
                published: Weights = timm.create_model(bare, pretrained=True).state_dict()
                return published
            return load_file(
                hf_hub_download(settings["repo_id"], "model.safetensors", revision=settings["revision"])
            )
    except Exception as error:  # errors of the hub, of HTTP and of sockets have no common base
        where = settings["repo_id"] if settings else getattr(timm.get_pretrained_cfg(bare), "hf_hub_id", bare)
        raise ConfigError(
            _FIELD,
            "",
            f"cannot be downloaded from huggingface.co/{where} ({one_line(error)})",
            "download model.safetensors elsewhere and give the file, or use `encoder_weights=none`",
        ) from error


def _stored(path: Path) -> Weights:
    """The weights in a file; code in it is not run."""
    from timm.models import load_state_dict

    if not path.is_file():
        raise ConfigError(_FIELD, "imagenet, none or a file of weights", str(path), "check the path")
    try:
        weights: Weights = load_state_dict(str(path), use_ema=False, weights_only=True)
        strangers = [key for key, weight in weights.items() if not isinstance(weight, Tensor)]
    except Exception as error:  # for damaged bytes torch raises many types
        found = f"{path}: {one_line(error).partition('. ')[0]}"
        raise ConfigError(_FIELD, "a state dict", found, "give a .pt, .pth or .safetensors file") from error
    if strangers:
        found = f"{path}: {strangers[0]} is no tensor"
        raise ConfigError(_FIELD, "a state dict of tensors", found, "store the network's state_dict()")
    return weights


@torch.no_grad()
def _put(weights: Weights, encoder: nn.Module, source: str) -> None:
    """Copy weights by name; weights of modules that the encoder does not have (a classifier) are left out."""
    given = {_plain(key): weight for key, weight in weights.items()}
    wanted = {_plain(key): weight for key, weight in encoder.state_dict().items()}
    modules = {key.partition(".")[0] for key in wanted}
    for key in given:
        if key not in wanted and key.partition(".")[0] in modules:
            raise _misfit(source, "only weights that the encoder has", key)
    fitting = {}
    for key, weight in wanted.items():
        if key not in given:
            if key.endswith(".num_batches_tracked"):  # older files do not have it
                continue
            raise _misfit(source, key, "none of that name")
        value = given[key]
        if value.shape != weight.shape and value.ndim == 4 and 2 * value.shape[1] == weight.shape[1]:
            value = value.repeat(1, 2, 1, 1) / 2
        if value.shape != weight.shape:
            raise _misfit(source, f"{key} of {_size(weight)}", _size(value))
        fitting[key] = value
    for key, value in fitting.items():
        wanted[key].copy_(value)


def _plain(key: str) -> str:
    """A weight's name without the changes that wrapping a network for its features makes.

    `model.stages_0.conv.weight` and `stages.0.conv.weight` become the same name.
    """
    return re.sub(r"_(\d+)(?=\.)", r".\1", re.sub(r"^(model\.)+", "", key))


def _misfit(source: str, expected: str, found: str) -> ConfigError:
    return ConfigError(
        _FIELD, expected, f"{found} in {source}", "give weights of the network `encoder` names"
    )


def _size(tensor: Tensor) -> str:
    return " x ".join(map(str, tensor.shape)) or "one number"
