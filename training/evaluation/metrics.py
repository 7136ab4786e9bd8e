"""How good predictions are."""

import torch
from lightning.fabric import Fabric
from torch import Tensor

from training.batches.prepare import Truth
from training.models import Prediction
from training.process.devices import over_processes

THRESHOLD = 0.5


def iou_per_sample(predicted: Tensor, actual: Tensor) -> Tensor:
    """Intersection over union of two bool masks (B, 1, H, W), for each sample: (B,) float.

    Where both are empty it is 1: nothing was there and nothing was found.
    """
    overlap = (predicted & actual).flatten(1).sum(dim=1)
    union = (predicted | actual).flatten(1).sum(dim=1)
    return torch.where(union == 0, 1.0, overlap / union.clamp(min=1))


class Scores:
    """Metrics over many batches: IoU at 0.5, mean over samples; RMSE of inverse depth over known pixels."""

    def __init__(self, device: torch.device) -> None:
        # Sums of IoU, samples, squared errors of depth, pixels of known depth. MPS has no float64.
        dtype = torch.float32 if device.type == "mps" else torch.float64
        self._sums = torch.zeros(4, device=device, dtype=dtype)

    def update(self, prediction: Prediction, truth: Truth) -> None:
        """Add a batch."""
        predicted = prediction.mask_logits.sigmoid() >= THRESHOLD
        overlaps = iou_per_sample(predicted, truth.mask >= THRESHOLD)
        self._sums[0] += overlaps.sum()
        self._sums[1] += len(overlaps)
        if prediction.depth is not None:
            errors = (prediction.depth - truth.depth).square() * truth.known
            self._sums[2] += errors.sum(dtype=self._sums.dtype)
            self._sums[3] += truth.known.sum()

    def add_up(self, fabric: Fabric) -> None:
        """Add what the other processes have seen."""
        self._sums = over_processes(fabric, self._sums, "sum")

    @property
    def samples(self) -> int:
        """How many were added."""
        return int(self._sums[1])

    def iou(self) -> float:
        """Mean intersection over union; NaN before the first batch."""
        return float(self._sums[0] / self._sums[1])

    def depth_rmse(self) -> float:
        """Root mean squared error of inverse depth in [0, 1]; NaN where none was known."""
        return float((self._sums[2] / self._sums[3]).sqrt())
