"""A trained network as a function from pictures to mask and depth."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from fgbg.predictor.align import align
from fgbg.predictor.picture_input import Picture, as_rgb
from generator.errors import AssetError, ConfigError
from generator.format.pixels import FARTHEST, NEAREST
from training.batches.prepare import join, picture_to_network, scaled_size
from training.batches.resize import resize, strips
from training.checkpoint import load_checkpoint, model_of
from training.errors import DeviceMemoryError
from training.models import Network, Prediction
from training.process.devices import choose_accelerator
from training.process.memory import is_out_of_memory
from training.records.run_files import find_checkpoint

_ASPECT_TOLERANCE = 0.02


@dataclass(frozen=True)
class Predicted:
    """What the network sees in a picture, at the picture's own size.

    Attributes:
        mask: (H, W) uint8, 0 background ... 255 foreground, soft.
        depth: (H, W) uint16 relative inverse depth, 1 farthest ... 65535 nearest; None where the network
            has no depth head.
        bg_moved: how far the background was moved to where the picture has it, at the corner that moved
            farthest: a share of the longer side; 0 where it was left as it is, or there is none.
        bg_agrees: whether the background shows the place of the picture; False where it agrees with it
            nowhere: then leave it out.
    """

    mask: np.ndarray
    depth: np.ndarray | None
    bg_moved: float = 0
    bg_agrees: bool = True

    def with_threshold(self, threshold: float) -> "Predicted":
        """The same with a mask of 0 and 255, cut at a probability in [0, 1]."""
        return replace(self, mask=np.where(self.mask >= threshold * 255, np.uint8(255), np.uint8(0)))


@dataclass(frozen=True)
class Predictor:
    """A network ready to predict.

    Attributes:
        network: with averaged weights, in evaluation mode.
        res: longer side in pixels at which the network looks.
        device: where it runs.
        mirror: whether it looks at mirror images too, for which it takes twice as long.
        align: whether a background is moved to where the picture has it first (fgbg.predictor.align).
        dataset_id: of the dataset it was trained on; empty where that is not known.
    """

    network: Network
    res: int
    device: torch.device
    mirror: bool = True
    align: bool = True
    dataset_id: str = ""

    @classmethod
    def load(
        cls,
        checkpoint: str | Path,
        res: int | None = None,
        device: str = "auto",
        mirror: bool = True,
        align: bool = True,
    ) -> "Predictor":
        """Load a checkpoint.

        Args:
            checkpoint: a file, or a run's folder, of which best.pt is taken, else last.pt.
            res: longer side in pixels at which the network looks; None: its last training resolution.
            device: auto (the best there is), cpu, cuda or mps.
            mirror: look at mirror images too.
            align: move a background to where the picture has it first.

        Raises:
            CheckpointError: it cannot be used.
            ConfigError: the device is not here.
        """
        place = torch.device(choose_accelerator(device))
        path = find_checkpoint(Path(checkpoint))
        loaded = load_checkpoint(path)
        network = model_of(path, loaded).to(place)
        return cls(network, res or loaded.res, place, mirror, align, loaded.dataset_id)

    @torch.inference_mode()
    def __call__(self, picture: Picture, bg: Picture | None = None) -> Predicted:
        """Predict one picture.

        Args:
            picture: (H, W, 3) uint8 sRGB, of any size; or one of the other kinds that `as_rgb` converts.
            bg: the same view without the object, of the same aspect; None: there is none.

        Raises:
            ImageError, ArrayError: `picture` or `bg` is no picture.
            AssetError: `bg` has another aspect.
            ConfigError: the network never looks at a background.
            DeviceMemoryError: there is not enough memory.
        """
        if bg is not None and self.network.inputs == 3:
            found = "one trained with `inputs=3`"
            raise ConfigError("`bg`", "a network that sees backgrounds", found, "leave `bg` out")
        fg_bg = as_rgb(picture, "picture")
        behind = None if bg is None else _same_view(as_rgb(bg, "bg"), fg_bg)
        try:
            return self._predict(fg_bg, behind)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise DeviceMemoryError(self.device, self.res) from error

    def _predict(self, picture: np.ndarray, bg: np.ndarray | None) -> Predicted:
        height, width = picture.shape[:2]
        size = scaled_size(height, width, self.res)
        moved, agrees, behind = 0.0, True, None
        if bg is not None:
            if self.align:
                # As sharp as in training, which moves backgrounds at twice the size that the network sees.
                aligned = align(bg, picture, 2 * self.res)
                bg, moved, agrees = aligned.bg, aligned.moved, aligned.agrees
            behind = picture_to_network(bg, size, self.device)
        prediction = self.see(behind, picture_to_network(picture, size, self.device))
        mask = _mask_levels(resize(prediction.mask_logits.float().sigmoid(), (height, width)))
        depth = None
        if prediction.depth is not None:
            depth = _depth_levels(resize(prediction.depth.float(), (height, width)))
        return Predicted(mask, depth, moved, agrees)

    @torch.inference_mode()
    def see(self, bg: torch.Tensor | None, fg_bg: torch.Tensor) -> Prediction:
        """The network's answer; with `mirror` the mean of those for the pictures and for their mirror images.

        Args:
            bg: (B, 3, h, w) float in [-1, 1], or None where there is none.
            fg_bg: (B, 3, h, w) float in [-1, 1].
        """
        inputs = join(bg, fg_bg, self.network.inputs)
        straight: Prediction = self.network(inputs)
        if not self.mirror:
            return straight
        mirrored: Prediction = self.network(inputs.flip(-1))
        back = mirrored.each(lambda answer: answer.flip(-1))
        depth = None
        if straight.depth is not None and back.depth is not None:
            depth = (straight.depth + back.depth) / 2
        return Prediction((straight.mask_logits + back.mask_logits) / 2, depth)


def _same_view(bg: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """A background (h, w, 3), which must have the aspect of its picture (H, W, 3)."""
    height, width = picture.shape[:2]
    if abs(bg.shape[1] / bg.shape[0] / (width / height) - 1) > _ASPECT_TOLERANCE:
        found = f"{bg.shape[1]} x {bg.shape[0]}"
        raise AssetError(
            "`bg`", f"the aspect of the picture, {width} x {height}", found, "give the same view"
        )
    return bg


def _mask_levels(mask: torch.Tensor) -> np.ndarray:
    """(1, 1, H, W) float in [0, 1], which is overwritten -> (H, W) uint8."""
    levels: np.ndarray = mask[0, 0].mul_(255).round_().clamp_(0, 255).byte().cpu().numpy()
    return levels


def _depth_levels(depth: torch.Tensor) -> np.ndarray:
    """(1, 1, H, W) float in [0, 1] -> (H, W) uint16."""
    values = depth[0, 0].cpu().numpy()
    levels = np.empty(values.shape, np.uint16)
    for rows in strips(*values.shape):
        levels[rows] = np.rint(values[rows] * np.float64(NEAREST - FARTHEST) + FARTHEST)
    return levels
