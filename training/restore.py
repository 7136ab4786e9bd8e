"""Restoring a resumed run: the states of its optimiser, plateau, scaler and random generator.

Each state is checked against the object that takes it. Only states are taken from a checkpoint, never
settings like betas or thresholds. The learner restores the weights.
"""

import math
from pathlib import Path
from typing import Any, TypeGuard

import torch
from torch import Tensor

from training.errors import CheckpointError
from training.optim.optimizers import OptimizerName, state_names
from training.optim.plateau import Plateau
from training.records.archive import is_finite

_MOST_COUNT = 10**12


def restore_optimizer(path: Path, name: OptimizerName, optimizer: Any, stored: dict[str, Any]) -> None:
    """Restore the moments and the learning rate of an optimiser.

    Args:
        path: of the checkpoint.
        name: of the optimiser.
        optimizer: a new one of the same network, plain or wrapped by Fabric.
        stored: its `state_dict` from the checkpoint.

    Raises:
        CheckpointError: the state is of another network, or not finite.
    """
    own = optimizer.state_dict()["param_groups"]
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    groups, state = stored.get("param_groups"), stored.get("state")
    if not isinstance(groups, list) or len(groups) != len(own) or not isinstance(state, dict):
        raise _misfit(path, "another optimiser's state")
    rates: list[float] = []
    for group in groups:
        rate = group.get("lr") if isinstance(group, dict) else None
        if not _is_number(rate) or not 0 <= rate < math.inf:
            raise _misfit(path, "no finite learning rate")
        rates.append(float(rate))
    for number, moments in state.items():
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < len(weights):
            raise _misfit(path, "moments of weights that the network does not have")
        if problem := _moments_problem(moments, state_names(name, weights[number]), weights[number]):
            raise _misfit(path, f"{problem} for weight {number}")
    groups = [group | {"lr": rate} for group, rate in zip(own, rates, strict=True)]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def restore_plateau(path: Path, plateau: Plateau, stored: dict[str, Any]) -> None:
    """Restore the best loss and the counts of a plateau.

    Raises:
        CheckpointError: they are missing, or not numbers.
    """
    best = stored.get("best")
    counts = {name: stored.get(name, 0) for name in ("num_bad_epochs", "cooldown_counter", "last_epoch")}
    if not _is_number(best) or math.isnan(best) or not all(map(_is_count, counts.values())):
        raise _misfit(path, "a plateau without its figures")
    plateau.load_state_dict({"best": best, **counts})


def restore_scaler(path: Path, scaler: torch.amp.GradScaler, stored: dict[str, Any]) -> None:
    """Restore the scale of a loss scaler.

    Raises:
        CheckpointError: it is missing, or not a number.
    """
    scale, tracker = stored.get("scale"), stored.get("_growth_tracker", 0)
    if not _is_number(scale) or not 0 < scale < math.inf or not _is_count(tracker):
        raise _misfit(path, "a scaler without its scale")
    scaler.load_state_dict(scaler.state_dict() | {"scale": float(scale), "_growth_tracker": tracker})


def restore_random_state(path: Path, stored: dict[str, Tensor], device: torch.device) -> None:
    """Restore torch's random generators.

    Raises:
        CheckpointError: a state is missing, or not one of theirs.
    """
    try:
        torch.set_rng_state(stored["cpu"])
        if device.type == "cuda" and "cuda" in stored:
            torch.cuda.set_rng_state(stored["cuda"])
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise _misfit(path, "no state of torch's generator") from error


def _moments_problem(moments: Any, names: set[str], weight: Tensor) -> str | None:
    """Why a state is not one of this weight; None if it is."""
    if not isinstance(moments, dict) or moments.keys() != names:
        return "other moments"
    for name, moment in moments.items():
        shape = torch.Size() if name == "step" else weight.shape
        if not isinstance(moment, Tensor) or moment.shape != shape or not moment.is_floating_point():
            return f"no {name} of its shape"
        if not is_finite(moment):
            return f"NaN or infinity in {name}"
        least = {"step": 1, "exp_avg_sq": 0}.get(name)
        if least is not None and moment.numel() and moment.min() < least:
            return f"{name} below {least}"
    return None


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_COUNT


def _misfit(path: Path, found: str) -> CheckpointError:
    return CheckpointError(
        path, "the state of the run that wrote it", found, "use another checkpoint, or train again"
    )
