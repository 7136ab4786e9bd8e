"""The course of a run: its epochs, steps, rows and learning rates as pure functions of the position."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from training.batches.batches import shuffled
from training.config import TrainConfig
from training.optim.schedules import rate_factor
from training.run_position import RunPosition

DEFAULT_EPOCH_SAMPLES = 20_000


class Plan:
    """The course of one process of a run.

    Args:
        config: of the run, with numbers in place of auto.
        length: samples in train.
        rank: number of this process, from 0.
        processes: of the whole run.
    """

    def __init__(self, config: TrainConfig, length: int, rank: int = 0, processes: int = 1) -> None:
        self._config, self._length = config, length
        self._rank, self._processes = rank, processes
        self.epoch_samples = config.epoch_samples or min(length, DEFAULT_EPOCH_SAMPLES)

    def batch_size(self, stage: int) -> int:
        """Samples that a process takes at a time; with `scale_batch`, as many pixels as in stage 0."""
        config = self._config
        assert config.batch_size != "auto"
        if not config.scale_batch:
            return config.batch_size
        share = (config.stages[0].res / config.stages[stage].res) ** 2
        return max(1, round(config.batch_size * share))

    def step_samples(self, stage: int) -> int:
        """Samples in one step, over all processes and accumulated batches."""
        return self.batch_size(stage) * self._config.accumulate * self._processes

    def steps_left(self, position: RunPosition) -> int:
        """Steps from a position to the end of its epoch. A whole epoch has at least one."""
        left = (self.epoch_samples - position.epoch_consumed) // self.step_samples(position.stage)
        return max(left, 0 if position.epoch_consumed else 1)

    def steps_to_go(self, position: RunPosition) -> int:
        """Steps from a position to the end of the last stage, if none ends early."""
        return sum(steps for _, steps in self._to_go(position))

    def pixels_to_go(self, position: RunPosition) -> int:
        """Pixels of the samples in these steps. The time that steps take is in proportion to them."""
        stages = self._config.stages
        return sum(
            steps * self.step_samples(stage) * stages[stage].res ** 2
            for stage, steps in self._to_go(position)
        )

    def _to_go(self, position: RunPosition) -> Iterator[tuple[int, int]]:
        """Pairs of a stage and the steps left in it, from the stage of a position on."""
        for number, stage in enumerate(self._config.stages[position.stage :], position.stage):
            whole = self.steps_left(RunPosition(stage=number))
            if number > position.stage:
                yield number, whole * stage.epochs
            elif (epochs := stage.epochs - position.stage_epochs) > 0:
                yield number, self.steps_left(position) + whole * (epochs - 1)

    def after_step(self, position: RunPosition) -> RunPosition:
        """The position after one more step."""
        samples = self.step_samples(position.stage)
        return replace(
            position,
            step=position.step + 1,
            consumed=position.consumed + samples,
            epoch_steps=position.epoch_steps + 1,
            epoch_consumed=position.epoch_consumed + samples,
        )

    def rows(self, position: RunPosition, steps: int) -> Iterator[np.ndarray]:
        """The rows of train that this process takes in the next steps, batch by batch.

        The processes take turns with the batches of one stream, so a pass over train has every sample once.
        """
        config, own = self._config, self.batch_size(position.stage)
        for number in range(steps * config.accumulate):
            first = position.consumed + own * (number * self._processes + self._rank)
            yield shuffled(config.seed, self._length, first, own, config.shuffle_window)

    def rate_factor(self, position: RunPosition) -> float:
        """The factor of the learning rate in the step from this position.

        Each epoch has a weight in proportion to its pixels, and so to its time. With equal weights the rate
        would fall before the last resolution begins, the one at which the network is used.
        """
        config, stages = self._config, self._config.stages
        pixels = [stage.epochs * stage.res**2 for stage in stages]
        epochs = position.stage_epochs + position.epoch_consumed / self.epoch_samples
        here = epochs * stages[position.stage].res ** 2
        done = (sum(pixels[: position.stage]) + here) / sum(pixels)
        return rate_factor(config.schedule, done, position.step, config.warm_up)


def next_epoch(config: TrainConfig, position: RunPosition) -> RunPosition | None:
    """The position at which the next epoch begins, in the next stage where one is over; None after the last.

    A stage is over after its epochs, or after `early_stop` epochs without a better validation loss.
    """
    stopped = config.early_stop is not None and position.stale_epochs >= config.early_stop
    if position.stage_epochs < config.stages[position.stage].epochs and not stopped:
        return position
    if position.stage + 1 < len(config.stages):
        return replace(
            position,
            stage=position.stage + 1,
            stage_epochs=0,
            epoch_steps=0,
            epoch_consumed=0,
            best_loss=float("inf"),
            stale_epochs=0,
        )
    return None


def is_finished(config: TrainConfig, position: RunPosition) -> bool:
    """Whether nothing is left to do."""
    return next_epoch(config, position) is None
