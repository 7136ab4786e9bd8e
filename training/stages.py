"""Stages: at which resolution a run trains, and for how many epochs."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from generator.errors import ConfigError
from generator.numerals import shown, whole_number


class Stage(BaseModel):
    """Some epochs at one resolution (longer side in pixels)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    res: int = Field(strict=True, ge=8, le=8192)
    epochs: int = Field(strict=True, ge=1, le=10**9)

    def __str__(self) -> str:
        return f"{self.res}:{self.epochs}"


@dataclass(frozen=True)
class GivenStage:
    """A stage as asked for; None leaves the number of epochs to an earlier run or the default."""

    res: int
    epochs: int | None


def parse_stages(text: str, epochs: int | None) -> list[GivenStage]:
    """Read `96` (with `epochs`) or `48:4,96:4,192:8`.

    Raises:
        ConfigError: it is neither, or a resolution comes twice.
    """
    stages = []
    for part in text.split(","):
        res, colon, own = part.strip().partition(":")
        try:
            stages.append(GivenStage(whole_number(res, 8, 8192), whole_number(own, 1) if colon else epochs))
        except ValueError as error:
            expected = "a resolution of 8 to 8192 like 96, or stages like 48:4,96:8"
            raise ConfigError("`res`", expected, shown(text), "correct it") from error
    resolutions = [stage.res for stage in stages]
    if len(set(resolutions)) < len(resolutions):
        raise ConfigError("`res`", "every resolution once", text, "join the stages of one resolution")
    return stages


def lay_over(
    earlier: Sequence[Stage], given: Sequence[GivenStage], current: int, done: int, default_epochs: int
) -> tuple[Stage, ...]:
    """The stages of a run, from those it had and those now given.

    Args:
        earlier: the stages so far; empty for a new run.
        given: those asked for now.
        current: which of `earlier` is under way or was last finished.
        done: epochs done in it.
        default_epochs: for a new resolution given without epochs.

    Returns:
        The earlier stages, the current and later ones with the epochs now given (never fewer than are
        done), then the resolutions that are new. Stages that are over stay as they are.
    """
    wanted = {stage.res: stage.epochs for stage in given}
    stages = []
    for number, stage in enumerate(earlier):
        epochs = wanted.pop(stage.res, None) or stage.epochs
        if number < current:
            epochs = stage.epochs
        elif number == current:
            epochs = max(epochs, done)
        stages.append(Stage(res=stage.res, epochs=epochs))
    return (*stages, *(Stage(res=res, epochs=epochs or default_epochs) for res, epochs in wanted.items()))
