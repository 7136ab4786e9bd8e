"""An engine that runs a checkpoint with torch."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from fgbg.predictor.engine import Answer
from generator.format.manifest import MaskEntry
from training.batches.prepare import to_network
from training.checkpoint import load_checkpoint, model_of
from training.inference import infer
from training.models import Network, Prediction
from training.models.folding import fold_normalisation
from training.process.devices import choose_accelerator
from training.target import Target


@dataclass(frozen=True)
class TorchEngine:
    """An `Engine` that runs a network of torch.

    Attributes:
        network: with averaged weights, in evaluation mode, its normalisation folded into its convolutions.
        target: what the mask means.
        res: see `Engine`.
        place: where the network is.
        dataset_id: see `Engine`.
    """

    network: Network
    target: Target
    res: int
    place: torch.device
    dataset_id: str = ""

    @classmethod
    def load(cls, path: Path, device: str = "auto") -> "TorchEngine":
        """Load a checkpoint file.

        Raises:
            CheckpointError: it cannot be used.
            ConfigError: this computer does not have the device.
        """
        place = torch.device(choose_accelerator(device))
        loaded = load_checkpoint(path)
        network = model_of(path, loaded).to(place)
        fold_normalisation(network)
        return cls(network, loaded.target, loaded.res, place, loaded.dataset_id)

    @property
    def stride(self) -> int:
        return self.network.stride

    @property
    def entry(self) -> MaskEntry:
        return self.target.entry

    @property
    def takes_bg(self) -> bool:
        return self.network.inputs != 3

    @property
    def has_depth(self) -> bool:
        return self.network.depth_head is not None

    @property
    def device(self) -> str:
        return self.place.type

    def see(self, pictures: np.ndarray, bgs: np.ndarray | None = None, mirror: bool = False) -> Answer:
        """See `Engine`."""
        answer = self.infer(None if bgs is None else self._prepared(bgs), self._prepared(pictures), mirror)
        depth = None if answer.depth is None else answer.depth.cpu().numpy()
        return Answer(self._shares(answer.mask_logits), depth)

    @torch.inference_mode()
    def infer(self, bg: Tensor | None, fg_bg: Tensor, mirror: bool = False) -> Prediction:
        """Run the network on tensors that training prepared.

        Args:
            bg: (B, 3, h, w) float in [-1, 1]; None if there is none.
            fg_bg: (B, 3, h, w) float in [-1, 1].
            mirror: see `Engine.see`.
        """
        return infer(self.network, bg, fg_bg, mirror)

    @torch.inference_mode()
    def _shares(self, mask_logits: Tensor) -> np.ndarray:
        shares: np.ndarray = self.target.shares(mask_logits).cpu().numpy()
        return shares

    @torch.inference_mode()
    def _prepared(self, pictures: np.ndarray) -> Tensor:
        """(B, h, w, 3) uint8 -> (B, 3, h, w) float in [-1, 1] on the device."""
        height, width = pictures.shape[1:3]
        # A copy, because the array may be read-only or have negative strides.
        return to_network(torch.from_numpy(np.array(pictures)).to(self.place), (height, width))
