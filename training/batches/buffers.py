"""Memory that each batch is read into in turn; page-locked where CUDA copies from it."""

import numpy as np
import torch
from torch import Tensor

from generator.format.pixels import carve, layout_bytes, layout_places
from generator.reading.batch import Batch, batch_layout
from generator.reading.split import Split
from training.batches.batch import IntegerBatch

_TYPES = {np.dtype("u1"): torch.uint8, np.dtype("<u2"): torch.int16}


class BatchBuffer:
    """One piece of memory that holds a batch, and grows for a larger one.

    Args:
        device: where batches go. Only for a CUDA device are they copied out of the buffer.
        with_bg: whether batches have backgrounds.
    """

    def __init__(self, device: torch.device, with_bg: bool = True) -> None:
        self._with_bg = with_bg
        self._device = device
        self._is_pinned = device.type == "cuda"
        self._memory = _new_memory(0, pinned=False)
        self._copied: torch.Event | None = None

    def read(self, split: Split, rows: np.ndarray) -> IntegerBatch:
        """Read samples; on CUDA start to copy them in the current stream.

        The batch before is overwritten, unless it is a copy on the device.
        """
        layout = batch_layout(len(rows), split.size, instances=False)
        used = layout_bytes(layout)
        if self._copied is not None:
            self._copied.synchronize()
        if used > len(self._memory):
            self._memory = _new_memory(used, self._is_pinned)
        memory = self._memory[:used]
        split.read(rows, Batch(**carve(layout, memory.numpy()), instances=None))
        places = layout_places(layout)
        if not self._with_bg:
            memory = memory[: places.pop("bg").start]  # backgrounds lie last, and are not copied
        if self._is_pinned:
            memory = memory.to(self._device, non_blocking=True)
            self._copied = torch.cuda.current_stream(self._device).record_event()
        tensors = {
            name: memory[place].view(_TYPES[layout[name][1]]).view(layout[name][0])
            for name, place in places.items()
        }
        return IntegerBatch(tensors.pop("bg", None), **tensors)


def _new_memory(size: int, pinned: bool) -> Tensor:
    if pinned:
        return torch.empty(size, dtype=torch.uint8, pin_memory=True)
    # NumPy asks for large pages, torch does not.
    return torch.from_numpy(np.empty(size, np.uint8))
