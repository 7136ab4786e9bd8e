"""The errors of this floor; their root and wording are in generator.errors.

FgbgError
├── RunError          a run cannot begin, go on, or came to a bad end
│   └── StoppedError    it was told to stop, and saved (exit code 130 or 143)
└── CheckpointError   a checkpoint cannot be used
"""

import signal
from pathlib import Path

from generator.errors import FgbgError


class RunError(FgbgError):
    """A training run cannot begin or go on."""


class StoppedError(RunError):
    """A run was told to stop by a signal; its last step stands in last.pt."""

    def __init__(self, where: str | Path, step: int, number: signal.Signals) -> None:
        found = f"{number.name} after step {step:,}"
        super().__init__(where, "the end of the run", found, "it is saved: go on with --resume")
        self.exit_code = 128 + number


class CheckpointError(FgbgError):
    """A checkpoint is missing, damaged or of another architecture."""
