"""The metadata of an exported network: what a program must know to use it, and a note on its licence."""

from importlib.metadata import version
from typing import Any

from generator import __version__
from training.checkpoint import Checkpoint
from training.config import OWN_WEIGHTS, TrainConfig, read_identity
from training.models import Network
from training.models.encoders import encoder_name
from training.records.weights_file import FORMAT, VERSION

_TIMM = "tu-"


def network_metadata(
    checkpoint: Checkpoint, network: Network, contract: str, half: bool, licence: str | None
) -> dict[str, Any]:
    """The metadata as JSON values.

    Args:
        checkpoint: that the network comes from.
        network: of the checkpoint.
        contract: fgbg or rembg.
        half: whether it computes in float16.
        licence: the user's own text; None for `licence_note`.
    """
    config = read_identity(checkpoint.config)
    return {
        "format": FORMAT,
        "version": VERSION,
        "contract": contract,
        "res": checkpoint.res,
        "stride": network.stride,
        "inputs": network.inputs,
        "mask": checkpoint.target.entry.model_dump(mode="json"),
        "depth": network.depth_head is not None and contract == "fgbg",
        "precision": "float16" if half else "float32",
        "network": config.architecture.title,
        "dataset_id": checkpoint.dataset_id,
        "versions": {"fgbg": __version__, "torch": version("torch")},
        "licence": licence or licence_note(config),
    }


def licence_note(config: TrainConfig) -> str:
    """The facts about the origin of the weights, which decide who may use them."""
    trained = "The weights were trained by a user of fgbg, on pictures whose licences fgbg does not know."
    if config.encoder is None or config.encoder_weights == "none":
        return f"{trained} They began at random values. Whoever trained them can say who may use them."
    if config.encoder_weights == OWN_WEIGHTS:
        return f"{trained} The encoder {config.encoder} began with weights from a file of unknown licence."
    known = _published_licence(config.encoder)
    licence = f"of the licence {known}" if known else "whose licence its publisher states"
    weights = f"published weights ({licence}), trained on ImageNet"
    return f"{trained} The encoder {config.encoder} began with {weights}."


def _published_licence(encoder: str) -> str | None:
    """The licence of an encoder's published weights, where timm knows it."""
    import timm

    name = encoder_name(encoder)
    published = timm.get_pretrained_cfg(name.removeprefix(_TIMM)) if name.startswith(_TIMM) else None
    return getattr(published, "license", None)


def description(metadata: dict[str, Any]) -> str:
    """A text for people who open an ONNX file without its documentation."""
    begin = f"A network trained with fgbg {metadata['versions']['fgbg']}. {metadata['licence']}"
    return "\n".join([begin, *interface(metadata)])


def interface(metadata: dict[str, Any]) -> list[str]:
    """A line about each input and output of an ONNX file."""
    if metadata["contract"] == "rembg":
        return [
            "input_picture: (1, 3, 320, 320) float32, RGB in [0, 1], then ImageNet's mean and deviation.",
            "mask: (1, 1, 320, 320) float32 in [0, 1]. Made for 'rembg i -m u2net_custom'.",
        ]
    lines = ["picture: (B, H, W, 3) uint8 sRGB, of any size."]
    if metadata["inputs"] == 6:
        lines += [
            "background: (B, h, w, 3) uint8 sRGB, the same view without the object; else any pixels.",
            "has_background: (B,) bool, whether the background is used.",
        ]
    names = metadata["mask"].get("names")
    channel = f"a share for each of {len(names)} classes" if names else "one channel, 1 where the object is"
    lines.append(f"mask: (B, C, H, W) float32 in [0, 1], {channel}.")
    if metadata["depth"]:
        lines.append("depth: (B, 1, H, W) float32 in [0, 1], relative inverse depth, 1 nearest.")
    return lines
