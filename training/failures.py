"""Failures of a run, each explained in one line."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch

from generator.errors import ConfigError
from generator.process.memory import physical_memory
from generator.reading.dataset import Dataset
from training.batches.batches import read_batches
from training.config import TrainConfig
from training.errors import RunError
from training.learner import Learner
from training.process.fabric import Fabric
from training.process.memory import is_out_of_memory
from training.records.run_files import BEST, LAST

_ONE_VALUE = "Expected more than 1 value per channel"
_SAMPLE_BYTES, _BUFFERS = 9, 3
"""Bytes of bg, fg_bg, mask and depth in a pixel, and batches in memory at a time."""
_COPIES = 4
"""Weights, gradients, averages and moments."""
_FIX = f"lower `lr`; {LAST} and {BEST} hold the last good weights"


def nonfinite_step(
    config: TrainConfig,
    learner: Learner,
    fabric: Fabric,
    dataset: Dataset,
    res: int,
    step: int,
    rows: Sequence[np.ndarray],
) -> RunError:
    """The error of a step whose loss or gradients are not finite; names the samples, if they are the reason.

    Args:
        config: of the run.
        learner: makes the inputs of the network again.
        fabric: of the run.
        dataset: of the run.
        res: longer side in pixels.
        step: number of the step.
        rows: the rows of train that this process used in the step, batch by batch.
    """
    split = dataset["train"]
    for part, integers in enumerate(read_batches(split, rows, fabric.device, config.inputs != 3)):
        inputs, truth = learner.see(integers, res, step * len(rows) + part)
        values = torch.cat([tensor.flatten(1) for tensor in (inputs, truth.mask, truth.depth)], dim=1)
        bad = rows[part][(~values.isfinite().all(dim=1)).cpu().numpy()].tolist()
        if bad:
            on = "on " if split.shares_scenes else ""
            found = ", ".join(f"sample {row} of train ({on}{split.name_of(row)})" for row in bad)
            return RunError(
                dataset.folder, "finite pictures", f"NaN or infinity in {found}", "check this picture"
            )
    return RunError(config.out, "a finite loss", f"NaN or infinity at step {step}", _FIX)


def diverging_loss(config: TrainConfig, loss: float, first: float, step: int) -> RunError:
    """The error of a loss that has grown far above its first value."""
    found = f"{loss:.4g} at step {step}, up from {first:.4g}"
    return RunError(config.out, "a loss that falls", found, _FIX)


def nonfinite_weights(config: TrainConfig, step: int) -> RunError:
    """The error of weights that are no longer finite."""
    return RunError(config.out, "finite weights", f"NaN or infinity at step {step}", _FIX)


def check_memory(config: TrainConfig, dataset: Dataset) -> None:
    """Refuse batches and networks larger than the machine's memory, before they take any.

    Systems that promise more memory than they have would kill the process in the middle of a step.

    Raises:
        ConfigError: the batches or the network are larger.
    """
    memory = physical_memory()
    assert config.batch_size != "auto"
    width, height = dataset["train"].size
    batches = config.batch_size * width * height * _SAMPLE_BYTES * _BUFFERS
    # Each level has at least 3 x 3 weights between its channels; gradients, averages and moments come on top.
    network = 9 * sum(channels**2 for channels in config.widths) * 4 * _COPIES
    for field, needed, what in (
        ("`batch_size`", batches, f"batches of {config.batch_size:,}"),
        ("`widths`", network, "this network"),
    ):
        if memory is not None and needed > memory:
            found = f"{memory / 1e9:,.0f} GB"
            raise ConfigError(field, f"{needed / 1e9:,.0f} GB of memory for {what}", found, "lower it")


@contextmanager
def explain_batch_errors(config: TrainConfig) -> Iterator[None]:
    """Explain two errors of batches: too large for the memory, or too small to normalise.

    Raises:
        RunError: memory ran out, or a channel has a single value in a batch.
    """
    try:
        yield
    except ValueError as error:
        if _ONE_VALUE not in str(error):
            raise
        sizes = f"batches of {config.batch_size} at {min(stage.res for stage in config.stages)} px"
        raise RunError(
            "`batch_size`",
            "",
            f"is too small: {sizes} leave one value per channel in the deepest layer, too few to normalise",
            "raise it, or the resolution in `stages`",
        ) from error
    except RuntimeError as error:  # of which torch.OutOfMemoryError is one
        if not is_out_of_memory(error):
            raise
        sizes = f"batches of {config.batch_size} at {max(stage.res for stage in config.stages)} px"
        raise RunError(
            config.device,
            "",
            f"has too little memory for {sizes}",
            "lower `batch_size` (and raise `accumulate`), the resolution in `stages`, or `widths`; then"
            " continue with `resume=True`",
        ) from error


@contextmanager
def explain_lost_processes(config: TrainConfig, fabric: Fabric) -> Iterator[None]:
    """Explain a lost connection: another process of the run has ended.

    Raises:
        RunError: a connection was lost.
    """
    try:
        yield
    except RuntimeError as error:
        if fabric.world_size == 1 or isinstance(error, torch.OutOfMemoryError):
            raise
        raise RunError(
            config.out,
            "",
            f"lost one of its {fabric.world_size} processes ({_first_sentence(error)})",
            "see the message of that process, then continue with `resume=True`",
        ) from error


def _first_sentence(error: Exception) -> str:
    return str(error).strip().splitlines()[0].partition(". ")[0]
