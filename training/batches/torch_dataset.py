"""A split as a dataset of torch, for your own training loops."""

from collections.abc import Sequence
from typing import TypedDict

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from generator.reading.batch import Batch
from generator.reading.split import Split
from generator.strict_config import require_whole
from training.batches.batch import IntegerBatch
from training.batches.prepare import join, prepare
from training.stages import MOST_RES
from training.target import target_of


class TorchSample(TypedDict):
    """One sample of a `TorchDataset`, ready for a network.

    Attributes:
        input: (6, h, w) float32 in [-1, 1]; channels 0 to 2 are the background, 3 to 5 the picture, RGB. In a
            dataset without backgrounds channels 0 to 2 are 0, as the networks expect them.
        mask: (1, h, w) float32 in [0, 1]; 0 background, 1 foreground; -1 where a pixel is void. In a dataset
            of classes their numbers, (h, w) int64, 255 where a pixel is ignored.
        depth: (1, h, w) float32 in [0, 1], relative inverse depth: 0 farthest, 1 nearest; 0 where unknown.
        known: (1, h, w) bool, where depth is known.

    Example:
        >>> sample = fgbg.torch_dataset(fgbg.open_dataset("data/shards")["train"])[0]
        >>> sample["input"].shape, sample["known"].dtype
        (torch.Size([6, 24, 32]), torch.bool)
    """

    input: Tensor
    mask: Tensor
    depth: Tensor
    known: Tensor


class TorchDataset(Dataset[TorchSample]):
    """The samples of a split by their numbers; `torch_dataset` makes it.

    Attributes:
        split: where samples are read.
        res: longer side of a sample in pixels.

    Example:
        >>> split = fgbg.open_dataset("data/shards")["train"]
        >>> fgbg.torch_dataset(split)[0]["mask"].shape
        torch.Size([1, 24, 32])
    """

    def __init__(self, split: Split, res: int) -> None:
        self.split = split
        self.res = res

    def __len__(self) -> int:
        return len(self.split)

    def __getitem__(self, index: int) -> TorchSample:
        """Read one sample; negative numbers count from the end.

        Raises:
            TypeError: the index is not an integer.
            IndexError: it is out of range.
            DatasetError: a file of the dataset has changed since it was opened.
        """
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[TorchSample]:
        """Read several samples at once, which is faster; a `DataLoader` calls it for each batch."""
        batch = prepare(self._tensors(indices), target_of(self.split.mask), self.res)
        inputs, truth = join(batch.bg, batch.fg_bg), batch.truth
        return [
            TorchSample(input=picture, mask=mask, depth=depth, known=known)
            for picture, mask, depth, known in zip(inputs, truth.mask, truth.depth, truth.known, strict=True)
        ]

    def _tensors(self, indices: Sequence[int]) -> IntegerBatch:
        batch = _as_tensors(self.split[indices])
        return batch if self.split.has_bg else batch.without_bg()


def torch_dataset(split: Split, res: int | None = None) -> TorchDataset:
    """A split for `torch.utils.data.DataLoader`, with samples that are ready for a network.

    A batch is a dictionary of `input` (B, 6, h, w), `mask` (B, 1, h, w), `depth` (B, 1, h, w) and `known`
    (B, 1, h, w); `TorchSample` describes their values. Nothing is augmented. Any number of workers may read,
    started by fork or spawn, from datasets with and without stored pixels.

    Args:
        split: of a dataset.
        res: longer side in pixels to which samples are scaled, as `fgbg train` does, from 8 to 8192; None
            keeps their size.

    Raises:
        TypeError: `split` is no split.
        ConfigError: `res` is out of range.

    Example:
        >>> from torch.utils.data import DataLoader
        >>> split = fgbg.open_dataset("data/shards")["train"]
        >>> loader = DataLoader(fgbg.torch_dataset(split, res=16), batch_size=4, shuffle=True)
        >>> next(iter(loader))["input"].shape
        torch.Size([4, 6, 12, 16])
    """
    if not isinstance(split, Split):
        raise TypeError(f"expected a split, like dataset['train'], found {type(split).__name__}")
    longer = max(split.size) if res is None else require_whole("res", res, 8, MOST_RES)
    return TorchDataset(split, longer)


def _as_tensors(batch: Batch) -> IntegerBatch:
    return IntegerBatch(
        torch.from_numpy(batch.bg),
        torch.from_numpy(batch.fg_bg),
        torch.from_numpy(batch.mask),
        torch.from_numpy(batch.depth.view(np.int16)),
    )
