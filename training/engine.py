"""The training loop, stage by stage and epoch by epoch, on Lightning Fabric."""

import sys
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace

import torch

from generator.progress import Progress
from generator.reading.dataset import Dataset
from training.batches.batches import read_batches
from training.checkpoint import Checkpoint, save_checkpoint
from training.config import TrainConfig
from training.errors import StoppedError
from training.failures import (
    check_memory,
    diverging_loss,
    explain_batch_errors,
    explain_lost_processes,
    nonfinite_step,
    nonfinite_weights,
)
from training.learner import Learner
from training.loss_sums import LossSums
from training.model_card import is_own_card, write_card
from training.optim.plateau import Plateau
from training.outcome import TrainOutcome
from training.plan import Plan, next_epoch
from training.process.devices import make_fabric, over_processes
from training.process.fabric import Fabric
from training.process.stopping import SaveClock, StopRequest
from training.records.log import RunLog, recorded_fields, write_config
from training.records.run_files import BEST, CARD, LAST
from training.records.run_folder import LOG_FOLDER, remove_run
from training.records.trackers import Status, Trackers
from training.restore import restore_plateau, restore_random_state
from training.run_display import RunBar, epoch_lines, run_summary
from training.run_position import RunPosition
from training.tuning.auto import resolve_auto
from training.validation import validate

_LOG_STEPS = 50
_DIVERGED = 10.0
"""A loss this many times its first value is taken for lost."""


def train_stages(
    config: TrainConfig,
    dataset: Dataset,
    earlier: Checkpoint | None = None,
    say: Callable[[str], None] = print,
    overwrite: bool = False,
) -> TrainOutcome:
    """Train to the end of the last stage, from the start or from a checkpoint.

    Args:
        config: the run, with its stages already laid over those of `earlier`.
        dataset: to train on.
        earlier: the checkpoint to continue from.
        say: gets lines about each epoch.
        overwrite: remove the run that `config.out` holds, once everything is ready to train.

    Raises:
        ConfigError: the device is missing, or a term of a loss does not exist.
        UsageError: a tracker cannot begin.
        RunError: the loss is no longer finite or grows without end; memory or another process is lost.
        DatasetError: the dataset was changed meanwhile.
        StoppedError: a signal told the run to stop; its last step is saved.
    """
    fabric = make_fabric(config)
    with explain_lost_processes(config, fabric), explain_batch_errors(config):
        config = resolve_auto(config, fabric, dataset, say)
        check_memory(config, dataset)
        run = _Run(config, fabric, dataset, earlier)
        run.begin_trackers(say)  # before an earlier run is removed, as this can fail
        if overwrite and fabric.is_global_zero:
            remove_run(config.out)
            if is_own_card(config.out / CARD):
                (config.out / CARD).unlink()
        fabric.barrier()
        run.open_log(say)
        for line in run.summary():
            say(line)
        if earlier is None:
            run.log_graph(say)
        before = run.position.epoch
        status: Status = "failed"
        try:
            with StopRequest() as stop:
                while (begun := next_epoch(config, run.position)) is not None:
                    run.epoch(begun, stop)
                    for line in epoch_lines(config.stages, run.position, run.metrics):
                        say(line)
            status = "finished"
        except StoppedError:
            status = "stopped"
            fabric.barrier()  # until the first process has saved
            if not fabric.is_global_zero:
                sys.exit(0)
            raise
        finally:
            run.close(status)
    return TrainOutcome(config, run.position, run.metrics, run.position.epoch - before)


class _Run:
    """The state of a run in progress: its learner, plateau, position and log."""

    def __init__(
        self, config: TrainConfig, fabric: Fabric, dataset: Dataset, earlier: Checkpoint | None
    ) -> None:
        self._config, self._fabric, self._dataset = config, fabric, dataset
        train = dataset["train"]
        self._plan = Plan(config, len(train), fabric.global_rank, fabric.world_size)
        self._learner = Learner(config, fabric, earlier, config.out / LAST)
        self._plateau = self._new_plateau()
        self._clock = SaveClock(config.save_every)
        self._first_loss: torch.Tensor | None = None
        self._sums = LossSums(fabric, None if earlier is None else earlier.sums)
        self.position, self.metrics = RunPosition(), dict[str, float]()
        self._is_resumed = earlier is not None
        if earlier is not None:
            self.position, self.metrics = earlier.position, earlier.metrics
            restore_plateau(config.out / LAST, self._plateau, earlier.scheduler)
            restore_random_state(config.out / LAST, earlier.rng, fabric.device)
        self._log: RunLog | None = None
        self._trackers: Trackers | None = None
        self._bar = RunBar(self._plan, config.stages, lambda: self.position)

    def begin_trackers(self, say: Callable[[str], None]) -> None:
        """Begin or continue the run in each tracker, in the first process."""
        if self._fabric.is_global_zero:
            config = self._config
            self._trackers = Trackers(config.logger, config.out / LOG_FOLDER, self._is_resumed, say)

    def open_log(self, say: Callable[[str], None]) -> None:
        """Open the log at the position of the run and write the config, in the first process."""
        if self._fabric.is_global_zero:
            out = self._config.out
            folder, at, board = out / LOG_FOLDER, self.position, "tensorboard" in self._config.logger
            self._log = RunLog(folder, at.epoch, at.step, say, self._trackers, board)
            # Only here: the checkpoint may be resumed on another dataset, with another length.
            length = len(self._dataset["train"])
            window = min(self._config.shuffle_window or length, length)
            resolved = {"epoch_samples": self._plan.epoch_samples, "shuffle_window": window}
            config = self._config.model_copy(update=resolved)
            write_config(out, config)
            dataset = {"dataset_id": self._dataset.manifest.id}
            self._log.settings(at.step, recorded_fields(config) | dataset)
            if self._trackers is not None:
                self._trackers.write_ids()

    def close(self, status: Status) -> None:
        """Flush the log."""
        if self._log is not None:
            self._log.close(status)

    def summary(self) -> list[str]:
        """The network, the device and the data in one line, and lines on what was loaded and what is slow."""
        samples, learner = len(self._dataset["train"]), self._learner
        lines = [run_summary(self._config, self._plan, self._fabric, learner.network, samples)]
        if learner.loaded is not None:
            lines.append(learner.loaded)
        if self._config.compile and self._fabric.device.type == "cpu":
            lines.append("`compile` makes no step faster on a CPU, and takes a minute first: leave it out")
        return lines

    def log_graph(self, say: Callable[[str], None]) -> None:
        """Draw the network for TensorBoard, or say why that is impossible."""
        if self._log is not None and (problem := self._log.graph(self._config.architecture)):
            say(f"{self._config.out / LOG_FOLDER}: no graph of the network in TensorBoard: {problem}")

    def epoch(self, begun: RunPosition, stop: StopRequest) -> None:
        """Train one epoch or the rest of one, validate, step the plateau, save.

        Args:
            begun: the position at which it begins or continues.
            stop: asked after every step.

        Raises:
            StoppedError: a signal stopped the run, which saved its step.
        """
        config, log = self._config, self._log
        self._begin_epoch(begun)
        began = time.monotonic()
        with self._bar.begin_epoch(begun) as progress:
            with closing(self._train(begun, progress)) as steps:
                for _ in steps:
                    self._save_within_epoch(stop)
            seconds, trained = time.monotonic() - began, self.position
            self._check_weights()
            if config.log_histograms and log is not None:
                log.histograms(trained.step, self._learner.network.module)
            progress.relabel(self._bar.label(begun.stage, "validating"))
            self.metrics = self._training_metrics() | self._validation_metrics(begun.stage)
        rate = self._learner.rate * self._plan.rate_factor(trained)
        better = self._end_epoch(begun)
        if log is not None:
            row: dict[str, float | int] = {
                "epoch": self.position.epoch,
                "stage": begun.stage,
                "res": config.stages[begun.stage].res,
                "step": trained.step,
                "lr": rate,
                **self.metrics,
                "seconds": seconds,
                "samples_per_second": (trained.consumed - begun.consumed) / seconds,
            }
            log.epoch(trained.step, row)
        for name in (BEST, LAST) if better else (LAST,):
            self._save(name)
        if log is not None:
            parameters = sum(weight.numel() for weight in self._learner.network.parameters())
            write_card(config, self._dataset.manifest, log.rows, self.position.consumed, parameters)
        if stop.agree(self._fabric, 0) and next_epoch(config, self.position) is not None:
            raise self._stopped(stop)

    def _begin_epoch(self, begun: RunPosition) -> None:
        """Make a new plateau where a stage begins, and new sums where an epoch begins."""
        if begun.stage_epochs == begun.epoch_steps == 0:
            # Weights, optimiser and averages stay. Losses at two resolutions do not compare.
            self._plateau = self._new_plateau()
        if begun.epoch_steps == 0:
            self._sums.clear()
        self.position = begun

    def _end_epoch(self, begun: RunPosition) -> bool:
        """Step the plateau and the position; returns whether the epoch is the best of its stage."""
        watched = self.metrics.get("val_loss", self.metrics["train_loss"])
        if self._config.schedule == "plateau":
            self._plateau.step(watched)
        better = watched < begun.best_loss
        self.position = replace(
            self.position,
            stage_epochs=begun.stage_epochs + 1,
            epoch=begun.epoch + 1,
            epoch_steps=0,
            epoch_consumed=0,
            best_loss=min(watched, begun.best_loss),
            stale_epochs=0 if better else begun.stale_epochs + 1,
        )
        self._sums.clear()
        return better

    def _save_within_epoch(self, stop: StopRequest) -> None:
        """Save after a step when a checkpoint is due or a signal came, except at the end of an epoch.

        Raises:
            StoppedError: a signal came.
        """
        at_end = self._plan.steps_left(self.position) == 0
        stopping = stop.agree(self._fabric, self.position.step)
        if (self._clock.is_due(self.position.step) or stopping) and not at_end:
            self._check_weights()
            self._save(LAST)
        if stopping and not at_end:
            raise self._stopped(stop)

    def _training_metrics(self) -> dict[str, float]:
        """The terms of the training loss, each the mean over the steps of the epoch."""
        means = self._sums.means(self.position.epoch_steps)
        return {f"train_{name}": mean for name, mean in means.items()}

    def _validation_metrics(self, stage: int) -> dict[str, float]:
        """The metrics of validation, which also logs pictures; empty without a val split."""
        config, val = self._config, self._dataset["val"]
        if not len(val):
            return {}
        res, size = config.stages[stage].res, self._plan.batch_size(stage)
        found = validate(self._learner, self._fabric, val, config, res, size)
        if self._log is not None and found.example is not None:
            self._log.pictures(self.position.step, self._learner.target, *found.example)
        return found.metrics

    def _stopped(self, stop: StopRequest) -> StoppedError:
        step, left = self.position.step, self._plan.steps_to_go(self.position)
        return stop.error(self._config.out / LAST, step, step + left)

    def _train(self, begun: RunPosition, progress: Progress) -> Generator[None]:
        """Train from `begun` to the end of its epoch; pauses after every step, with `position` moved on."""
        plan, fabric, split = self._plan, self._fabric, self._dataset["train"]
        res, steps = self._config.stages[begun.stage].res, plan.steps_left(begun)
        note = ""
        with closing(
            read_batches(split, plan.rows(begun, steps), fabric.device, self._config.inputs != 3)
        ) as batches:
            for left in reversed(range(steps)):
                before = self.position
                terms = self._learner.step(batches, res, before.step, plan.rate_factor(before))
                if self._first_loss is None:
                    self._first_loss = terms["loss"]
                self._sums.add(terms)
                self.position = plan.after_step(before)
                if self.position.epoch_steps % _LOG_STEPS == 0 or not left:
                    note = f"loss {self._log_losses(before, self.position):.4f}"
                progress.advance(1, note)
                yield

    def _log_losses(self, before: RunPosition, position: RunPosition) -> float:
        """Log the losses of the last steps over all processes; returns the mean loss.

        Args:
            before: the position before the last step.
            position: the position after it.

        Raises:
            RunError: the loss or gradients of a step are not finite, or the loss grows without end.
        """
        means = self._sums.new_means(before.epoch_steps % _LOG_STEPS + 1)
        self._learner.share_bad_step()
        self._check_steps(position)
        assert self._first_loss is not None
        first = float(over_processes(self._fabric, self._first_loss, "mean"))
        if means["loss"] > _DIVERGED * first:
            raise diverging_loss(self._config, means["loss"], first, before.step)
        if self._log is not None:
            rate = self._learner.rate * self._plan.rate_factor(before)
            self._log.training(position.step, means, rate)
        return means["loss"]

    def _check_steps(self, position: RunPosition) -> None:
        """Raise a RunError where the loss or gradients of a step were not finite."""
        if (step := self._learner.bad_step) is not None:
            samples = self._plan.step_samples(position.stage)
            begun = replace(position, consumed=position.consumed - (position.step - step) * samples)
            res = self._config.stages[position.stage].res
            rows = list(self._plan.rows(begun, 1))
            raise nonfinite_step(self._config, self._learner, self._fabric, self._dataset, res, step, rows)

    def _check_weights(self) -> None:
        """Raise a RunError where the weights are not finite, so that such weights are never saved."""
        if not self._learner.weights_are_finite():
            self._check_steps(self.position)
            raise nonfinite_weights(self._config, self.position.step - 1)

    def _new_plateau(self) -> Plateau:
        config = self._config
        return Plateau(self._learner.optimizer, config.plateau_factor, config.plateau_patience)

    def _save(self, name: str) -> None:
        if not self._fabric.is_global_zero:
            return
        rng = {"cpu": torch.get_rng_state()}
        if self._fabric.device.type == "cuda":
            rng["cuda"] = torch.cuda.get_rng_state()
        checkpoint = Checkpoint(
            config=self._config.identity(),
            dataset_id=self._dataset.manifest.id,
            position=self.position,
            metrics=self.metrics,
            scheduler=self._plateau.state_dict(),
            rng=rng,
            sums=self._sums.state(),
            **self._learner.state(),
        )
        save_checkpoint(self._config.out / name, checkpoint)
