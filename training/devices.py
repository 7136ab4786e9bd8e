"""What the hardware offers."""

from typing import Literal

import torch

from generator.errors import ConfigError
from training.config import Precision

Accelerator = Literal["cpu", "cuda", "mps"]


def choose_accelerator(asked: str) -> Accelerator:
    """The device asked for; auto is the best there is.

    Raises:
        ConfigError: it is not here.
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
    raise ConfigError("--device", f"one of auto, {', '.join(here)}", asked, "choose a device that is here")


def choose_precision(asked: Precision, accelerator: Accelerator) -> Literal["32-true", "bf16-mixed"]:
    """bf16 (mixed) where asked for, or where auto finds hardware for it; else fp32."""
    if asked == "auto":
        asked = "bf16" if _has_bf16(accelerator) else "32"
    return "bf16-mixed" if asked == "bf16" else "32-true"


def _has_bf16(accelerator: Accelerator) -> bool:
    if accelerator == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if accelerator == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    return False
