"""What can go wrong in a run, told in one line."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from lightning.fabric import Fabric

from generator.errors import ConfigError
from generator.process.memory import physical_memory
from generator.reading.dataset import Dataset
from training.batches.batches import read_batches
from training.config import TrainConfig
from training.errors import RunError
from training.learner import Learner
from training.process.memory import is_out_of_memory
from training.records.run_files import BEST, LAST

_ONE_VALUE = "Expected more than 1 value per channel"
_SAMPLE_BYTES, _BUFFERS = 9, 3
"""bg, fg_bg, mask and depth of a pixel; batches read ahead."""
_COPIES = 4
_FIX = f"lower `lr`; {LAST} and {BEST} hold the last good weights"


def bad_step(
    config: TrainConfig,
    learner: Learner,
    fabric: Fabric,
    dataset: Dataset,
    res: int,
    step: int,
    rows: Sequence[np.ndarray],
) -> RunError:
    """What to say of a step whose loss or gradients were not finite: names the samples, if they are why.

    Args:
        config: of the run.
        learner: tells what the network saw.
        fabric: of the run.
        dataset: trained on.
        res: at which it saw it.
        step: the number of the step.
        rows: of train that this process learnt from in it, batch by batch.
    """
    split = dataset["train"]
    for part, integers in enumerate(read_batches(split, rows, fabric.device, config.inputs != 3)):
        inputs, truth = learner.see(integers, res, step * len(rows) + part)
        values = torch.cat([tensor.flatten(1) for tensor in (inputs, truth.mask, truth.depth)], dim=1)
        bad = rows[part][(~values.isfinite().all(dim=1)).cpu().numpy()].tolist()
        if bad:
            names = [dataset.manifest.assets["bg"][split.samples["bg"][row]].name for row in bad]
            found = ", ".join(
                f"sample {row} of train (on {name})" for row, name in zip(bad, names, strict=True)
            )
            return RunError(dataset.folder, "finite pictures", f"NaN or infinity in {found}", "look at it")
    return RunError(config.out, "a finite loss", f"NaN or infinity at step {step}", _FIX)


def diverged(config: TrainConfig, loss: float, first: float, step: int) -> RunError:
    """What to say of a loss that has grown beyond all measure."""
    found = f"{loss:.4g} at step {step}, where {first:.4g} was the first"
    return RunError(config.out, "a loss that falls", found, _FIX)


def spoilt(config: TrainConfig, step: int) -> RunError:
    """What to say of weights that are no longer finite."""
    return RunError(config.out, "finite weights", f"NaN or infinity at step {step}", _FIX)


def refuse_vast(config: TrainConfig, dataset: Dataset) -> None:
    """Refuse what cannot fit in the machine's memory, before any of it is taken.

    A system that lends more memory than it has would kill the process in the middle of a step.

    Raises:
        ConfigError: batches, or the network, are larger than all memory.
    """
    memory = physical_memory()
    assert config.batch_size != "auto"
    width, height = dataset["train"].size
    batches = config.batch_size * width * height * _SAMPLE_BYTES * _BUFFERS
    # Each level has 3 x 3 weights between as many channels at least; with gradients, averages and moments.
    network = 9 * sum(channels**2 for channels in config.widths) * 4 * _COPIES
    for option, needed, what in (
        ("`batch_size`", batches, f"batches of {config.batch_size:,}"),
        ("`widths`", network, "this network"),
    ):
        if memory is not None and needed > memory:
            found = f"{memory / 1e9:,.0f} GB"
            raise ConfigError(option, f"{needed / 1e9:,.0f} GB of memory for {what}", found, "lower it")


@contextmanager
def batch_told(config: TrainConfig) -> Iterator[None]:
    """Let batches that do not fit in memory say what to lower, and those of one pixel what to raise.

    Raises:
        RunError: there was not enough memory, or a channel had but one value to normalise by.
    """
    try:
        yield
    except ValueError as error:
        if _ONE_VALUE not in str(error):
            raise
        sizes = f"batches of {config.batch_size} at {min(stage.res for stage in config.stages)} px"
        raise RunError(
            "`batch_size`",
            "more than one value per channel, to normalise by",
            f"one, in the deepest layer, in {sizes}",
            "raise `batch_size` or `res`",
        ) from error
    except RuntimeError as error:  # of which torch.OutOfMemoryError is one
        if not is_out_of_memory(error):
            raise
        sizes = f"batches of {config.batch_size} at {max(stage.res for stage in config.stages)} px"
        raise RunError(
            config.device,
            f"memory for {sizes}",
            "too little",
            "lower `batch_size` (`accumulate` makes up for it), `res` or `widths`, then `resume=True`",
        ) from error


@contextmanager
def peers_told(config: TrainConfig, fabric: Fabric) -> Iterator[None]:
    """Let a lost connection say that another process of the run has ended.

    Raises:
        RunError: one has.
    """
    try:
        yield
    except RuntimeError as error:
        if fabric.world_size == 1 or isinstance(error, torch.OutOfMemoryError):
            raise
        raise RunError(
            config.out,
            f"all {fabric.world_size} processes to go on",
            f"an end of one of them ({_first_sentence(error)})",
            "see its own words, then go on with `resume=True`",
        ) from error


def _first_sentence(error: Exception) -> str:
    return str(error).strip().splitlines()[0].partition(". ")[0]
