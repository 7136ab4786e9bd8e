"""Putting numbers in place of `auto`."""

from collections.abc import Callable

from generator.reading.dataset import Dataset
from training.config import TrainConfig
from training.process.fabric import Fabric
from training.records.run_folder import LOG_FOLDER, LR_PLOT
from training.tuning.batch_size import find_batch_size
from training.tuning.learning_rate import find_lr, plot_lr_range


def resolve_auto(
    config: TrainConfig, fabric: Fabric, dataset: Dataset, say: Callable[[str], None]
) -> TrainConfig:
    """The same config with numbers in place of `auto`; `say` gets a line for each."""
    if config.batch_size == "auto":
        size = find_batch_size(config, fabric, dataset)
        say(f"`batch_size=auto`: {size}")
        config = config.model_copy(update={"batch_size": size})
    if config.lr == "auto":
        found = find_lr(config, fabric, dataset)
        say(f"`lr=auto`: {found.suggested:.2g}")
        if fabric.is_global_zero:
            plot_lr_range(found, config.out / LOG_FOLDER / LR_PLOT)
        config = config.model_copy(update={"lr": found.suggested})
    return config
