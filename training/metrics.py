"""How good predictions are."""

import torch
from torch import Tensor
from torchmetrics import MeanSquaredError

from training.models import Prediction
from training.prepare import Truth

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
        self._iou_sum = torch.zeros((), device=device, dtype=torch.float64)
        self.samples = 0
        self._rmse = MeanSquaredError(squared=False).to(device)

    def update(self, prediction: Prediction, truth: Truth) -> None:
        """Add a batch."""
        predicted = prediction.mask_logits.sigmoid() >= THRESHOLD
        self._iou_sum += iou_per_sample(predicted, truth.mask >= THRESHOLD).sum()
        self.samples += len(predicted)
        if truth.known.any():
            self._rmse.update(prediction.depth[truth.known], truth.depth[truth.known])

    def iou(self) -> float:
        """Mean intersection over union; NaN before the first batch."""
        return float(self._iou_sum) / self.samples if self.samples else float("nan")

    def depth_rmse(self) -> float:
        """Root mean squared error of inverse depth in [0, 1]; NaN where none was known."""
        return float(self._rmse.compute()) if int(self._rmse.total) else float("nan")
