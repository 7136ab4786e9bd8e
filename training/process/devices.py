"""Choosing the device, the precision and the processes of a run."""

import logging
import os
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from generator.errors import ConfigError
from generator.process.parent import end_with_parent
from training.config import Precision, TrainConfig
from training.process.waiting import waiting_for_others

if TYPE_CHECKING:
    from training.process.fabric import Fabric

Accelerator = Literal["cpu", "cuda", "mps"]
# When the first process is gone, the others notice it in their exchange and report it within these seconds.
_GRACE = 10.0
_FEW_PROCESSES = 8
"""Any CPU runs this many, if slowly."""

_FABRIC_PRECISIONS: dict[str, Literal["16-mixed", "bf16-mixed", "32-true"]] = {
    "16": "16-mixed",
    "bf16": "bf16-mixed",
    "32": "32-true",
}
_SHOWN_PRECISIONS = {
    "16-mixed": "float16 (mixed precision)",
    "bf16-mixed": "bfloat16 (mixed precision)",
    "32-true": "float32",
}


def choose_accelerator(asked: str) -> Accelerator:
    """The device asked for; auto is the best one of this computer.

    Raises:
        ConfigError: this computer does not have it.
    """
    here: list[Accelerator] = ["cpu"]
    if torch.backends.mps.is_available():
        here.insert(0, "mps")
    if torch.cuda.is_available():
        here.insert(0, "cuda")
    if asked == "auto":
        return here[0]
    for accelerator in here:
        if accelerator == asked:
            return accelerator
    raise ConfigError("`device`", f"one of auto, {', '.join(here)}", asked, "choose one of these")


def choose_precision(asked: Precision, accelerator: Accelerator) -> Precision:
    """The precision asked for; auto is bf16 where the hardware has it, else 32.

    Raises:
        ConfigError: 16 is asked for without CUDA, which alone scales the losses that float16 needs scaled.
    """
    if asked == "16" and accelerator != "cuda":
        raise ConfigError("`precision`", "32 or bf16 where there is no CUDA", "16", "choose one of them")
    if asked == "auto":
        return "bf16" if _has_bf16(accelerator) else "32"
    return asked


def shown_precision(fabric: "Fabric") -> str:
    """The precision of a run as people call it: `float32`."""
    return _SHOWN_PRECISIONS[str(fabric.strategy.precision.precision)]


def resolve_machine(config: TrainConfig) -> TrainConfig:
    """The same config with the actual device, precision, and numbers of devices and machines.

    Under torchrun the numbers are torchrun's.

    Raises:
        ConfigError: this computer does not have the device, or the device does not have the precision.
    """
    from training.process.fabric import TorchElasticEnvironment

    accelerator = choose_accelerator(config.device)
    devices, nodes = config.devices, config.nodes
    if TorchElasticEnvironment.detect():
        devices = int(os.environ["LOCAL_WORLD_SIZE"])
        nodes = int(os.environ["WORLD_SIZE"]) // devices
    _refuse_missing_devices(accelerator, devices)
    return config.model_copy(
        update={
            "device": accelerator,
            "devices": devices,
            "nodes": nodes,
            "precision": choose_precision(config.precision, accelerator),
        }
    )


def make_fabric(config: TrainConfig) -> "Fabric":
    """Start the processes of a run, one for each device.

    Fabric starts all but this one, each with the command line of this one; torchrun has started them already.

    Raises:
        ConfigError: this computer does not have the device.
        RunError: the other processes did not connect.
    """
    from training.process.fabric import Fabric, TorchElasticEnvironment

    config = resolve_machine(config)
    # Fabric logs its precision; the run's first line has it already.
    for name in ("lightning_fabric.utilities.rank_zero", "lightning_fabric.utilities.distributed"):
        logging.getLogger(name).setLevel(logging.WARNING)
    fabric = Fabric(
        accelerator=config.device,
        strategy="ddp" if config.devices * config.nodes > 1 else "auto",
        devices=config.devices,
        num_nodes=config.nodes,
        precision=_FABRIC_PRECISIONS[config.precision],
    )
    if "LOCAL_RANK" in os.environ and not TorchElasticEnvironment.detect():
        end_with_parent(_GRACE)  # otherwise it may wait for the first process forever
    with waiting_for_others(config.devices, config.nodes):
        fabric.launch()
    return fabric


def _refuse_missing_devices(accelerator: Accelerator, devices: int) -> None:
    """Raise a ConfigError where more devices are asked for than this computer has."""
    if accelerator == "cuda" and devices > torch.cuda.device_count():
        raise ConfigError(
            "`devices`",
            f"at most {torch.cuda.device_count()}, the GPUs of this computer",
            str(devices),
            "lower it",
        )
    most = max(_FEW_PROCESSES, os.cpu_count() or 1)
    if accelerator == "cpu" and devices > most:
        raise ConfigError("`devices`", f"at most {most} on this CPU", str(devices), "lower it")
    if accelerator == "mps" and devices > 1:
        raise ConfigError("`devices`", "1 on mps", str(devices), "lower it")


def is_first_process() -> bool:
    """Whether this is the process that prints and saves. Known before Fabric starts."""
    names = ("RANK",) if "RANK" in os.environ else ("LOCAL_RANK", "NODE_RANK")
    return not any(int(os.environ.get(name, "0")) for name in names)


def over_processes(
    fabric: "Fabric", value: Tensor, operation: Literal["sum", "mean", "max", "min"]
) -> Tensor:
    """A tensor reduced over all processes; each gets the result."""
    reduced = fabric.all_reduce(value.clone(), reduce_op=operation)
    assert isinstance(reduced, Tensor)
    return reduced


def _has_bf16(accelerator: Accelerator) -> bool:
    if accelerator == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if accelerator == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    return False
