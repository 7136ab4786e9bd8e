"""`export_network`: write a trained network as a file for other programs."""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator import __version__
from generator.errors import ConfigError
from generator.files import hash_file, refuse_existing, require_writable, write_atomically
from generator.networks.onnx_runtime import require_onnx
from training.checkpoint import Checkpoint, load_checkpoint, model_of
from training.errors import CheckpointError
from training.export import agreement
from training.export.card import write_exported_card
from training.export.config import NetworkExportConfig
from training.export.core import ConversionError, convert_core
from training.export.metadata import description, network_metadata
from training.export.model import join_contract, join_rembg
from training.models import Network
from training.records.run_files import find_checkpoint
from training.records.weights_file import KEY, weights_bytes

if TYPE_CHECKING:
    from onnx import ModelProto

_LARGEST = 2**31 - 2**20
"""Bytes of weights that fit in one ONNX file, because protobuf allows 2 GB."""


@dataclass(frozen=True)
class NetworkExport:
    """The result of `export_network`.

    Attributes:
        path: of the file.
        bytes: its size.
        difference: from torch, the largest of a mask or depth in [0, 1] on drawn pictures; None for
            safetensors, which holds the same weights.
        licence: the note in its metadata.
        card: its model card; None if the user keeps an own one there.
    """

    path: Path
    bytes: int
    difference: float | None
    licence: str
    card: Path | None


def export_network(
    config: NetworkExportConfig, overwrite: bool = False, say: Callable[[str], None] = lambda line: None
) -> NetworkExport:
    """Write a trained network with its averaged weights as ONNX or safetensors, and a model card beside it.

    An ONNX file is compared with torch on drawn pictures of several sizes, and only written if both agree.

    Args:
        config: what to write.
        overwrite: replace an existing file. A model card without its mark always stays.
        say: gets a line before the conversion to ONNX, which takes some seconds.

    Raises:
        CheckpointError: the checkpoint cannot be used, or its network cannot be converted or gives other
            results.
        ConfigError: a package is missing, or the network does not fit the contract or the format.
        ExistsError: there is a file already, and not `overwrite`.

    Example:
        >>> config = fgbg.NetworkExportConfig(checkpoint="outputs", format="safetensors", out="n.safetensors")
        >>> fgbg.export_network(config).path.name
        'n.safetensors'
    """
    source = find_checkpoint(config.checkpoint)
    target = config.target(source)
    refuse_existing([target], overwrite)
    require_writable(target.parent)
    if config.format == "onnx":
        require_onnx("`format=onnx`", ("onnx", "onnxscript", "onnxruntime"))
    checkpoint = load_checkpoint(source)
    network = model_of(source, checkpoint)
    metadata = network_metadata(checkpoint, network, config.contract, config.half, config.licence)
    metadata["checkpoint"] = hash_file(source)
    if config.format == "onnx":
        say(f"{source}: converting, then comparing with torch; this takes a few seconds")
        content, difference = _onnx_bytes(source, checkpoint, network, config, metadata)
    else:
        metadata |= {"config": checkpoint.config, "stage": checkpoint.position.stage}
        content, difference = weights_bytes(checkpoint.ema, metadata), None
    target.parent.mkdir(parents=True, exist_ok=True)
    card = write_exported_card(source, target, metadata, own_licence=config.licence is not None)
    write_atomically(target, content)
    return NetworkExport(target, len(content), difference, metadata["licence"], card)


def _onnx_bytes(
    source: Path,
    checkpoint: Checkpoint,
    network: Network,
    config: NetworkExportConfig,
    metadata: dict[str, Any],
) -> tuple[bytes, float]:
    """The file, and its largest difference from torch."""
    entry, res = checkpoint.target.entry, checkpoint.res
    if config.contract == "rembg" and entry.kind != "alpha":
        found = f"one of {len(entry.names)} classes"
        raise ConfigError("`contract=rembg`", "a network of soft masks", found, "leave it out")
    size = sum(weight.numel() * (2 if config.half else 4) for weight in checkpoint.ema.values())
    if size > _LARGEST:
        fix = "use `format=safetensors`, or `half`" if not config.half else "use `format=safetensors`"
        raise ConfigError("`format=onnx`", "at most 2 GB of weights", f"{size / 1e9:.1f} GB", fix)
    try:
        core = convert_core(copy.deepcopy(network), config.half)
    except ConversionError as error:
        expected = "a network that torch can convert to ONNX"
        raise CheckpointError(source, expected, str(error), "use `format=safetensors`") from error
    if config.contract == "rembg":
        model, compare = join_rembg(core, network, res), agreement.largest_difference_in_rembg
    else:
        model, compare = join_contract(core, network, entry, res), agreement.largest_difference
    _describe(model, metadata)
    largest, mean = compare(model, network, checkpoint.target, res)
    allowed = agreement.HALF_TOLERANCE if config.half else agreement.TOLERANCE
    if not (largest <= allowed and mean <= allowed / 10):
        expected = f"differences from torch up to {allowed:g} (mean {allowed / 10:g})"
        found = f"{largest:.2g} (mean {mean:.2g}), so nothing was written"
        fix = "leave `half` out" if config.half else "use `format=safetensors`"
        raise CheckpointError(source, expected, found, fix)
    return model.SerializeToString(), largest


def _describe(model: "ModelProto", metadata: dict[str, Any]) -> None:
    from onnx.helper import set_model_props

    model.producer_name, model.producer_version = "fgbg", __version__
    model.doc_string = model.graph.doc_string = description(metadata)
    model.graph.name = "fgbg"
    set_model_props(model, {KEY: json.dumps(metadata)})
