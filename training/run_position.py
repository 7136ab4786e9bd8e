"""The position of a run: its stage, epoch, step and samples, as a checkpoint holds them."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

_Number = Annotated[int, Field(strict=True, ge=0, le=10**9)]
_Steps = Annotated[int, Field(strict=True, ge=0, le=10**12)]
_Samples = Annotated[int, Field(strict=True, ge=0, le=10**15)]


@dataclass(frozen=True)
class RunPosition:
    """The state of progress of a run after a step.

    Attributes:
        stage: index of the current stage, or of the last one when the run is finished.
        stage_epochs: epochs done in this stage.
        epoch: epochs done in the whole run.
        step: steps of the optimiser in the whole run.
        consumed: samples trained on, taken from one endless shuffled stream.
        epoch_steps: steps done in the current epoch; 0 between epochs.
        epoch_consumed: samples trained on in the current epoch.
        best_loss: lowest validation loss of this stage.
        stale_epochs: epochs since the best one.
    """

    stage: _Number = 0
    stage_epochs: _Number = 0
    epoch: _Number = 0
    step: _Steps = 0
    consumed: _Samples = 0
    epoch_steps: _Steps = 0
    epoch_consumed: _Samples = 0
    best_loss: Annotated[float, Field(strict=True)] = float("inf")
    stale_epochs: _Number = 0
