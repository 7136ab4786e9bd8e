"""Stages: at which resolution a run trains, and for how many epochs."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from generator.errors import ConfigError

MOST_RES = 8192
"""Largest longer side in pixels of what a network is given."""


class Stage(BaseModel):
    """Some epochs at one resolution (longer side in pixels).

    Also read from a resolution (`96`) or from a pair of resolution and epochs (`(96, 4)`). In a run that is
    resumed, epochs that are not given stay as they are, and so does a resolution that is not given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    res: int = Field(default=96, strict=True, ge=8, le=MOST_RES)
    epochs: int = Field(default=5, strict=True, ge=1, le=10**9)

    @model_validator(mode="before")
    @classmethod
    def _read_short_form(cls, value: Any) -> Any:
        if isinstance(value, int):
            return {"res": value}
        if isinstance(value, tuple | list) and len(value) == 2:
            return dict(zip(("res", "epochs"), value, strict=True))
        if not isinstance(value, dict | Stage):
            raise PydanticCustomError("stage", "resolutions like 96, or pairs with epochs like (96, 4)")
        return value

    def __str__(self) -> str:
        return f"{self.res}:{self.epochs}"


def lay_over(
    earlier: Sequence[Stage], given: Sequence[Stage], current: int = 0, done: int = 0
) -> tuple[Stage, ...]:
    """The stages of a run, from those it had and those now given.

    Args:
        earlier: the stages so far; empty for a new run.
        given: those asked for now. Fields of a stage that were not given count as left out.
        current: which of `earlier` is under way or was last finished.
        done: epochs done in it.

    Returns:
        The earlier stages, the current and later ones with the epochs now given (never fewer than are
        done), then the resolutions that are new. Stages that are over stay as they are. A new run without
        stages has one, the default.

    Raises:
        ConfigError: a resolution is given more than once.
    """
    if not given and not earlier:
        return (Stage(res=Stage().res, epochs=Stage().epochs),)
    wanted = [_at(earlier[current].res, stage) if earlier else stage for stage in given]
    if len({stage.res for stage in wanted}) < len(wanted):
        found = ", ".join(str(stage.res) for stage in wanted)
        raise ConfigError("`stages`", "every resolution once", found, "join the stages of one resolution")
    asked = {stage.res: stage for stage in wanted}
    stages = []
    for number, stage in enumerate(earlier):
        again = asked.pop(stage.res, None)
        epochs = stage.epochs
        if again is not None and "epochs" in again.model_fields_set and number >= current:
            epochs = max(again.epochs, done) if number == current else again.epochs
        elif number == current:
            epochs = max(epochs, done)
        stages.append(Stage(res=stage.res, epochs=epochs))
    return (*stages, *(Stage(res=stage.res, epochs=stage.epochs) for stage in asked.values()))


def _at(res: int, stage: Stage) -> Stage:
    """A stage at `res` where its own resolution was not given."""
    return stage if "res" in stage.model_fields_set else stage.model_copy(update={"res": res})
