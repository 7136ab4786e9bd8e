"""How far a run is."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

_Number = Annotated[int, Field(strict=True, ge=0, le=10**9)]
_Steps = Annotated[int, Field(strict=True, ge=0, le=10**12)]
_Samples = Annotated[int, Field(strict=True, ge=0, le=10**15)]


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

    stage: _Number = 0
    stage_epochs: _Number = 0
    epoch: _Number = 0
    step: _Steps = 0
    consumed: _Samples = 0
    epoch_steps: _Steps = 0
    epoch_consumed: _Samples = 0
    best_loss: Annotated[float, Field(strict=True)] = float("inf")
    stale_epochs: _Number = 0
