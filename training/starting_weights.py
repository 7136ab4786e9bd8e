"""The first weights of a new run: random, of a trained encoder, or of another run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from generator.files import hash_file
from training.checkpoint import load_checkpoint
from training.config import TrainConfig, read_identity
from training.errors import CheckpointError
from training.models import Network, load_encoder_weights
from training.models.transfer import HEADS, Transfer, transfer
from training.records.run_files import find_checkpoint
from training.target import same_meaning

_OF_NETWORK = ("model", "encoder", "encoder_weights", "widths", "inputs", "depth_head")
"""Fields that a new run takes from the checkpoint that it loads."""

_SHOWN = 3
"""Names of new layers in a line."""


def with_loaded_network(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a new run, with the network of the checkpoint in `load` where no other one is asked for.

    Args:
        given: fields of TrainConfig.

    Raises:
        CheckpointError: the checkpoint in `load` cannot be used.
    """
    if given.get("load") is None:
        return dict(given)
    path = find_loaded(Path(given["load"]))
    theirs = read_identity(load_checkpoint(path).config)
    fields = {name: getattr(theirs, name) for name in _OF_NETWORK}
    if any(name in given and given[name] != fields[name] for name in ("model", "encoder")):
        # Widths and encoder weights belong to the network that is not wanted.
        fields = {name: fields[name] for name in ("inputs", "depth_head")}
    return {**fields, **given, "load": path, "loaded_from": hash_file(path)}


def find_loaded(path: Path) -> Path:
    """The file that `load` means.

    Raises:
        CheckpointError: there is none.
    """
    try:
        return find_checkpoint(path)
    except CheckpointError as error:
        fix = "give a checkpoint, or the folder of a run, with `load`"
        raise CheckpointError(path, error.expected, error.found, fix) from error


def start_weights(network: Network, config: TrainConfig) -> str | None:
    """Give a network the weights that a new run starts with, where they are not random.

    Returns:
        A line on the weights of the file in `load`; None without one.

    Raises:
        CheckpointError: the file in `load` cannot be used, or no layer of it fits.
        ConfigError: the weights of the encoder cannot be used.
    """
    if config.load is None:
        load_encoder_weights(network, config.encoder_weights)
        return None
    checkpoint = load_checkpoint(config.load)
    theirs = read_identity(checkpoint.config)
    if config.encoder != theirs.encoder:
        load_encoder_weights(network, config.encoder_weights)
    leave_out = () if same_meaning(theirs.mask, config.mask) else ("mask_head",)
    found = transfer(network, checkpoint.ema, leave_out)
    if not found.has_features:
        raise CheckpointError(
            config.load,
            f"layers that fit {_network(config)}",
            _network(theirs),
            "leave `model`, `encoder` and `widths` out, or load another checkpoint",
        )
    return f"{config.load}: {_line(found)}"


def _network(config: TrainConfig) -> str:
    return f"{config.architecture.title} with widths {','.join(map(str, config.widths))}"


def _line(found: Transfer) -> str:
    """How many layers have loaded weights, and which are new."""
    total = len(found.taken) + len(found.new)
    line = f"weights of {len(found.taken)} of {total} layers loaded"
    if not found.new:
        return line
    first = sorted(found.new, key=lambda name: name not in HEADS)[:_SHOWN]
    more = f" and {len(found.new) - _SHOWN} more" if len(found.new) > _SHOWN else ""
    return f"{line}; new: {', '.join(first)}{more}"
