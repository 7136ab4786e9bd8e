"""The state that training changes (network, averaged weights, optimiser), and one step of training."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from training.augment.augment_batch import augment_batch
from training.batches.batch import IntegerBatch
from training.checkpoint import Checkpoint, load_weights
from training.class_weights import class_weight_tensor
from training.config import TrainConfig
from training.losses import WeightedLoss
from training.models import Network, Prediction, Truth, build_model
from training.optim.averaging import AveragedWeights
from training.optim.optimizers import make_optimizer
from training.process.devices import over_processes
from training.process.fabric import Fabric, MixedPrecision
from training.restore import restore_optimizer, restore_scaler
from training.starting_weights import start_weights
from training.target import target_of

_NONE_BAD = torch.iinfo(torch.int64).max


class Learner:
    """The state that training changes.

    Args:
        config: of the run.
        fabric: launched.
        earlier: the checkpoint to continue from.
        path: of that checkpoint.

    Attributes:
        network: on its device or devices; `network.module` is the plain network.
        target: what the mask means.
        average: the averaged weights, which validation, best.pt and prediction use.
        loaded: a line on the weights that the network got from the file in `config.load`; None without one.

    Raises:
        CheckpointError: the checkpoint's weights do not fit, or no weight of the file in `config.load` does.
        ConfigError: a term of the loss is unknown.
    """

    def __init__(
        self, config: TrainConfig, fabric: Fabric, earlier: Checkpoint | None = None, path: Path = Path()
    ) -> None:
        self._config, self._fabric, self.target = config, fabric, target_of(config.mask)
        torch.manual_seed(config.seed)
        network = build_model(config.architecture).to(memory_format=torch.channels_last)
        self.loaded: str | None = None
        if earlier is not None:
            load_weights(path, network, earlier.model)
        else:
            self.loaded = start_weights(network, config)
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
        self._loss = WeightedLoss(
            self.target.losses,
            config.mask_loss,
            config.depth_loss,
            class_weight_tensor(config, fabric.device),
        )
        self._bad_step = torch.full((), _NONE_BAD, device=fabric.device)
        if earlier is not None:
            self._go_on_from(earlier, path)

    @property
    def average(self) -> Network:
        """The network with its averaged weights, in evaluation mode."""
        return self._average.network

    @property
    def rate(self) -> float:
        """The learning rate that the factors of a schedule multiply."""
        return float(self.optimizer.param_groups[0]["lr"])

    @property
    def bad_step(self) -> int | None:
        """The first step whose loss or gradients were not finite, or None; waits for the device."""
        step = int(self._bad_step)
        return None if step == _NONE_BAD else step

    def share_bad_step(self) -> None:
        """Tell every process about a bad step of one, so that all end and none waits for another."""
        self._bad_step = over_processes(self._fabric, self._bad_step, "min")

    def loss(self, prediction: Prediction, truth: Truth) -> dict[str, Tensor]:
        """Every term, not weighted, and `loss`, the weighted sum."""
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
            The terms of the loss, averaged over the batches of this process.
        """
        config, fabric, parts = self._config, self._fabric, self._config.accumulate
        self.network.train()
        self.optimizer.zero_grad()  # before the step, so that its gradients can be logged after it
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
        """The network's input of a batch of this process, and the answer it should give."""
        fabric = self._fabric
        return augment_batch(
            integers, self.target, self._config, res, number, fabric.global_rank, fabric.world_size
        )

    def weights_are_finite(self) -> bool:
        """Whether all weights are finite; waits for the device."""
        return all(bool(weight.isfinite().all()) for weight in self.network.parameters())

    def state(self) -> dict[str, Any]:
        """The fields of a `Checkpoint` that hold this state."""
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
        load_weights(path, self._average.network, earlier.ema)
        restore_optimizer(path, config.optimizer, self.optimizer, earlier.optimizer)
        if self._scaler is not None and earlier.scaler:
            restore_scaler(path, self._scaler, earlier.scaler)
        if any(getattr(config, name) != earlier.config.get(name) for name in ("lr", "schedule")):
            for group in self.optimizer.param_groups:
                group["lr"] = config.lr

    def _note_bad(self, number: int, loss: Tensor, norm: Tensor | None) -> None:
        """Remember a step whose loss or gradients are not finite, without waiting for the device."""
        is_good = loss.isfinite()
        # Scaled gradients overflow now and then; the scaler then skips the step.
        if norm is not None and self._scaler is None:
            is_good = is_good & norm.isfinite()
        self._bad_step = torch.where(is_good, self._bad_step, self._bad_step.clamp(max=number))

    @contextmanager
    def _scaled_rate(self, factor: float) -> Iterator[None]:
        """Multiply the optimiser's rates by a factor inside the context, and restore them after it."""
        groups = self.optimizer.param_groups
        rates = [group["lr"] for group in groups]
        for group, rate in zip(groups, rates, strict=True):
            group["lr"] = rate * factor
        yield
        for group, rate in zip(groups, rates, strict=True):
            group["lr"] = rate


def _portable(module: nn.Module) -> Mapping[str, Tensor]:
    return {name: tensor.contiguous() for name, tensor in module.state_dict().items()}
