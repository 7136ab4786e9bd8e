"""The speed of a training step with the real data path, compared with one resident batch and the hardware.

    python benchmarks/step.py [--fg FOLDER --bg FOLDER] [--res 96] [--widths 16,16,32,64,128] [--batch 16]
        [--device auto] [--precision auto] [--storage unrendered] [--steps 20] [--rounds 5] [--profile]

Each round times steps (conversion, resize, augmentation, forward, backward, optimiser) with batches from
`read_batches` on a dataset of 192 px, and the same steps on one batch that stays on the device. Prints
samples/s, floating point operations per second (multiply-add = 2, forward and backward counted by torch),
and their share of the rate of a large matrix product in float32 and bf16. `--res` and `--storage` can be
repeated. Without folders it first draws 100 + 100 pictures.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import click
import torch
from lightning.fabric import Fabric
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from fgbg.value_types import Widths
from generator.config import GenerateConfig
from generator.drawing.write import write_samples
from generator.pipeline import generate
from generator.reading.dataset import Dataset, open_dataset
from training.batches.batch import IntegerBatch
from training.batches.batches import read_batches
from training.config import TrainConfig
from training.learner import Learner
from training.plan import Plan
from training.process.devices import make_fabric
from training.run_position import RunPosition

SIZE = 192
RENDERED_SAMPLES = 4096
WARM_UP = 5


@click.command()
@click.option("--fg", type=click.Path(path_type=Path))
@click.option("--bg", type=click.Path(path_type=Path))
@click.option("--res", "resolutions", multiple=True, default=[96])
@click.option("--widths", type=Widths(), default="16,16,32,64,128")
@click.option("--batch", default=16)
@click.option("--device", default="auto")
@click.option("--precision", default="auto")
@click.option("--compile", "compiled", is_flag=True)
@click.option("--storage", "storages", multiple=True, default=["unrendered", "rendered"])
@click.option("--steps", default=20)
@click.option("--rounds", default=5)
@click.option("--profile", "profiled", is_flag=True)
def main(
    fg: Path | None,
    bg: Path | None,
    resolutions: tuple[int, ...],
    widths: tuple[int, ...],
    batch: int,
    device: str,
    precision: str,
    compiled: bool,
    storages: tuple[str, ...],
    steps: int,
    rounds: int,
    profiled: bool,
) -> None:
    config = TrainConfig(
        widths=widths, batch_size=batch, device=device, precision=precision, compile=compiled
    )
    fabric = make_fabric(config)
    peaks = {name: matrix_rate(fabric.device, dtype) for name, dtype in DTYPES.items()}
    print(
        f"{device_name(fabric)}; a matrix product runs at "
        + ", ".join(f"{rate / 1e9:,.0f} GFLOP/s in {name}" for name, rate in peaks.items())
    )
    with tempfile.TemporaryDirectory(prefix="fgbg-") as folder:
        place = Path(folder)
        if fg is None or bg is None:
            drawn = write_samples(place / "assets", count=100, size=SIZE, seed=0)
            fg, bg = drawn.fg, drawn.bg
        for storage in storages:
            samples = RENDERED_SAMPLES if storage == "rendered" else None
            generate(
                GenerateConfig(fg=fg, bg=bg, out=place / storage, render=samples is not None, samples=samples)
            )
            dataset = open_dataset(place / storage)
            for res in resolutions:
                time_steps(config, fabric, dataset, storage, res, steps, rounds, peaks)
                if profiled:
                    print(profile_steps(config, fabric, dataset, res))


DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def time_steps(
    config: TrainConfig,
    fabric: Fabric,
    dataset: Dataset,
    storage: str,
    res: int,
    steps: int,
    rounds: int,
    peaks: dict[str, float],
) -> None:
    """Time both kinds of step in turns, and print the results."""
    split = dataset["train"]
    learner, plan = Learner(config, fabric), Plan(config, len(split))
    resident = next(read_batches(split, plan.rows(RunPosition(), 1), fabric.device))
    rates: dict[str, list[float]] = {"read": [], "resident": []}
    number = 0
    for round_number in range(rounds + 1):
        for name in rates:
            begun = RunPosition(consumed=number * plan.batch_size(0))
            feed: Iterator[IntegerBatch] = (
                repeat(resident)
                if name == "resident"
                else read_batches(split, plan.rows(begun, steps + WARM_UP), fabric.device)
            )
            rate = samples_per_second(learner, feed, res, number, steps, plan.batch_size(0))
            number += steps + WARM_UP
            if round_number:  # the first round only warms up
                rates[name].append(rate)
    ratios = [resident / read for read, resident in zip(rates["read"], rates["resident"], strict=True)]
    flops = flops_of(learner, resident, res) / plan.batch_size(0)
    read = statistics.median(rates["read"])
    shares = ", ".join(f"{flops * read / peak:.0%} of {name}" for name, peak in peaks.items())
    print(
        f"{storage}, {res} px, batches of {plan.batch_size(0)}:"
        f" {read:,.0f} samples/s read, {statistics.median(rates['resident']):,.0f} resident;"
        f" a step costs {statistics.median(ratios):.3f} x the resident one"
        f" ({min(ratios):.3f} to {max(ratios):.3f}), wanted 1.03;"
        f" {flops / 1e9:.2f} GFLOP a sample, {flops * read / 1e9:,.0f} GFLOP/s: {shares}",
        flush=True,
    )


def samples_per_second(
    learner: Learner, feed: Iterator[IntegerBatch], res: int, number: int, steps: int, size: int
) -> float:
    began = 0.0
    for step in range(steps + WARM_UP):
        if step == WARM_UP:
            synchronize()
            began = time.perf_counter()
        learner.step(feed, res, number + step, factor=1e-3)
    synchronize()
    return steps * size / (time.perf_counter() - began)


def flops_of(learner: Learner, batch: IntegerBatch, res: int) -> float:
    """Floating point operations of one step, forward and backward."""
    with FlopCounterMode(display=False) as counter:
        learner.step(iter([batch]), res, 0, factor=1e-3)
    return float(counter.get_total_flops())


def profile_steps(config: TrainConfig, fabric: Fabric, dataset: Dataset, res: int) -> str:
    """The operations that take longest in ten steps."""
    split = dataset["train"]
    learner, plan = Learner(config, fabric), Plan(config, len(split))
    feed = read_batches(split, plan.rows(RunPosition(), 10 + WARM_UP), fabric.device)
    samples_per_second(learner, feed, res, 0, 0, 1)
    on_cuda = fabric.device.type == "cuda"
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_cuda else [])]
    with profile(activities=activities) as found:
        for step in range(10):
            learner.step(feed, res, step, factor=1e-3)
        synchronize()
    order = "self_cuda_time_total" if on_cuda else "self_cpu_time_total"
    return str(found.key_averages().table(sort_by=order, row_limit=15, max_name_column_width=40))


def matrix_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Floating point operations per second of a large matrix product, the best of several."""
    side = 8192 if device.type == "cuda" else 2048
    first, second = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    times = []
    for _ in range(8):
        synchronize()
        began = time.perf_counter()
        torch.mm(first, second)
        synchronize()
        times.append(time.perf_counter() - began)
    return 2 * side**3 / min(times)


def synchronize() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def device_name(fabric: Fabric) -> str:
    if fabric.device.type == "cuda":
        return torch.cuda.get_device_name(fabric.device)
    return f"{fabric.device.type}, {torch.get_num_threads()} threads"


if __name__ == "__main__":
    main()
