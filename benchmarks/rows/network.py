"""Steps of training, outside of a run: the learner, its batches, and the matrix rate of the machine."""

import time
from collections.abc import Callable, Iterator
from itertools import count, repeat
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from generator.reading.split import Split
from training.batches.batch import IntegerBatch
from training.batches.batches import read_batches
from training.config import TrainConfig
from training.learner import Learner
from training.plan import Plan
from training.process.devices import choose_accelerator, choose_precision, make_fabric
from training.run_position import RunPosition

CLASSIC = (64, 128, 256, 512, 1024)
"""Widths of the classic U-Net."""
DTYPES = {"32": torch.float32, "bf16": torch.bfloat16}


def has_bf16(device: str) -> bool:
    """Whether the device has instructions for bf16, by which `fgbg train` decides, too."""
    return choose_precision("auto", choose_accelerator(device)) == "bf16"


class Stepper:
    """A learner with endless batches of a split: `Stepper(...).rate(seconds)` is its speed.

    Args:
        split: to read from.
        res: longer side in pixels of the network's input.
        channels_last: whether weights lie in the order of channels last, as `fgbg train` has them.
        fields: those of TrainConfig.
    """

    def __init__(self, split: Split, res: int, channels_last: bool = True, **fields: Any) -> None:
        self.config, self._split, self._res = TrainConfig(**fields), split, res
        self._fabric = make_fabric(self.config)
        self.learner = Learner(self.config, self._fabric)
        if not channels_last:
            self.learner.network.to(memory_format=torch.contiguous_format)
        self._plan, self._number = Plan(self.config, len(split)), 0
        self._resident: IntegerBatch | None = None

    @property
    def batch(self) -> int:
        return self._plan.batch_size(0)

    def feed(self) -> Iterator[IntegerBatch]:
        """Batches of the real data path, from where the last ones ended."""
        begun = RunPosition(consumed=self._number * self.batch)
        return read_batches(self._split, self._plan.rows(begun, 2**40), self._fabric.device)

    def resident(self) -> Iterator[IntegerBatch]:
        """One batch that stays on the device, again and again."""
        if self._resident is None:
            batch = next(self.feed())
            self._resident = IntegerBatch(*(tensor.clone() for tensor in batch.tensors()))
        return repeat(self._resident)

    def step(self, batches: Iterator[IntegerBatch]) -> None:
        self.learner.step(batches, self._res, self._number, factor=1e-3)
        self._number += 1

    def rate(self, batches: Iterator[IntegerBatch], seconds: float) -> float:
        """Samples per second, in whole steps after one to warm up."""
        self.step(batches)
        synchronize(self._fabric.device)
        began = time.perf_counter()
        for done in count(1):
            self.step(batches)
            # The clock of the CPU runs ahead of a GPU: it waits for it now and then.
            if done % 8 == 0 or self._fabric.device.type == "cpu":
                synchronize(self._fabric.device)
                if (spent := time.perf_counter() - began) >= seconds:
                    return done * self.batch / spent
        raise AssertionError

    def flops(self) -> float:
        """Floating point operations of a sample, forward and backward (multiply-add = 2)."""
        with FlopCounterMode(display=False) as counter:
            self.step(self.resident())
        return float(counter.get_total_flops()) / self.batch


def matrix_rate(device: torch.device, precision: str) -> Callable[[], float]:
    """A function that measures floating point operations per second of a large matrix product."""
    side = 8192 if device.type == "cuda" else 1024
    first, second = (torch.randn(side, side, device=device, dtype=DTYPES[precision]) for _ in range(2))

    def measure() -> float:
        times = []
        for _ in range(8):
            synchronize(device)
            began = time.perf_counter()
            torch.mm(first, second)
            synchronize(device)
            times.append(time.perf_counter() - began)
        return 2 * side**3 / min(times)

    return measure


def synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()
