"""`train`: the plain loop, on Lightning Fabric."""

import logging
import math
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np
import torch
from lightning.fabric import Fabric
from timm.utils.model_ema import ModelEmaV3
from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import ReduceLROnPlateau

from generator.dataset import Dataset, Split
from generator.progress import Progress
from training.augment import apply_view, draw_view
from training.backgrounds import change_backgrounds, draw_background_change
from training.batches import read_batches, shuffled
from training.checkpoint import (
    BEST,
    LAST,
    Checkpoint,
    RunPosition,
    load_weights,
    save_checkpoint,
)
from training.config import TrainConfig
from training.devices import choose_accelerator, choose_precision
from training.errors import RunError
from training.integers import IntegerBatch
from training.log import RunLog, clear_log
from training.losses import WeightedLoss
from training.metrics import Scores
from training.models import Prediction, build_model
from training.prepare import join, prepare
from training.rate import cosine
from training.stopping import SaveClock, StopRequest

DEFAULT_EPOCH_SAMPLES = 20_000

Sums = dict[str, dict[str, torch.Tensor]]
"""Each loss term summed over the epoch under way: `all` of it, and what of it is `logged`."""

_LOG_STEPS = 50


@dataclass(frozen=True)
class TrainOutcome:
    """How a run ended: its position, the last validation's metrics, and epochs trained by this call."""

    position: RunPosition
    metrics: dict[str, float]
    epochs: int


def train(
    config: TrainConfig,
    dataset: Dataset,
    earlier: Checkpoint | None = None,
    say: Callable[[str], None] = print,
    overwrite: bool = False,
) -> TrainOutcome:
    """Train, from the start or from a checkpoint on, to the end of the last stage.

    Args:
        config: the run, with its stages already laid over those of `earlier`.
        dataset: what to train on.
        earlier: the checkpoint to go on from.
        say: gets one line an epoch.
        overwrite: remove the run that `config.out` holds, once everything stands ready to train.

    Raises:
        ConfigError: the device, or a term of a loss, is not there.
        RunError: the loss is no longer finite.
        StoppedError: a signal told the run to stop; its last step is saved.
    """
    trainer = _Trainer(config, dataset, earlier)
    if overwrite:
        for name in (LAST, BEST):
            (config.out / name).unlink(missing_ok=True)
        clear_log(config.out / "log")
    say(trainer.summary())
    position = earlier.position if earlier else RunPosition()
    metrics = earlier.metrics if earlier else {}
    before = position.epoch
    log = RunLog(config.out / "log", position.epoch, position.step)
    try:
        with StopRequest() as stop:
            while (begun := _next_epoch(config, position)) is not None:
                stop.raise_if_received(config.out / LAST, position.step)
                if begun.stage_epochs == begun.epoch_steps == 0:
                    trainer.begin_stage()
                position, metrics = trainer.epoch(begun, metrics, log, stop)
                say(_epoch_line(config, position, metrics))
    finally:
        log.close()
    return TrainOutcome(position, metrics, position.epoch - before)


def is_finished(config: TrainConfig, position: RunPosition) -> bool:
    """Whether nothing is left to do."""
    return _next_epoch(config, position) is None


class _Trainer:
    """The run's state: network, averaged weights, optimiser, plateau."""

    def __init__(self, config: TrainConfig, dataset: Dataset, earlier: Checkpoint | None) -> None:
        self._config, self._dataset = config, dataset
        accelerator = choose_accelerator(config.device)
        self._precision = choose_precision(config.precision, accelerator)
        # Fabric speaks of its precision on its own; summary() does so in one line with the rest.
        logging.getLogger("lightning.pytorch.utilities.rank_zero").setLevel(logging.WARNING)
        self._fabric = Fabric(accelerator=accelerator, devices=1, precision=self._precision)
        self._fabric.launch()
        torch.manual_seed(config.seed)
        network = build_model(config.model, config.widths).to(memory_format=torch.channels_last)
        optimizer = AdamW(network.parameters(), config.lr, weight_decay=config.weight_decay)
        if earlier is not None:
            load_weights(config.out / LAST, network, earlier.model)
        self._network, self._optimizer = self._fabric.setup(network, optimizer)
        # Until the decay asked for is reached, the average spans the last fifth of all steps.
        self._ema = ModelEmaV3(network, config.ema, use_warmup=True, warmup_gamma=5, warmup_power=1)
        self._plateau = self._new_plateau()
        self._loss = WeightedLoss(config.mask_loss, config.depth_loss)
        self._clock = SaveClock(config.save_every)
        self._sums: Sums = {"all": {}, "logged": {}}
        if earlier is not None:
            self._ema.module.load_state_dict(earlier.ema)
            self._optimizer.load_state_dict(earlier.optimizer)
            options = {"patience": config.plateau_patience, "factor": config.plateau_factor}
            self._plateau.load_state_dict(earlier.scheduler | options)
            torch.set_rng_state(earlier.rng["cpu"])
            self._sums = {
                name: {term: total.to(self._fabric.device) for term, total in sums.items()}
                for name, sums in earlier.sums.items()
            }
            for group in self._optimizer.param_groups:
                group["weight_decay"] = config.weight_decay
                if any(getattr(config, name) != earlier.config.get(name) for name in ("lr", "schedule")):
                    group["lr"] = config.lr

    def summary(self) -> str:
        """What trains on what, in one line."""
        parameters = sum(parameter.numel() for parameter in self._network.parameters())
        return (
            f"{self._config.model}, {parameters:,} parameters, on {self._fabric.device.type} in"
            f" {self._precision}; epochs of {self._steps() * self._config.batch_size:,} samples"
            f" of {len(self._dataset['train']):,}"
        )

    def _new_plateau(self) -> ReduceLROnPlateau:
        return ReduceLROnPlateau(
            self._optimizer,
            factor=self._config.plateau_factor,
            patience=self._config.plateau_patience,
            threshold=1e-4,
        )

    def begin_stage(self) -> None:
        """Weights, optimiser and averages go on; the plateau count begins anew: losses do not compare."""
        self._plateau = self._new_plateau()

    def epoch(
        self, begun: RunPosition, metrics: dict[str, float], log: RunLog, stop: StopRequest
    ) -> tuple[RunPosition, dict[str, float]]:
        """Train one epoch, or what is left of it, validate, step the plateau, save.

        Args:
            begun: where it begins, or goes on.
            metrics: of the validation before.
            log: gets its figures.
            stop: asked after every step.

        Returns:
            The new position and metrics.
        """
        config = self._config
        if begun.epoch_steps == 0:
            self._sums = {"all": {}, "logged": {}}
        stage = config.stages[begun.stage]
        label = f"epoch {begun.stage_epochs + 1}/{stage.epochs} at {stage.res} px"
        began = time.monotonic()
        steps = self._steps()
        trained = begun
        with closing(self._train(begun, stage.res, label, log)) as positions:
            for trained in positions:
                due = self._clock.is_due(trained.step) or stop.received is not None
                if due and trained.epoch_steps < steps:
                    self._check_weights(trained.step - 1)
                    save_checkpoint(config.out / LAST, self._checkpoint(trained, metrics))
                    stop.raise_if_received(config.out / LAST, trained.step)
        seconds = time.monotonic() - began
        step = trained.step
        train_terms = {
            f"train_{name}": float(total) / trained.epoch_steps for name, total in self._sums["all"].items()
        }
        val = self._dataset["val"]
        metrics = train_terms | (self._validate(val, stage.res, step, log) if len(val) else {})
        watched = metrics["val_loss" if len(val) else "train_loss"]
        if config.schedule == "plateau":
            self._plateau.step(watched)
        better = watched < begun.best_loss
        position = replace(
            trained,
            stage_epochs=begun.stage_epochs + 1,
            epoch=begun.epoch + 1,
            epoch_steps=0,
            best_loss=min(watched, begun.best_loss),
        )
        self._sums = {"all": {}, "logged": {}}
        row: dict[str, float | int] = {
            "epoch": position.epoch,
            "stage": position.stage,
            "res": stage.res,
            "step": step,
            "lr": self._optimizer.param_groups[0]["lr"],
            **metrics,
            "seconds": seconds,
            "samples_per_second": (trained.consumed - begun.consumed) / seconds,
        }
        log.epoch(step, row)
        checkpoint = self._checkpoint(position, metrics)
        if better:
            save_checkpoint(config.out / BEST, checkpoint)
        save_checkpoint(config.out / LAST, checkpoint)
        return position, metrics

    def _steps(self) -> int:
        samples = self._config.epoch_samples or min(len(self._dataset["train"]), DEFAULT_EPOCH_SAMPLES)
        return max(1, samples // self._config.batch_size)

    def _epochs(self) -> int:
        return sum(stage.epochs for stage in self._config.stages)

    def _set_rate(self, rate: float) -> None:
        for group in self._optimizer.param_groups:
            group["lr"] = rate

    def _train(self, begun: RunPosition, res: int, label: str, log: RunLog) -> Generator[RunPosition]:
        """Train from `begun` to the end of its epoch; gives the position after every step."""
        config, split, steps = self._config, self._dataset["train"], self._steps()
        size, left = config.batch_size, range(begun.epoch_steps, steps)
        sums, logged = self._sums["all"], self._sums["logged"]
        self._network.train()
        order = (
            shuffled(config.seed, len(split), begun.consumed + size * n, size, config.shuffle_window)
            for n in range(len(left))
        )
        note = ""
        with Progress(label, steps * size, "samples") as progress:
            progress.resume_at(begun.epoch_steps * size)
            for done, integers in enumerate(read_batches(split, order, self._fabric.device), 1):
                position = replace(
                    begun,
                    step=begun.step + done,
                    consumed=begun.consumed + size * done,
                    epoch_steps=begun.epoch_steps + done,
                )
                terms, norm = self._step(integers, res, position.step - 1)
                for name, term in terms.items():
                    sums[name] = sums[name] + term.detach() if name in sums else term.detach()
                if position.epoch_steps % _LOG_STEPS == 0 or position.epoch_steps == steps:
                    count = (position.epoch_steps - 1) % _LOG_STEPS + 1
                    means = {
                        name: float(total - logged.get(name, 0.0)) / count for name, total in sums.items()
                    }
                    logged.update(sums)
                    self._check_finite(means["loss"], norm, position.step - 1)
                    log.training(position.step, means, self._optimizer.param_groups[0]["lr"])
                    note = f"loss {means['loss']:.4f}"
                progress.advance(size, note)
                yield position

    def _step(
        self, integers: IntegerBatch, res: int, step: int
    ) -> tuple[dict[str, torch.Tensor], torch.Tensor | None]:
        """Learn from one batch; gives the loss terms and the norm of the gradients."""
        config, fabric, size = self._config, self._fabric, len(integers.mask)
        if config.schedule == "cosine":
            self._set_rate(config.lr * cosine((step + 1) / (self._steps() * self._epochs())))
        batch = prepare(integers, res)
        batch = apply_view(batch, draw_view(config.seed, step, size, config.augment))
        change = draw_background_change(config.seed, step, size, config.bg_dropout, config.bg_jitter)
        prediction: Prediction = self._network(join(change_backgrounds(batch.bg, change), batch.fg_bg))
        terms = self._loss(prediction, batch.truth)
        fabric.backward(terms["loss"])
        # What is not finite is found by the caller and told with its step.
        norm = fabric.clip_gradients(
            self._network, self._optimizer, max_norm=config.clip, error_if_nonfinite=False
        )
        self._optimizer.step()
        self._optimizer.zero_grad()
        self._ema.update(self._network.module, step=step + 1)
        return terms, norm

    def _check_weights(self, step: int) -> None:
        """Refuse weights that a loss or gradients have spoilt since the figures were looked at last."""
        if not all(bool(weight.isfinite().all()) for weight in self._network.parameters()):
            self._check_finite(math.nan, None, step)

    def _check_finite(self, loss: float, norm: torch.Tensor | None, step: int) -> None:
        """Refuse a loss, or a norm of gradients, that would spoil the weights."""
        if not math.isfinite(loss) or (norm is not None and not norm.isfinite()):
            found = "gradients that are not" if math.isfinite(loss) else str(loss)
            raise RunError(
                self._config.out,
                "a finite loss",
                f"{found} at step {step}",
                f"lower --lr; {LAST} and {BEST} hold the last good weights",
            )

    @torch.no_grad()
    def _validate(self, split: Split, res: int, step: int, log: RunLog) -> dict[str, float]:
        """With the background given, and IoU also without it where the network learns to do without."""
        config, device = self._config, self._fabric.device
        count = min(len(split), config.val_samples)
        scores, without_bg = Scores(device), Scores(device)
        loss_sum = torch.zeros((), device=device)
        network = self._ema.module.eval()
        for integers in read_batches(split, _blocks(count, config.batch_size), device):
            batch = prepare(integers, res)
            with self._fabric.autocast():
                prediction: Prediction = network(join(batch.bg, batch.fg_bg))
            prediction = Prediction(prediction.mask_logits.float(), prediction.depth.float())
            if scores.samples == 0:
                log.pictures(step, batch, prediction)
            loss_sum += self._loss(prediction, batch.truth)["loss"] * len(batch.bg)
            scores.update(prediction, batch.truth)
            if config.bg_dropout > 0:
                with self._fabric.autocast():
                    prediction = network(join(None, batch.fg_bg))
                without_bg.update(prediction, batch.truth)
        metrics = {
            "val_loss": float(loss_sum) / count,
            "val_iou": scores.iou(),
            "val_depth_rmse": scores.depth_rmse(),
        }
        return metrics | ({"val_iou_without_bg": without_bg.iou()} if config.bg_dropout > 0 else {})

    def _checkpoint(self, position: RunPosition, metrics: dict[str, float]) -> Checkpoint:
        return Checkpoint(
            config=self._config.identity(),
            dataset_id=self._dataset.manifest.id,
            position=position,
            metrics=metrics,
            model=_portable(self._network.module),
            ema=_portable(self._ema.module),
            optimizer=self._optimizer.state_dict(),
            scheduler=self._plateau.state_dict(),
            rng={"cpu": torch.get_rng_state()},
            sums={name: dict(sums) for name, sums in self._sums.items()},
        )


def _next_epoch(config: TrainConfig, position: RunPosition) -> RunPosition | None:
    """The position with its stage moved on where one is over; None after the last."""
    if position.stage_epochs < config.stages[position.stage].epochs:
        return position
    if position.stage + 1 < len(config.stages):
        return replace(
            position, stage=position.stage + 1, stage_epochs=0, epoch_steps=0, best_loss=float("inf")
        )
    return None


def _portable(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.contiguous() for name, tensor in module.state_dict().items()}


def _blocks(count: int, size: int) -> Iterator[np.ndarray]:
    return (np.arange(start, min(start + size, count)) for start in range(0, count, size))


def _epoch_line(config: TrainConfig, position: RunPosition, metrics: dict[str, float]) -> str:
    stage = config.stages[position.stage]
    names = {
        "train_loss": "train loss",
        "val_loss": "validation loss",
        "val_iou": "IoU",
        "val_iou_without_bg": "IoU without background",
        "val_depth_rmse": "depth RMSE",
    }
    parts = [f"{text} {metrics[name]:.4f}" for name, text in names.items() if name in metrics]
    return f"epoch {position.stage_epochs}/{stage.epochs} at {stage.res} px: " + ", ".join(parts)
