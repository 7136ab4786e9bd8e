"""The end of a run, as `train` returns it."""

from dataclasses import dataclass
from pathlib import Path

from training.config import TrainConfig
from training.records.run_files import BEST, LAST
from training.run_position import RunPosition


@dataclass(frozen=True)
class TrainOutcome:
    """The end of a run.

    Attributes:
        config: of the run, with every value resolved.
        position: its stage, epoch and step.
        metrics: of the last epoch, by name: `val_loss`, `val_iou`, `train_loss`, ...
        epochs: epochs that this call trained; 0 where the run was finished already.

    Example:
        >>> outcome = fgbg.train(fgbg.TrainConfig(out="outputs"), resume=True)  # a finished run
        >>> outcome.epochs, outcome.best.name
        (0, 'best.pt')
    """

    config: TrainConfig
    position: RunPosition
    metrics: dict[str, float]
    epochs: int

    @property
    def last(self) -> Path:
        """The checkpoint to resume from."""
        return self.config.out / LAST

    @property
    def best(self) -> Path:
        """The checkpoint of the lowest validation loss at the last resolution, which predicts best."""
        return self.config.out / BEST
