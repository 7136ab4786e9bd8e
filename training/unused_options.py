"""Messages about fields that were given and have no effect, or that differ from an earlier call."""

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
    "logger",
    "lr",
)
"""Fields that a range test ignores."""


def idle_in_run(
    given: Mapping[str, Any], config: TrainConfig, train_samples: int, val_samples: int
) -> list[str]:
    """One line for each field given that has no effect in this run.

    Args:
        given: fields of TrainConfig.
        config: of the run.
        train_samples: number of samples in train.
        val_samples: number of samples in val.
    """
    schedule = config.schedule
    reasons = {
        "plateau_patience": schedule != "plateau" and f"with `schedule={schedule}`",
        "plateau_factor": schedule != "plateau" and f"with `schedule={schedule}`",
        "warm_up": schedule == "one-cycle" and "with `schedule=one-cycle`, which has its own warm-up",
        "scale_batch": config.scale_batch and len(config.stages) == 1 and "with one stage",
        "log_histograms": "tensorboard" not in config.logger and "without `logger=tensorboard`",
        "val_samples": not val_samples and "without a val split",
        "shuffle_window": (config.shuffle_window or 0) >= train_samples
        and f"with {train_samples:,} samples in train",
    }
    return [_line(name, reason) for name, reason in reasons.items() if name in given and reason]


def idle_on_resuming(given: Mapping[str, Any]) -> list[str]:
    """One line for each field given that has no effect on a resumed run.

    It keeps values that `auto` found, and continues with its own weights.
    """
    lines = [
        _line(f"{name}=auto", "with `resume=True`: the run keeps the value that it found")
        for name in ("lr", "batch_size", "class_weights")
        if given.get(name) == "auto"
    ]
    if given.get("load") is not None:
        lines.append(_line("load", "with `resume=True`: the run continues with its own weights"))
    return lines


def changed_on_resuming(
    given: Mapping[str, Any], recorded: Mapping[str, Any], config: TrainConfig
) -> list[str]:
    """One line for each field about the machine that is not given and differs from the run's last call.

    Such fields are never taken from a checkpoint. With other values a run continues, but its weights differ.

    Args:
        given: fields of TrainConfig.
        recorded: content of the run's config.json.
        config: of the resumed run, with nothing left that is auto.
    """
    return [
        f"`{name}` was {before} in this run and is {now} now; give it again to continue exactly as before"
        for name in ("device", "devices", "nodes", "precision")
        if name not in given
        and isinstance(before := recorded.get(name), str | int)
        and str(before)[:20] not in (str(now := getattr(config, name)), "auto")
    ]


def idle_in_range_test(given: Mapping[str, Any]) -> list[str]:
    """One line for each of the given fields of TrainConfig that a range test ignores."""
    return [_line(name, "in a range test of the learning rate") for name in _OF_A_RUN if name in given]


def _line(setting: str, reason: str) -> str:
    return f"`{setting}` has no effect {reason}"
