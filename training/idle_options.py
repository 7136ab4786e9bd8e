"""Options that were given and have no effect: a line each, instead of silence."""

from collections.abc import Mapping
from typing import Any

from training.config import TrainConfig

_OF_A_RUN = (
    "schedule",
    "warm_up",
    "plateau_patience",
    "plateau_factor",
    "early_stop",
    "epoch_samples",
    "val_samples",
    "save_every",
    "ema",
    "log_histograms",
    "lr",
)
"""What a range test has no use for."""


def idle_in_run(
    given: Mapping[str, Any], config: TrainConfig, train_samples: int, val_samples: int
) -> list[str]:
    """Lines on options that change nothing in a run.

    Args:
        given: fields of TrainConfig that were asked for.
        config: of the run.
        train_samples: the dataset has in train; `val_samples`: in val.
    """
    schedule = config.schedule
    reasons = {
        "plateau_patience": schedule != "plateau" and f"with `schedule={schedule}`",
        "plateau_factor": schedule != "plateau" and f"with `schedule={schedule}`",
        "warm_up": schedule == "one-cycle" and "with `schedule=one-cycle`, which has its own rise",
        "scale_batch": config.scale_batch and len(config.stages) == 1 and "with one stage",
        "val_samples": not val_samples and "without a val split",
        "shuffle_window": (config.shuffle_window or 0) >= train_samples
        and f"with {train_samples:,} samples in train",
    }
    return [_line(name, reason) for name, reason in reasons.items() if name in given and reason]


def idle_on_resuming(given: Mapping[str, Any]) -> list[str]:
    """Lines on options that mean nothing to a run that goes on: what auto was found to be stays."""
    return [
        _line(f"{name}=auto", "with `resume=True`: the run keeps what it found")
        for name in ("lr", "batch_size")
        if given.get(name) == "auto"
    ]


def changed_on_resuming(
    given: Mapping[str, Any], recorded: Mapping[str, Any], config: TrainConfig
) -> list[str]:
    """Lines on options of the machine that the run had and that were not given again.

    They are never taken from a checkpoint; with others a run goes on, but not to the same bits.

    Args:
        given: fields of TrainConfig that were asked for.
        recorded: what the run's config.json says.
        config: of the run that goes on.
    """
    return [
        f"`{name}` was {before} in this run and is {now} now: give it again to go on as before"
        for name in ("device", "devices", "nodes", "precision")
        if name not in given
        and isinstance(before := recorded.get(name), str | int)
        and str(before)[:20] not in (str(now := getattr(config, name)), "auto")
    ]


def idle_in_range_test(given: Mapping[str, Any]) -> list[str]:
    """Lines on fields of TrainConfig, of those that were given, that a range test has no use for."""
    return [_line(name, "in a range test of the learning rate") for name in _OF_A_RUN if name in given]


def _line(setting: str, reason: str) -> str:
    return f"`{setting}` has no effect {reason}"
