"""Checkpoints: tensors and primitives only, written wholly or not at all."""

import io
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from generator.errors import ConfigError, one_line
from generator.files import write_atomically
from training.config import read_identity
from training.errors import CheckpointError
from training.models import Network, build_model
from training.run_folder import FORMAT
from training.schedule import Stage
from training.term_names import current_column, current_term

VERSION = 1


@dataclass(frozen=True)
class RunPosition:
    """How far a run is, after some step.

    Attributes:
        stage: index of the stage under way, or last finished.
        stage_epochs: epochs done in it.
        epoch: epochs done in all.
        step: steps of the optimiser.
        consumed: samples of the endless shuffled stream that were trained on.
        epoch_steps: steps done in the epoch under way; 0 at an epoch's end.
        epoch_consumed: samples trained on in the epoch under way.
        best_loss: lowest validation loss at this stage's resolution so far.
        stale_epochs: epochs since then.
    """

    stage: int = 0
    stage_epochs: int = 0
    epoch: int = 0
    step: int = 0
    consumed: int = 0
    epoch_steps: int = 0
    epoch_consumed: int = 0
    best_loss: float = float("inf")
    stale_epochs: int = 0


@dataclass(frozen=True)
class Checkpoint:
    """All that a run needs to go on, and prediction to work.

    Attributes:
        config: `TrainConfig.identity()`.
        dataset_id: of the dataset trained on.
        position: how far the run is.
        metrics: of the last validation.
        model: weights; `ema`: averaged weights, which validation and prediction use.
        optimizer, scaler, scheduler: their state dicts; the scaler's is empty where losses are not scaled.
        rng: torch's random state.
        sums: of the loss terms over the epoch under way, and of those already logged.
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
    def res(self) -> int:
        """The resolution of the stage under way, or last finished."""
        return self.stages[self.position.stage].res


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write atomically, in the checkpoint's own folder."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        **vars(checkpoint),
        "position": asdict(checkpoint.position),
    }
    # In memory first: on a full disk torch's own writer has no word for it.
    whole = io.BytesIO()
    torch.save(content, whole)
    write_atomically(path, whole.getbuffer())


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint onto the CPU; code in it is refused, not run.

    Raises:
        CheckpointError: it is missing, damaged or of another format.
    """
    if not path.is_file():
        raise CheckpointError(path, "a checkpoint", "nothing", "run 'fgbg train' first")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # on damaged bytes torch raises nearly anything
        reason = str(error).partition("\n")[0].partition(". ")[0] or type(error).__name__
        found = f"a damaged or foreign file ({reason})"
        raise CheckpointError(path, "a whole checkpoint", found, "use another one or train anew") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise CheckpointError(
            path,
            f"a checkpoint of fgbg ({FORMAT})",
            "another file of torch",
            "use one that 'fgbg train' wrote",
        )
    if content.get("version") != VERSION:
        found = f"version {content.get('version')}"
        raise CheckpointError(path, f"checkpoint version {VERSION}", found, "use a matching release of fgbg")
    fields = {name: value for name, value in content.items() if name not in ("format", "version")}
    try:
        fields["position"] = RunPosition(**fields["position"])
        fields["metrics"] = {current_column(name): value for name, value in fields["metrics"].items()}
        fields["sums"] = {
            name: {current_term(term): total for term, total in sums.items()}
            for name, sums in fields["sums"].items()
        }
        return Checkpoint(**fields)
    except (TypeError, KeyError) as error:
        raise CheckpointError(path, "all fields of a checkpoint", str(error), "train anew") from error


def model_of(path: Path, checkpoint: Checkpoint) -> Network:
    """The checkpoint's network with its averaged weights, ready to predict.

    Raises:
        CheckpointError: its options are not those of this release, or its weights do not fit its network.
    """
    try:
        config = read_identity(checkpoint.config)
    except ConfigError as error:
        raise CheckpointError(
            path, "options that this release knows", one_line(error), "use the release that wrote it"
        ) from error
    model = build_model(config.architecture)
    load_weights(path, model, checkpoint.ema)
    # In this order convolutions take two thirds of the time on a CPU.
    return model.to(memory_format=torch.channels_last).eval()


def load_weights(path: Path, model: Network, weights: dict[str, Any]) -> None:
    """Load weights that must fit exactly.

    Raises:
        CheckpointError: they do not; names the first difference.
    """
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines()]
        reason = lines[1] if len(lines) > 1 else lines[0]
        raise CheckpointError(
            path, "weights of the network its config names", reason, "train anew in another --out"
        ) from error
