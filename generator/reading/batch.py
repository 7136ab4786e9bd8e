"""The records that reading gives: one sample, or a batch of samples, as arrays of integers."""

from dataclasses import dataclass

import numpy as np

from generator.format.pixels import Layout, allocate, pixel_layout


@dataclass(frozen=True, eq=False)
class Sample:
    """One sample as integers.

    Attributes:
        bg: (H, W, 3) uint8, the background alone; zeros in a dataset without backgrounds.
        fg_bg: (H, W, 3) uint8.
        mask: (H, W) uint8, 0 background ... 255 foreground.
        depth: (H, W) uint16 relative inverse depth, 0 unknown.
        instances: (H, W) uint8, 0 none, else 1 + the number of the topmost object, counted from back to
            front; None in a dataset of one object a sample.

    Example:
        >>> sample = fgbg.open_dataset("data/shards")["val"][0]
        >>> sample.fg_bg.shape, sample.mask.shape
        ((24, 32, 3), (24, 32))
    """

    bg: np.ndarray
    fg_bg: np.ndarray
    mask: np.ndarray
    depth: np.ndarray
    instances: np.ndarray | None


@dataclass(frozen=True, eq=False)
class Batch:
    """Samples as integers.

    Attributes:
        bg: (B, H, W, 3) uint8, the background alone; zeros in a dataset without backgrounds.
        fg_bg: (B, H, W, 3) uint8.
        mask: (B, H, W) uint8, 0 background ... 255 foreground, or the level of void that the split's `mask`
            names; in a dataset of classes their numbers, and 255 where a pixel is void.
        depth: (B, H, W) uint16 relative inverse depth, 0 unknown.
        instances: (B, H, W) uint8, 0 none, else 1 + the number of the topmost object, counted from back to
            front (in a labelled dataset any number of its own); None in a dataset of one object a sample, or
            where they are not wanted.

    Example:
        >>> batch = fgbg.open_dataset("data/shards")["val"].read([0, 5, 0])
        >>> len(batch), batch.fg_bg.shape, batch.depth.dtype
        (3, (3, 24, 32, 3), dtype('uint16'))
    """

    bg: np.ndarray
    fg_bg: np.ndarray
    mask: np.ndarray
    depth: np.ndarray
    instances: np.ndarray | None

    @classmethod
    def empty(cls, samples: int, size: tuple[int, int], instances: bool) -> "Batch":
        """A batch with empty arrays to read into, for a canvas (width, height)."""
        arrays = allocate(batch_layout(samples, size, instances))
        instance_map = arrays.pop("instances", None)
        return cls(**arrays, instances=instance_map)

    def __len__(self) -> int:
        return len(self.mask)

    def sample(self, row: int) -> Sample:
        """One sample, as views of the batch's arrays."""
        instances = None if self.instances is None else self.instances[row]
        return Sample(self.bg[row], self.fg_bg[row], self.mask[row], self.depth[row], instances)


def batch_layout(samples: int, size: tuple[int, int], instances: bool) -> Layout:
    """Shape and dtype of each array of a batch, for a canvas (width, height)."""
    layout = pixel_layout(samples, size, instances)
    return layout | {"bg": layout["fg_bg"]}
