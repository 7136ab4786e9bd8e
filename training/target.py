"""What the mask means: alpha or classes, and everything that depends on it.

All other code asks a `Target`: how masks are scaled, which losses and measures there are, how many channels
the mask head has, how logits are read and how masks are drawn.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from generator.errors import UsageError, printable
from generator.format.manifest import AlphaMask, ClassMask, MaskEntry
from generator.format.pixels import IGNORED, OPAQUE
from generator.look.colours import colour_mask
from generator.places import Place
from training.resize import resize, resize_levels

# Losses and measures are imported by the methods that compute them: prediction needs neither, and their
# libraries take seconds to import.
if TYPE_CHECKING:
    from training.losses import MaskLoss

THRESHOLD = 0.5
"""From this alpha on a pixel is foreground."""

VOID = -1.0
"""The alpha of void pixels of the truth."""

_HALF = 0.5


class Target(ABC):
    """What the mask of a dataset means, and of the networks that are trained on it.

    Masks are met in three forms: `levels`, uint8 as datasets store and predictions write them; `mask`, the
    truth at the training size (see `scale`); and `mask_logits` (B, channels, h, w) float, the answer of a
    network.

    Attributes:
        entry: what the dataset's manifest says of its masks.
        channels: of the mask head.
        names: of the classes; none where the mask is alpha.
        default_loss: weights of the terms of the mask loss, by name.
    """

    entry: MaskEntry
    channels: int
    names: tuple[str, ...] = ()
    default_loss: ClassVar[Mapping[str, float]]

    @property
    @abstractmethod
    def losses(self) -> "Mapping[str, MaskLoss]":
        """Every term of the mask loss by name: from mask_logits and mask to a scalar."""

    @abstractmethod
    def scale(self, levels: Tensor, size: tuple[int, int]) -> Tensor:
        """Scale masks (B, H, W) uint8 to a training size (h, w)."""

    @abstractmethod
    def measures(self, mask_logits: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """Every measure of each sample by name, (B,) float each; NaN where it is not defined."""

    @abstractmethod
    def iou(self, mask_logits: Tensor, mask: Tensor) -> Tensor:
        """The score of each sample, which `measures` has as "iou": (B,) float."""

    @abstractmethod
    def shares(self, mask_logits: Tensor) -> Tensor:
        """The answer as (B, channels, h, w) float32 in [0, 1]: alpha, or a share for each class."""

    @abstractmethod
    def confidence(self, mask_logits: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What the network says of each pixel, what is true, and which pixels count: (B, h, w) each.

        Returns:
            The predicted alpha, or the share of the class that is predicted, float in [0, 1]; the true alpha,
            or 1 where that class is right, float in [0, 1]; and bool.
        """

    @abstractmethod
    def read(self, mask_logits: Tensor) -> np.ndarray:
        """Levels (B, h, w) uint8 of what the network answered, (B, channels, h, w) float."""

    @abstractmethod
    def levels(self, mask: Tensor) -> np.ndarray:
        """Levels (B, h, w) uint8 of the truth."""

    @abstractmethod
    def agreement(self, predicted: np.ndarray, actual: np.ndarray) -> float:
        """The score of two masks that are levels (H, W) uint8; NaN where all pixels are ignored."""

    @abstractmethod
    def mistakes(self, predicted: np.ndarray, actual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where levels (H, W) uint8 differ: missed pixels and false ones, (H, W) bool each."""

    @abstractmethod
    def columns(self, mask: Tensor, mask_logits: Tensor) -> dict[str, Tensor]:
        """Truth, answer and error as pictures: mask, mask_pred and mask_error.

        Returns:
            (B, 1 or 3, h, w) float in [0, 1] each.
        """

    def objects(self, levels: np.ndarray) -> np.ndarray | None:
        """Where levels (H, W) uint8 show objects: (H, W) bool; None where they do not tell."""
        return None

    def confusion(self, mask_logits: Tensor, mask: Tensor) -> Tensor | None:
        """Pixels of each sample by true class (row) and predicted class: (B, C, C) int64; None for alpha."""
        return None

    def foreground(self, mask: Tensor) -> Tensor | None:
        """Where the truth has objects: (B, 1, h, w) bool; None where the mask does not tell."""
        return None

    def counted(self, mask: Tensor) -> Tensor | None:
        """Where the truth of an alpha counts: (B, 1, h, w) bool; None where every pixel does, for classes."""
        return None

    def picture(self, levels: np.ndarray) -> np.ndarray:
        """The truth, levels (H, W) uint8, as colours (H, W, 3) uint8."""
        return colour_mask(levels, self.entry)


class AlphaTarget(Target):
    """One channel: how much of each pixel the objects cover.

    `mask` is (B, 1, h, w) float in [0, 1], or -1 where a pixel is void. Levels are 0 background ... 255
    foreground; in the truth, one level may be void. Void pixels have no part in losses and measures.
    """

    channels = 1
    default_loss: ClassVar[Mapping[str, float]] = {"dice": 1.0, "iou": 1.0, "bce": 1.0}

    def __init__(self, entry: AlphaMask | None = None) -> None:
        entry = entry or AlphaMask()
        self.entry, self._void = entry, entry.void

    @property
    def losses(self) -> "Mapping[str, MaskLoss]":
        from training.losses import MASK_LOSSES

        if self._void is None:
            return MASK_LOSSES
        return {name: _without_void(loss) for name, loss in MASK_LOSSES.items()}

    def scale(self, levels: Tensor, size: tuple[int, int]) -> Tensor:
        if self._void is None:
            return resize_levels(levels[..., None], size) / 255
        # Only counted pixels are averaged, so that void does not become alpha.
        counts = torch.ne(levels[:, None], self._void).float()
        share = resize(counts, size)
        alpha = resize(levels[:, None] * counts, size) / 255 / share.clamp(min=_HALF)
        return torch.where(share > _HALF, alpha.clamp(max=1), VOID)

    def measures(self, mask_logits: Tensor, mask: Tensor) -> dict[str, Tensor]:
        from training.measures import MASK_MEASURES

        predicted, actual = mask_logits.sigmoid() >= THRESHOLD, mask >= THRESHOLD
        counted = self.counted(mask)
        return {name: of(predicted, actual, counted) for name, of in MASK_MEASURES.items()}

    def iou(self, mask_logits: Tensor, mask: Tensor) -> Tensor:
        from training.measures import iou_per_sample

        return iou_per_sample(mask_logits.sigmoid() >= THRESHOLD, mask >= THRESHOLD, self.counted(mask))

    def shares(self, mask_logits: Tensor) -> Tensor:
        return mask_logits.float().sigmoid()

    def confidence(self, mask_logits: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.shares(mask_logits)[:, 0], mask[:, 0], mask[:, 0] >= 0

    def read(self, mask_logits: Tensor) -> np.ndarray:
        return _rounded(self.shares(mask_logits).mul_(255))

    def levels(self, mask: Tensor) -> np.ndarray:
        void = self._void
        if void is None:
            return _rounded(mask * 255)
        levels = (mask * 255).round()
        # Alpha never has the level of void.
        levels = torch.where(levels == void, levels - 1, levels)
        return _rounded(torch.where(mask < 0, void, levels))

    def agreement(self, predicted: np.ndarray, actual: np.ndarray) -> float:
        one, other, counted = self._foregrounds(predicted, actual)
        if not counted.any():
            return math.nan
        union = int((one | other).sum())
        return int((one & other).sum()) / union if union else 1.0

    def mistakes(self, predicted: np.ndarray, actual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        one, other, _ = self._foregrounds(predicted, actual)
        return other & ~one, one & ~other

    def objects(self, levels: np.ndarray) -> np.ndarray:
        shown: np.ndarray = levels >= OPAQUE
        return shown

    def columns(self, mask: Tensor, mask_logits: Tensor) -> dict[str, Tensor]:
        alpha = mask_logits.sigmoid()
        error, counted = (mask - alpha).abs(), self.counted(mask)
        if counted is not None:
            error, mask = error * counted, torch.where(counted, mask, _HALF)
        return {"mask": mask, "mask_pred": alpha, "mask_error": error}

    def foreground(self, mask: Tensor) -> Tensor | None:
        return mask >= THRESHOLD

    def counted(self, mask: Tensor) -> Tensor | None:
        return None if self._void is None else mask >= 0

    def _foregrounds(
        self, predicted: np.ndarray, actual: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Where two masks of levels have objects, among the pixels that count; and which these are."""
        counted = np.ones(actual.shape, bool)
        if self._void is not None:
            counted[actual == self._void] = False
        return (predicted >= OPAQUE) & counted, (actual >= OPAQUE) & counted, counted


class ClassTarget(Target):
    """One channel for each class.

    `mask` is (B, h, w) int64, the number of each pixel's class or 255 where it is ignored; levels are the
    same. Ignored pixels have no part in losses and measures.
    """

    default_loss: ClassVar[Mapping[str, float]] = {"dice": 1.0, "iou": 1.0, "ce": 1.0}

    def __init__(self, entry: ClassMask) -> None:
        self.entry, self.names = entry, tuple(entry.names)
        self.channels = len(self.names)

    @property
    def losses(self) -> "Mapping[str, MaskLoss]":
        from training.losses import CLASS_LOSSES

        return CLASS_LOSSES

    def scale(self, levels: Tensor, size: tuple[int, int]) -> Tensor:
        # Nearest: between two classes there is no other class.
        return functional.interpolate(levels[:, None].float(), size, mode="nearest-exact")[:, 0].long()

    def measures(self, mask_logits: Tensor, mask: Tensor) -> dict[str, Tensor]:
        from training.measures import boundary_f_per_sample, class_accuracy_per_sample, mean_iou_per_sample

        predicted = mask_logits.argmax(dim=1)
        counted = mask != IGNORED
        return {
            "iou": mean_iou_per_sample(predicted, mask, self.channels),
            "pixel_accuracy": class_accuracy_per_sample(predicted, mask),
            "boundary_f": boundary_f_per_sample(predicted[:, None], mask[:, None], counted[:, None]),
        }

    def confusion(self, mask_logits: Tensor, mask: Tensor) -> Tensor:
        from training.measures import confusion_per_sample

        return confusion_per_sample(mask_logits.argmax(dim=1), mask, self.channels)

    def iou(self, mask_logits: Tensor, mask: Tensor) -> Tensor:
        from training.measures import mean_iou_per_sample

        return mean_iou_per_sample(mask_logits.argmax(dim=1), mask, self.channels)

    def shares(self, mask_logits: Tensor) -> Tensor:
        return mask_logits.float().softmax(dim=1)

    def confidence(self, mask_logits: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        said, predicted = self.shares(mask_logits).max(dim=1)
        return said, (predicted == mask).float(), mask != IGNORED

    def read(self, mask_logits: Tensor) -> np.ndarray:
        return self.levels(mask_logits.argmax(dim=1))

    def levels(self, mask: Tensor) -> np.ndarray:
        levels: np.ndarray = mask.byte().cpu().numpy()
        return levels

    def agreement(self, predicted: np.ndarray, actual: np.ndarray) -> float:
        from training.measures import mean_iou_per_sample

        one, other = (torch.from_numpy(levels)[None].long() for levels in (predicted, actual))
        return float(mean_iou_per_sample(one, other, self.channels))

    def mistakes(self, predicted: np.ndarray, actual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        wrong = (predicted != actual) & (actual != IGNORED)
        objects = self.objects(actual)
        return (wrong, np.zeros_like(wrong)) if objects is None else (wrong & objects, wrong & ~objects)

    def objects(self, levels: np.ndarray) -> np.ndarray | None:
        """Of two classes, the second one is the object."""
        return levels == 1 if self.channels == 2 else None

    def columns(self, mask: Tensor, mask_logits: Tensor) -> dict[str, Tensor]:
        wrong = (mask_logits.argmax(dim=1) != mask) & (mask != IGNORED)
        return {
            "mask": self._pictures(self.levels(mask)),
            "mask_pred": self._pictures(self.read(mask_logits)),
            "mask_error": wrong[:, None].float(),
        }

    def _pictures(self, levels: np.ndarray) -> Tensor:
        pictures = np.stack([self.picture(plane) for plane in levels])
        return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255


def _without_void(loss: "Callable[..., Tensor]") -> "MaskLoss":
    """The same loss for truth with void pixels, which it leaves out."""
    return lambda mask_logits, mask: loss(mask_logits, mask.clamp(min=0), mask >= 0)


def _rounded(values: Tensor) -> np.ndarray:
    """(B, 1, H, W) float, which is overwritten -> (B, H, W) uint8."""
    rounded: np.ndarray = values[:, 0].round_().clamp_(0, 255).byte().cpu().numpy()
    return rounded


def require_same(where: Place, wanted: MaskEntry, found: MaskEntry) -> None:
    """Make sure that a dataset's masks mean what a network's masks mean.

    Args:
        where: the dataset.
        wanted: the network's.
        found: the dataset's; colours may differ.

    Raises:
        UsageError: they mean different things.
    """
    if not same_meaning(wanted, found):
        fix = "give a dataset with the same classes, or train a new network"
        raise UsageError(where, f"masks of {_meaning(wanted)}, as the network has", _meaning(found), fix)


def same_meaning(one: MaskEntry, other: MaskEntry) -> bool:
    """Whether masks mean the same; colours may differ."""
    return _meaning(one) == _meaning(other)


def _meaning(entry: MaskEntry) -> str:
    if entry.kind == "alpha":
        return "alpha"  # with void pixels or without: networks do not answer void
    return f"{len(entry.names)} classes ({', '.join(map(printable, entry.names))})"


def answer_of(entry: MaskEntry) -> MaskEntry:
    """What the answers of a network mean that learns from such masks: they have no void pixels."""
    return AlphaMask() if entry.kind == "alpha" else entry


def target_of(entry: MaskEntry) -> Target:
    """The target that a manifest, or the config of a run, names."""
    return AlphaTarget(entry) if entry.kind == "alpha" else ClassTarget(entry)
