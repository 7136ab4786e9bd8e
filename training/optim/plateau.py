"""The plateau schedule: the learning rate falls when the loss stops improving."""

from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

_BETTER = 1e-4
"""Share by which a loss has to be lower to count as better."""


class Plateau(ReduceLROnPlateau):
    """Multiplies the learning rate by `factor` after `patience` epochs without a better loss.

    Call `step(loss)` at the end of every epoch. A new stage takes a new plateau on the same optimiser:
    losses at two resolutions do not compare, and the rate stays.

    Args:
        optimizer: whose rate falls.
        factor: between 0 and 1.
        patience: epochs.
    """

    def __init__(self, optimizer: Optimizer, factor: float, patience: int) -> None:
        super().__init__(optimizer, factor=factor, patience=patience, threshold=_BETTER)

    def step(self, loss: float) -> None:  # type: ignore[override]
        """Count an epoch that ended with this loss, and lower the rate if it is one too many."""
        super().step(loss)
