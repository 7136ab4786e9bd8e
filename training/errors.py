"""The errors of this floor; their root and wording are in generator.errors.

FgbgError
├── RunError            a run cannot begin or continue, or has failed
│   └── StoppedError    a signal stopped the run, which saved its step (exit code 130 or 143)
├── DeviceMemoryError   one picture needs more memory than there is
└── CheckpointError     a checkpoint cannot be used
"""

import signal
from pathlib import Path

from generator.errors import FgbgError, printable


class RunError(FgbgError):
    """A training run cannot begin or continue, or has failed.

    Example:
        >>> issubclass(fgbg.StoppedError, fgbg.RunError)
        True
    """


class StoppedError(RunError):
    """A signal stopped a run, whose last step is saved in last.pt.

    Args:
        where: last.pt.
        step: steps done.
        total: steps of the whole run.
        number: the signal.

    Example:
        >>> try:
        ...     outcome = fgbg.train(fgbg.TrainConfig(out="outputs"), resume=True, progress=False)
        ... except fgbg.StoppedError as stopped:
        ...     print(f"step {stopped.step} of {stopped.total}")
    """

    def __init__(self, where: Path, step: int, total: int, number: signal.Signals) -> None:
        out = "" if where.parent == Path("outputs") else f" `out={where.parent}`"
        fix = f"continue with 'fgbg train `resume=True`{out}'"
        super().__init__(where, "the end of the run", f"{number.name} after step {step:,}", fix)
        self.step, self.total = step, total
        self.exit_code = 128 + number

    def __str__(self) -> str:
        return printable(
            f"stopped after step {self.step:,} of {self.total:,}, saved to {self.where}; {self.fix}"
        )


class DeviceMemoryError(FgbgError):
    """A device, or the computer, has too little memory for one picture."""

    def __init__(self, device: object, res: int) -> None:
        fix = "lower `res`" if str(device) == "cpu" else "lower `res`, or use `device=cpu`"
        super().__init__(str(device), "", f"has too little memory for a picture at {res} px", fix)


class CheckpointError(FgbgError):
    """A checkpoint is missing, damaged or of another architecture.

    Example:
        >>> try:
        ...     fgbg.Predictor.load("no-such.pt")
        ... except fgbg.CheckpointError as error:
        ...     print(error.where)
        no-such.pt
    """
