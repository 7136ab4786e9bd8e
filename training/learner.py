"""What learns: network, averaged weights, optimiser and loss, and one step of them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from lightning.fabric import Fabric
from lightning.fabric.plugins.precision import MixedPrecision
from torch import Tensor, nn

from training.augment.backgrounds import draw_background_change, jitter_backgrounds, withhold_backgrounds
from training.augment.view import apply_view, draw_view
from training.batches.batch import IntegerBatch
from training.batches.prepare import join, prepare
from training.checkpoint import Checkpoint, load_weights
from training.config import TrainConfig
from training.losses import WeightedLoss
from training.models import Prediction, Truth, build_model, load_encoder_weights
from training.optim.averaging import AveragedWeights
from training.optim.optimizers import make_optimizer
from training.process.devices import over_processes
from training.restore import restore_optimizer, restore_scaler
from training.target import target_of

_NONE_BAD = torch.iinfo(torch.int64).max


class Learner:
    """The state that training changes.

    Args:
        config: of the run.
        fabric: launched.
        earlier: the checkpoint to go on from.
        path: of that checkpoint.

    Attributes:
        network: on its device or devices; `network.module` is the plain one.
        target: what the mask means.
        average: the averaged weights, which validation, best.pt and prediction use.

    Raises:
        CheckpointError: the checkpoint's weights do not fit.
        ConfigError: a term of the loss is not known.
    """

    def __init__(
        self, config: TrainConfig, fabric: Fabric, earlier: Checkpoint | None = None, path: Path = Path()
    ) -> None:
        self._config, self._fabric, self.target = config, fabric, target_of(config.mask)
        torch.manual_seed(config.seed)
        network = build_model(config.architecture).to(memory_format=torch.channels_last)
        if earlier is not None:
            load_weights(path, network, earlier.model)
        else:
            load_encoder_weights(network, config.encoder_weights)
        if config.compile:
            network.compile()
        assert config.lr != "auto"
        optimizer = make_optimizer(
            config.optimizer,
            network.parameters(),
            config.lr,
            config.weight_decay,
            fabric.device.type,
            scaled=self._scaler is not None,
        )
        self.network, self.optimizer = fabric.setup(network, optimizer)
        self._average = AveragedWeights(network, config.ema)
        self._loss = WeightedLoss(self.target.losses, config.mask_loss, config.depth_loss)
        self._bad_step = torch.full((), _NONE_BAD, device=fabric.device)
        if earlier is not None:
            self._go_on_from(earlier, path)

    @property
    def average(self) -> nn.Module:
        """The network with its averaged weights, in evaluation mode."""
        return self._average.network

    @property
    def rate(self) -> float:
        """The learning rate that the factors of a schedule multiply."""
        return float(self.optimizer.param_groups[0]["lr"])

    @property
    def bad_step(self) -> int | None:
        """The first step whose loss or gradients were not finite; asking waits for the device."""
        step = int(self._bad_step)
        return None if step == _NONE_BAD else step

    def share_bad_step(self) -> None:
        """Let every process know of a bad step that one had: all end then, and none waits for another."""
        self._bad_step = over_processes(self._fabric, self._bad_step, "min")

    def loss(self, prediction: Prediction, truth: Truth) -> dict[str, Tensor]:
        """Every term without its weight, and `loss`, their weighted sum."""
        return self._loss(prediction, truth)

    def step(
        self, batches: Iterator[IntegerBatch], res: int, number: int, factor: float
    ) -> dict[str, Tensor]:
        """Learn from the next `accumulate` batches.

        Args:
            batches: of this process, on its device.
            res: longer side in pixels.
            number: of the step since the run began.
            factor: of the learning rate.

        Returns:
            The terms of the loss, the mean over this process's batches.
        """
        config, fabric, parts = self._config, self._fabric, self._config.accumulate
        self.network.train()
        self.optimizer.zero_grad()  # not after the step: until the next one the gradients can be looked at
        sums: dict[str, Tensor] = {}
        for part in range(parts):
            with fabric.no_backward_sync(self.network, enabled=part < parts - 1):
                inputs, truth = self.see(next(batches), res, number * parts + part)
                terms = self._loss(self.network(inputs), truth)
                fabric.backward(terms["loss"] / parts)
            for name, term in terms.items():
                sums[name] = sums.get(name, 0) + term.detach() / parts
        norm = fabric.clip_gradients(
            self.network, self.optimizer, max_norm=config.clip, error_if_nonfinite=False
        )
        self._note_bad(number, sums["loss"], norm)
        with self._scaled_rate(factor):
            self.optimizer.step()
        self._average.update(self.network.module, step=number + 1)
        return sums

    def see(self, integers: IntegerBatch, res: int, number: int) -> tuple[Tensor, Truth]:
        """What the network sees of a batch of this process, and should answer.

        A pure function of the run's seed, the batch and its number: what happens to samples is drawn for the
        batches of all processes together, and each takes its part.
        """
        config, fabric = self._config, self._fabric
        size = len(integers.mask)
        count, mine = (
            size * fabric.world_size,
            slice(size * fabric.global_rank, size * (fabric.global_rank + 1)),
        )
        change = draw_background_change(config.seed, number, count, config.bg_dropout, config.bg_jitter)
        change = change.part(mine)
        batch = prepare(integers, self.target, res)
        batch = replace(batch, bg=jitter_backgrounds(batch.bg, integers.bg, change))
        batch = apply_view(batch, draw_view(config.seed, number, count, config.augment).part(mine))
        return join(withhold_backgrounds(batch.bg, change), batch.fg_bg, config.inputs), batch.truth

    def weights_are_finite(self) -> bool:
        """Whether nothing has spoilt the weights; waits for the device."""
        return all(bool(weight.isfinite().all()) for weight in self.network.parameters())

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps of it, as fields of `Checkpoint`."""
        scaler = self._scaler
        return {
            "model": _portable(self.network.module),
            "ema": _portable(self._average.network),
            "optimizer": self.optimizer.state_dict(),
            "scaler": {} if scaler is None else scaler.state_dict(),
        }

    @property
    def _scaler(self) -> torch.amp.GradScaler | None:
        precision = self._fabric.strategy.precision
        return precision.scaler if isinstance(precision, MixedPrecision) else None

    def _go_on_from(self, earlier: Checkpoint, path: Path) -> None:
        config = self._config
        load_weights(path, self._average.module, earlier.ema)
        restore_optimizer(path, config.optimizer, self.optimizer, earlier.optimizer)
        if self._scaler is not None and earlier.scaler:
            restore_scaler(path, self._scaler, earlier.scaler)
        if any(getattr(config, name) != earlier.config.get(name) for name in ("lr", "schedule")):
            for group in self.optimizer.param_groups:
                group["lr"] = config.lr

    def _note_bad(self, number: int, loss: Tensor, norm: Tensor | None) -> None:
        """Remember a step that is not finite, without waiting for the device."""
        is_good = loss.isfinite()
        # Scaled gradients overflow now and then, which the scaler answers by leaving out the step.
        if norm is not None and self._scaler is None:
            is_good = is_good & norm.isfinite()
        self._bad_step = torch.where(is_good, self._bad_step, self._bad_step.clamp(max=number))

    @contextmanager
    def _scaled_rate(self, factor: float) -> Iterator[None]:
        """The optimiser's rates times a factor; what a plateau lowers stays what it was."""
        groups = self.optimizer.param_groups
        rates = [group["lr"] for group in groups]
        for group, rate in zip(groups, rates, strict=True):
            group["lr"] = rate * factor
        yield
        for group, rate in zip(groups, rates, strict=True):
            group["lr"] = rate


def _portable(module: nn.Module) -> Mapping[str, Tensor]:
    return {name: tensor.contiguous() for name, tensor in module.state_dict().items()}
