"""Checkpoints: tensors and primitives only, written wholly or not at all."""

import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from torch import Tensor

from generator.errors import ConfigError, one_line
from generator.files import write_atomically
from generator.strict_config import first_fault
from training.config import TrainConfig, read_identity
from training.errors import CheckpointError
from training.models import Network, build_model, weight_shapes
from training.records.archive import ArchiveError, OtherKindError, is_finite, read_archive
from training.records.run_folder import FORMAT
from training.records.weights_file import SUFFIX, WeightsFileError, read_weights
from training.run_position import RunPosition
from training.stages import Stage
from training.target import Target, answer_of, target_of
from training.term_names import current_column, current_term

VERSION = 1

_NEW_RUN = "use another checkpoint, or train again in another `out`"

_Name = Annotated[str, Field(max_length=200)]
_Tensors = dict[_Name, Tensor]


@dataclass(frozen=True)
class Checkpoint:
    """Everything that resuming a run, or predicting with it, needs.

    Attributes:
        config: `TrainConfig.identity()`.
        dataset_id: of the dataset trained on.
        position: stage, epoch and step of the run.
        metrics: of the last epoch.
        model: weights.
        ema: averaged weights, which validation and prediction use.
        optimizer, scaler, scheduler: their state dicts; the scaler's is empty where losses are not scaled.
        rng: torch's random state.
        sums: each loss term summed over the current epoch (`all`), and the part already `logged`.
    """

    config: dict[str, Any]
    dataset_id: str
    position: RunPosition
    metrics: dict[str, float]
    model: dict[str, Any]
    ema: dict[str, Any]
    optimizer: dict[str, Any]
    scheduler: dict[str, Any]
    rng: dict[str, torch.Tensor]
    scaler: dict[str, Any] = field(default_factory=dict)
    sums: dict[str, dict[str, torch.Tensor]] = field(default_factory=lambda: {"all": {}, "logged": {}})

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages of the run so far."""
        return tuple(Stage(**stage) for stage in self.config["stages"])

    @property
    def target(self) -> Target:
        """The meaning of its masks."""
        return target_of(answer_of(read_identity(self.config).mask))

    @property
    def res(self) -> int:
        """The resolution of the current stage, or of the last one when the run is finished."""
        return self.stages[self.position.stage].res


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint whole or not at all."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        **vars(checkpoint),
        "position": asdict(checkpoint.position),
    }
    # In memory first: on a full disk torch's own writer does not tell the reason.
    whole = io.BytesIO()
    torch.save(content, whole)
    write_atomically(path, whole.getbuffer())


class _Content(BaseModel):
    """The fields of a checkpoint's file, apart from format and version, with their types."""

    model_config = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True)

    config: dict[_Name, Any]
    dataset_id: _Name
    position: dict[_Name, Any]
    metrics: dict[_Name, float]
    model: _Tensors
    ema: _Tensors
    optimizer: dict[Literal["state", "param_groups"], Any]
    scheduler: dict[_Name, Any]
    rng: dict[Literal["cpu", "cuda"], Tensor]
    scaler: dict[_Name, Any] = {}
    sums: dict[Literal["all", "logged"], _Tensors] = {"all": {}, "logged": {}}


_POSITION = TypeAdapter(RunPosition)
_NEEDED = {"model", "widths", "stages"}
"""Fields without which a config does not describe the network."""


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint onto the CPU, and check all of it; code in it is refused, not run.

    Raises:
        CheckpointError: it is missing, damaged, of another format, holds what no run writes, weights that do
            not fit the network its config names, or weights that are not finite.
    """
    if not path.exists():
        raise CheckpointError(path, "", "does not exist", "train a network first with 'fgbg train'")
    if path.suffix.lower() == SUFFIX:
        return _exported(path)
    try:
        content = read_archive(path)
    except OtherKindError as error:
        fix = "give the .pt file of the run, such as outputs/best.pt"
        raise CheckpointError(path, "a checkpoint", str(error), fix) from error
    except ArchiveError as error:
        raise CheckpointError(path, "a whole checkpoint", str(error), _NEW_RUN) from error
    except OSError as error:
        raise CheckpointError(path, "a file to read", error.strerror or one_line(error), _NEW_RUN) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise CheckpointError(
            path,
            f"a checkpoint of fgbg ({FORMAT})",
            "another file of torch",
            "use one that 'fgbg train' wrote",
        )
    if content.get("version") != VERSION:
        found = f"version {str(content.get('version'))[:20]}"
        raise CheckpointError(path, f"checkpoint version {VERSION}", found, "use a matching release of fgbg")
    fields = {name: value for name, value in content.items() if name not in ("format", "version")}
    return _checked(path, fields)


def _exported(path: Path) -> Checkpoint:
    """The checkpoint in a safetensors file: one to predict with, which no run can continue.

    Raises:
        CheckpointError: see `load_checkpoint`.
    """
    try:
        weights, description = read_weights(path)
    except WeightsFileError as error:
        fix = "export the network again with 'fgbg export'"
        raise CheckpointError(path, "a network that fgbg exported", str(error), fix) from error
    except OSError as error:
        raise CheckpointError(path, "a file to read", error.strerror or one_line(error), _NEW_RUN) from error
    fields = {
        "config": description.get("config"),
        "dataset_id": description.get("dataset_id"),
        "position": {"stage": description.get("stage")},
        "metrics": {},
        "model": weights,
        "ema": weights,
        "optimizer": {},
        "scheduler": {},
        "rng": {},
    }
    return _checked(path, fields)


def _checked(path: Path, fields: dict[str, Any]) -> Checkpoint:
    """Check every part of a checkpoint, and give loss terms the names of this release.

    Raises:
        CheckpointError: a part is one that no run writes.
    """
    try:
        _Content(**fields)
        position = _POSITION.validate_python(fields["position"], extra="forbid")
    except (ValidationError, TypeError) as error:
        raise CheckpointError(path, "all fields of a checkpoint", _mistake(error), _NEW_RUN) from error
    config = _config_of(path, fields["config"])
    sums = fields.get("sums", {"all": {}, "logged": {}})
    problem = _position_problem(position, config) or _sums_problem(sums, position)
    if problem:
        raise CheckpointError(path, "numbers that a run can have", problem, _NEW_RUN)
    _check_weights(path, config, {"model": fields["model"], "ema": fields["ema"]})
    fields["config"], fields["position"] = config.identity(), position
    fields["metrics"] = {current_column(name): value for name, value in fields["metrics"].items()}
    fields["sums"] = {
        name: {current_term(term): total for term, total in terms.items()} for name, terms in sums.items()
    }
    return Checkpoint(**fields)


def _mistake(error: Exception) -> str:
    """The first mistake in a checkpoint's fields, in a few words."""
    if not isinstance(error, ValidationError):
        return one_line(error)[:120]
    return first_fault(error)


def _config_of(path: Path, stored: dict[str, Any]) -> TrainConfig:
    try:
        if missing := _NEEDED - stored.keys():
            raise ConfigError("config", ", ".join(sorted(_NEEDED)), f"no {min(missing)}", _NEW_RUN)
        return read_identity(stored)
    except ConfigError as error:
        raise CheckpointError(
            path, "options that this release knows", one_line(error), "use the release that wrote it"
        ) from error


def _position_problem(position: RunPosition, config: TrainConfig) -> str | None:
    """Why no run reaches this position; None if it can."""
    if position.stage >= len(config.stages):
        return f"stage {position.stage:,} of {len(config.stages):,}"
    if bool(position.epoch_steps) != bool(position.epoch_consumed):
        return f"{position.epoch_consumed:,} samples in {position.epoch_steps:,} steps"
    if position.epoch_steps > position.step or position.epoch_consumed > position.consumed:
        return "an epoch longer than the run"
    return None


def _sums_problem(sums: dict[str, dict[str, Tensor]], position: RunPosition) -> str | None:
    """Why no run has these sums of losses; None if it can."""
    if sums.keys() != {"all", "logged"}:
        return "no sums of losses"
    for name, total in (pair for terms in sums.values() for pair in terms.items()):
        if total.shape or not total.is_floating_point() or not total.isfinite():
            return f"no finite sum of {name[:40]}"
    if position.epoch_steps and "loss" not in sums["all"]:
        return "no sum of the loss within an epoch"
    return None


def _check_weights(path: Path, config: TrainConfig, kinds: Mapping[str, dict[str, Tensor]]) -> None:
    """Check that weights are finite and fit the network, before the network takes memory.

    Raises:
        CheckpointError: they are not, or do not.
    """
    try:
        shapes = weight_shapes(config.architecture)
    except ConfigError as error:
        raise CheckpointError(
            path, "a network that this release knows", one_line(error), "use the release that wrote it"
        ) from error
    for weights in kinds.values():
        if problem := _misfit(shapes, config.widths, weights):
            raise CheckpointError(path, "weights of the network its config names", problem, _NEW_RUN)
    for kind, weights in kinds.items():
        for name, weight in weights.items():
            if weight.is_floating_point() and not is_finite(weight):
                fix = "use an earlier checkpoint, or train again with a lower `lr`"
                raise CheckpointError(path, "finite weights", f"NaN or infinity in {name[:80]} ({kind})", fix)


def _misfit(
    shapes: dict[str, torch.Size] | None, widths: tuple[int, ...], weights: dict[str, Tensor]
) -> str | None:
    """Why weights do not fit a network; None where they do, as far as can be told from the shapes."""
    if shapes is None:
        # Each level of a decoder has 3 x 3 weights between as many channels at least.
        least = 9 * sum(width**2 for width in widths)
        return "too few of them" if least > sum(weight.numel() for weight in weights.values()) else None
    for name in shapes.keys() ^ weights.keys():
        return f"{'no' if name in shapes else 'an unknown'} {name[:80]}"
    for name, shape in shapes.items():
        if weights[name].shape != shape:
            sizes = " and ".join(" x ".join(map(str, size)) for size in (shape, weights[name].shape))
            return f"size mismatch for {name}: {sizes}"
    return None


def model_of(path: Path, checkpoint: Checkpoint) -> Network:
    """The network of a checkpoint with its averaged weights, ready to predict.

    Raises:
        CheckpointError: this release does not know its config, or its weights do not fit its network.
    """
    try:
        model = build_model(_config_of(path, checkpoint.config).architecture)
    except ConfigError as error:
        raise CheckpointError(
            path, "a network that this release knows", one_line(error), "use the release that wrote it"
        ) from error
    load_weights(path, model, checkpoint.ema)
    # With this memory layout convolutions take two thirds of the time on a CPU.
    return model.to(memory_format=torch.channels_last).eval()


def load_weights(path: Path, model: Network, weights: dict[str, Any]) -> None:
    """Load weights into a network that they fit exactly.

    Raises:
        CheckpointError: they do not fit; names the first difference.
    """
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines()]
        reason = lines[1] if len(lines) > 1 else lines[0]
        raise CheckpointError(path, "weights of the network its config names", reason, _NEW_RUN) from error
