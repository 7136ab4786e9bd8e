"""What `train` is asked for, checked once and frozen."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from generator.errors import ConfigError
from training.rate import Schedule
from training.schedule import Stage

Precision = Literal["auto", "32", "bf16", "16"]

Auto = Literal["auto"]

DEFAULT_AUGMENT = {"flip": 0.5, "light": 1.0, "noise": 0.1, "jpeg": 0.1, "blur": 0.1, "cutout": 0.0}
"""Every effect on whole samples that `training.augment` knows, and the share of samples that gets it."""

FIXED_FIELDS = ("model", "widths", "seed")
"""What a resumed run cannot change."""


class TrainConfig(BaseModel):
    """The resolved request for one run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path = Path("data/shards")
    """Folder of the dataset."""
    out: Path = Path("outputs")
    """Folder of the run: last.pt, best.pt, log/."""
    stages: tuple[Stage, ...] = (Stage(res=96, epochs=5),)
    """Resolutions (longer side in pixels) and the epochs spent at each."""
    epoch_samples: int | None = Field(None, ge=1)
    """Samples in one epoch; None is the split, at most 20,000."""
    shuffle_window: int | None = Field(None, ge=1)
    """Samples that are shuffled together; None shuffles the whole split."""
    val_samples: int = Field(1024, ge=1)
    """Validation runs on this many first samples of val."""
    batch_size: Annotated[int, Field(ge=1)] | Auto = 16
    """Samples a device takes at a time, in the first stage; auto is found by trying."""
    scale_batch: bool = False
    """Whether later stages take batches as much smaller as their pictures are larger."""
    accumulate: int = Field(1, ge=1)
    """Batches whose gradients are added up for one step."""
    lr: Annotated[float, Field(gt=0)] | Auto = 1e-3
    """The highest learning rate of AdamW; auto is found by a range test."""
    schedule: Schedule = "plateau"
    """How the learning rate goes: down when the validation loss stands still, or along a curve to the end."""
    warm_up: int = Field(100, ge=0)
    """Steps over which the learning rate rises from nothing; one cycle has a rise of its own."""
    early_stop: int | None = Field(None, ge=1)
    """A stage ends after so many epochs without a better validation loss; None never."""
    weight_decay: float = Field(1e-2, ge=0)
    plateau_patience: int = Field(3, ge=0)
    """Epochs without a better validation loss before the learning rate falls."""
    plateau_factor: float = Field(0.3, gt=0, lt=1)
    """What the learning rate is multiplied by then."""
    clip: float = Field(1.0, gt=0)
    """Gradients are scaled down to this norm."""
    save_every: str = Field("5m", pattern=r"^[1-9]\d*m?$")
    """Steps, or with an m minutes, between checkpoints within an epoch."""
    ema: float = Field(0.999, ge=0, lt=1)
    """Decay of the averaged weights, reached after a warm-up."""
    augment: dict[str, float] = DEFAULT_AUGMENT
    """Shares of samples that are mirrored, relit, noisy and so on, by name; none of what is left out."""
    bg_dropout: float = Field(0.6, ge=0, le=1)
    """Share of samples whose background is withheld."""
    bg_jitter: float = Field(0.15, ge=0, le=1)
    """Share of samples whose background is shifted, turned, re-exposed, noisy and compressed."""
    mask_loss: dict[str, float] = {"dice": 1.0, "bce": 1.0}
    """Terms of the mask loss and their weights."""
    depth_loss: dict[str, float] = {"ssim": 1.0, "l1": 1.0}
    """Terms of the depth loss and their weights."""
    model: str = "unet"
    widths: tuple[int, ...] = Field((16, 16, 32, 64, 128), min_length=2)
    """Channels of each level, from the full resolution down."""
    seed: int = Field(0, ge=0, lt=2**63)
    device: str = "auto"
    """auto, cpu, cuda or mps."""
    devices: int = Field(1, ge=1)
    """Devices on each machine, a process each."""
    nodes: int = Field(1, ge=1)
    """Machines."""
    precision: Precision = "auto"
    """auto is bf16 where the hardware has it."""
    compile: bool = False
    """Whether the network is compiled first, which pays in long runs."""

    @field_validator("augment", mode="before")
    @classmethod
    def _read_switch(cls, value: Any) -> Any:
        """Checkpoints from before there were shares say whether to augment or not."""
        if isinstance(value, bool):
            return DEFAULT_AUGMENT if value else {}
        return value

    @model_validator(mode="after")
    def _check(self) -> "TrainConfig":
        if self.bg_dropout + self.bg_jitter > 1:
            found = f"{self.bg_dropout} + {self.bg_jitter}"
            raise ConfigError(
                "--bg-dropout, --bg-jitter", "shares that add up to at most 1", found, "lower one"
            )
        for name, share in self.augment.items():
            if name not in DEFAULT_AUGMENT:
                known = ", ".join(DEFAULT_AUGMENT)
                raise ConfigError("--augment", f"effects among {known}", name, "mend the name")
            if not 0 <= share <= 1:
                raise ConfigError("--augment", "shares from 0 to 1", f"{name}:{share}", "mend the share")
        for option, terms in (("--mask-loss", self.mask_loss), ("--depth-loss", self.depth_loss)):
            if not terms or not all(0 <= weight < math.inf for weight in terms.values()):
                raise ConfigError(option, "terms with weights from 0", str(terms), "mend the weights")
        if min(self.widths) < 1:
            raise ConfigError("--widths", "at least one channel a level", str(self.widths), "mend the widths")
        return self

    def identity(self) -> dict[str, Any]:
        """All but the paths, as JSON values."""
        return self.model_dump(mode="json", exclude={"data", "out"})


def resolve_config(given: Mapping[str, Any], earlier: Mapping[str, Any] | None = None) -> TrainConfig:
    """Lay what is given over an earlier run's config, and that over the defaults.

    Args:
        given: fields set by flags or TOML.
        earlier: `TrainConfig.identity()` of the run to be resumed.

    Raises:
        ConfigError: a value cannot be, or a resumed run would change what it cannot change.
    """
    earlier = dict(earlier or {})
    try:
        config = TrainConfig(**{**earlier, **given})
    except ValidationError as error:
        first = error.errors()[0]
        option = "--" + str(first["loc"][0] if first["loc"] else "option").replace("_", "-")
        raise ConfigError(option, first["msg"], repr(first["input"]), "see 'fgbg train --help'") from error
    resolved = config.identity()
    for field in FIXED_FIELDS:
        if field in earlier and resolved[field] != earlier[field]:
            raise ConfigError(
                f"--{field}",
                f"{earlier[field]}, as in the run to be resumed",
                str(resolved[field]),
                "leave the option out or start anew in another --out",
            )
    return config
