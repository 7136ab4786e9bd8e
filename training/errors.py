"""The errors of this floor; their root and wording are in generator.errors.

FgbgError
├── RunError          a run cannot begin, go on, or came to a bad end
│   └── StoppedError    it was told to stop, and saved (exit code 130 or 143)
├── DeviceMemoryError one picture needs more memory than there is
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


class DeviceMemoryError(FgbgError):
    """A device, or the computer, has not enough memory to look at one picture."""

    def __init__(self, device: object, res: int) -> None:
        fix = "lower --res" if str(device) == "cpu" else "lower --res, or use --device cpu"
        super().__init__(str(device), f"memory for a picture at {res} px", "too little", fix)


class CheckpointError(FgbgError):
    """A checkpoint is missing, damaged or of another architecture."""
