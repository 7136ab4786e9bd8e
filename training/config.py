"""The settings of a training run, checked once and frozen."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_core import to_jsonable_python

from generator.errors import ConfigError
from generator.format.manifest import AlphaMask, MaskEntry
from generator.strict_config import Count, PlaceField, Real, Share, StrictConfig, Switch
from training.models.architecture import Architecture, default_model, default_widths
from training.optim.optimizers import LEARNING_RATES, OptimizerName, default_optimizer
from training.optim.schedules import Schedule
from training.stages import Stage
from training.target import target_of

Precision = Literal["auto", "32", "bf16", "16"]

Auto = Literal["auto"]

LoggerName = Literal["tensorboard", "csv", "mlflow", "wandb"]

DEFAULT_AUGMENT = {"flip": 0.5, "light": 1.0, "noise": 0.0, "jpeg": 0.0, "blur": 0.0, "cutout": 0.0}
"""Every effect that `training.augment.view` has on whole samples, and the share of samples that gets it."""

FIXED_FIELDS = ("model", "encoder", "encoder_weights", "depth_head", "inputs", "widths", "optimizer", "seed")
"""Fields that a resumed run cannot change."""

PLACE_FIELDS = ("data", "out", "load", "device", "devices", "nodes", "precision", "compile")
"""Fields about paths and the machine. They are given with each call and never taken from a checkpoint."""

OWN_WEIGHTS = "file"
"""The value in a checkpoint for encoder weights from a file, whose path stays private."""

MOST_VAL_SAMPLES = 1024
"""Default number of samples in a validation, at most."""

STRANGERS = 0.5
"""Default share of samples with strangers."""

MAX_LEVELS = 10
Batch = Annotated[int, Field(strict=True, ge=1, le=65_536)]
Width = Annotated[int, Field(strict=True, ge=1, le=8192)]


class TrainConfig(StrictConfig):
    """The settings of one training run.

    Raises:
        ConfigError: a field is unknown, a value is out of range, or fields contradict each other.

    Example:
        >>> fgbg.TrainConfig(stages=[(48, 4), (96, 4)], encoder="resnet34").optimizer
        'adamw'
    """

    if TYPE_CHECKING:
        # Text is a path too, and a list is a tuple: the values are converted.
        def __init__(self, /, **fields: Any) -> None: ...

    data: PlaceField = Path("data/shards")
    """Folder of the dataset."""
    out: Path = Path("outputs")
    """Folder of the run: last.pt, best.pt, config.json, log/."""
    stages: tuple[Stage, ...] = Field((Stage(res=96, epochs=5),), min_length=1, max_length=1000)
    """Resolutions (longer side in pixels) and the epochs at each, as pairs: `[(48, 4), (96, 4)]`."""
    epoch_samples: Count | None = None
    """Samples in one epoch; None: the whole split, at most 20,000."""
    shuffle_window: Count | None = None
    """Samples in a block: first the blocks are shuffled, then the samples in each. None: one block."""
    val_samples: Count = Field(default_factory=lambda given: _default_val_samples(given["epoch_samples"]))
    """Validation uses the first samples of val, this many."""
    batch_size: Batch | Auto = 16
    """Samples that a device takes at a time in the first stage; auto tries sizes."""
    scale_batch: Switch = False
    """Whether batches of later stages hold fewer samples, to have as many pixels as in the first."""
    accumulate: Batch = 1
    """Batches whose gradients are added for one step of the optimiser."""
    schedule: Schedule = "plateau"
    """plateau lowers the learning rate when validation stops improving; the others follow a fixed curve."""
    warm_up: int = Field(100, strict=True, ge=0, le=10**9)
    """Steps in which the learning rate rises from 0; one-cycle has its own rise and ignores this."""
    early_stop: Count | None = None
    """A stage ends after this many epochs without a better validation loss; None: never."""
    weight_decay: float = Field(1e-2, strict=True, ge=0, le=1000)
    """Decoupled weight decay, as in AdamW."""
    plateau_patience: int = Field(3, strict=True, ge=0, le=10**9)
    """Epochs without a better validation loss before the learning rate falls."""
    plateau_factor: float = Field(0.3, strict=True, gt=0, lt=1)
    """Factor by which the plateau schedule lowers the learning rate."""
    clip: float = Field(1.0, strict=True, gt=0)
    """Largest norm of the gradients; larger ones are scaled down to it."""
    save_every: str = Field("5m", pattern=r"^[1-9][0-9]{0,8}m?$")
    """Time between checkpoints within an epoch: steps (`500`) or minutes (`5m`)."""
    ema: float = Field(0.999, strict=True, ge=0, lt=1)
    """Decay of the averaged weights (EMA), reached after a warm-up; 0 averages nothing."""
    augment: dict[str, Real] = DEFAULT_AUGMENT
    """Share of samples that gets each effect (mirrored, relit, noisy, ...); effects left out are off."""
    mask: MaskEntry = AlphaMask()
    """The meaning of the mask, of the truth too; taken from the dataset."""
    inputs: Literal[6, 3] = 6
    """Input channels: 6 (bg and fg_bg) or 3 (fg_bg alone)."""
    encoder: str | None = None
    """Name of an encoder (segmentation_models_pytorch or timm); None: the network's own."""
    model: str = Field(
        default_factory=lambda given: default_model(
            given["encoder"], given["inputs"], given["mask"].kind == "classes"
        )
    )
    """Name of the network: unet-siam, unet, unet-elu or conv-deconv."""
    load: Path | None = None
    """Checkpoint, or folder of a run, with whose averaged weights a new run starts; None: new weights."""
    loaded_from: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")
    """BLAKE3 of the file that `load` named; filled in by the run."""
    encoder_weights: str = Field(default_factory=lambda given: "imagenet" if given["encoder"] else "none")
    """Initial weights of the encoder: imagenet, none (random) or a file."""
    freeze_encoder: Switch = False
    """Whether the weights of the encoder stay as they are."""
    optimizer: OptimizerName = Field(default_factory=lambda given: default_optimizer(given["encoder"]))
    """The optimiser: muon, or adamw (the default with an encoder)."""
    lr: Annotated[float, Field(strict=True, gt=0, le=1000)] | Auto = Field(
        default_factory=lambda given: LEARNING_RATES[given["optimizer"]]
    )
    """Highest learning rate; auto finds one by a range test."""
    depth_head: Switch = True
    """Whether the network predicts depth too."""
    widths: tuple[Width, ...] = Field(
        default_factory=lambda given: default_widths(given["model"], given["encoder"]),
        min_length=2,
        max_length=MAX_LEVELS,
    )
    """Channels of each level, from the full resolution down."""
    bg_dropout: Share = Field(default_factory=lambda given: 0.55 if given["inputs"] == 6 else 0.0)
    """Share of samples that the network sees without a background."""
    bg_jitter: Share = Field(default_factory=lambda given: 0.25 if given["inputs"] == 6 else 0.0)
    """Share of samples whose background is shifted, turned, brighter or darker, noisy and compressed."""
    strangers: Share = Field(default_factory=lambda given: _default_strangers(given))
    """Share of samples that also get objects of random shape and borrowed texture, which are foreground;
    samples without a background get them less often."""
    mask_loss: dict[str, Real] = Field(
        default_factory=lambda given: dict(target_of(given["mask"]).default_loss)
    )
    """Terms of the mask loss and their weights."""
    class_weights: dict[str, Annotated[Real, Field(ge=0)]] | Auto = Field({})
    """How much each class counts in the mask loss, by name, else 1. auto: by how rare it is."""
    depth_loss: dict[str, Real] = Field(
        default_factory=lambda given: {"ssim": 0.5, "l1": 0.5} if given["depth_head"] else {}
    )
    """Terms of the depth loss and their weights; empty without a depth head."""
    seed: int = Field(0, strict=True, ge=0, lt=2**63)
    """Seed of all randomness."""
    device: str = "auto"
    """auto (the best that is here), cpu, cuda or mps."""
    devices: Count = 1
    """Devices on each machine, with one process each."""
    nodes: Count = 1
    """Number of machines."""
    precision: Precision = "auto"
    """32, bf16 or 16 (mixed precision); auto: bf16 where the hardware has it, else 32."""
    compile: Switch = False
    """Whether torch compiles the network first: one minute, worth it for long runs on a GPU."""
    log_histograms: Switch = False
    """Whether to write histograms of weights and gradients to TensorBoard after every epoch."""
    logger: tuple[LoggerName, ...] = Field(("tensorboard",), min_length=1)
    """Where losses, metrics, fields and pictures go: tensorboard, mlflow, wandb; csv is always written."""

    @field_validator("augment", mode="before")
    @classmethod
    def _read_switch(cls, value: Any) -> Any:
        """Read checkpoints of earlier releases, which hold True or False."""
        if isinstance(value, bool):
            return DEFAULT_AUGMENT if value else {}
        return value

    @model_validator(mode="after")
    def _check(self) -> "TrainConfig":
        if self.bg_dropout + self.bg_jitter > 1:
            found = f"{self.bg_dropout} + {self.bg_jitter}"
            raise ConfigError(
                "`bg_dropout`, `bg_jitter`", "shares that add up to at most 1", found, "lower one"
            )
        for name, share in self.augment.items():
            if name not in DEFAULT_AUGMENT:
                known = ", ".join(DEFAULT_AUGMENT)
                raise ConfigError("`augment`", f"effects among {known}", name, "correct the name")
            if not 0 <= share <= 1:
                raise ConfigError("`augment`", "shares from 0 to 1", f"{name}:{share}", "give another share")
        for field, terms in (("`mask_loss`", self.mask_loss), ("`depth_loss`", self.depth_loss)):
            needed = field == "`mask_loss`" or self.depth_head
            if (needed and not terms) or not all(weight >= 0 for weight in terms.values()):
                raise ConfigError(field, "terms with weights from 0", str(terms), "give other weights")
        has_encoder, trained = self.encoder is not None, self.encoder_weights != "none"
        begins_trained = trained or self.load is not None or self.loaded_from is not None
        for field, is_idle, problem in (
            ("`encoder`", has_encoder and self.model != "unet", f"does not go with `model={self.model}`"),
            ("`encoder_weights`", trained and not has_encoder, "has no effect without `encoder`"),
            ("`freeze_encoder`", self.freeze_encoder and not has_encoder, "has no effect without `encoder`"),
            (
                "`freeze_encoder`",
                self.freeze_encoder and not begins_trained,
                "would keep random weights, because of `encoder_weights=none`",
            ),
            (
                "`depth_loss`",
                self.depth_loss and not self.depth_head,
                "has no effect with `depth_head=False`",
            ),
            ("`bg_dropout`", self.bg_dropout and self.inputs == 3, "has no effect with `inputs=3`"),
            ("`bg_jitter`", self.bg_jitter and self.inputs == 3, "has no effect with `inputs=3`"),
            ("`strangers`", self.strangers and self.inputs == 3, "has no effect with `inputs=3`"),
            ("`strangers`", self.strangers and self.mask.kind == "classes", "would have no class"),
        ):
            if is_idle:
                raise ConfigError(field, "", problem, "change one of them")
        return self

    @property
    def architecture(self) -> Architecture:
        """The network to build."""
        return Architecture(
            model=self.model,
            widths=self.widths,
            encoder=self.encoder,
            freeze_encoder=self.freeze_encoder,
            inputs=self.inputs,
            classes=target_of(self.mask).channels,
            depth=self.depth_head,
        )

    def identity(self) -> dict[str, Any]:
        """The config in a checkpoint, as JSON values: all fields but those about paths and the machine.

        An alpha mask is left out: earlier releases had no other mask and no such field, and whether it has
        void pixels is a fact of the dataset.
        """
        fields = self.model_dump(mode="json", exclude=set(PLACE_FIELDS))
        if self.mask.kind == "alpha":
            del fields["mask"]
        return fields | {"encoder_weights": _kind_of_weights(self.encoder_weights)}


def resolve_config(given: Mapping[str, Any], earlier: Mapping[str, Any] | None = None) -> TrainConfig:
    """Lay the fields given over an earlier run's config, and that over the defaults.

    Args:
        given: fields of TrainConfig.
        earlier: `TrainConfig.identity()` of the run to be resumed.

    Raises:
        ConfigError: a value is wrong, or differs from the run in a field that cannot change.
    """
    earlier = read_identity(earlier).identity() if earlier else {}
    for field in FIXED_FIELDS:
        if field in given and field in earlier:
            asked = to_jsonable_python(given[field])
            if field == "encoder_weights":
                asked = _kind_of_weights(asked)
            if asked != earlier[field]:
                raise ConfigError(
                    f"`{field}`",
                    f"{earlier[field]}, as in the run to be resumed",
                    str(asked),
                    "leave it out, or start a new run in another `out`",
                )
    return TrainConfig(**{**earlier, **given})


def read_identity(fields: Mapping[str, Any]) -> TrainConfig:
    """Read the `identity` in a checkpoint of this release or an earlier one.

    Fields about paths and the machine, which earlier releases wrote too, are left out.

    Raises:
        ConfigError: this release has no such fields or values.
    """
    kept = {name: value for name, value in fields.items() if name not in PLACE_FIELDS}
    # Earlier releases had only AdamW, no strangers, and no such fields, and another network by default.
    return TrainConfig(**{"optimizer": "adamw", "strangers": 0.0, "model": "unet", **kept})


def _default_val_samples(epoch_samples: int | None) -> int:
    """A quarter of an epoch, within bounds: each is seen twice, with and without its background."""
    return min(MOST_VAL_SAMPLES, max(256, (epoch_samples or 20_000) // 4))


def _default_strangers(given: Mapping[str, Any]) -> float:
    return STRANGERS if given["inputs"] == 6 and given["mask"].kind == "alpha" else 0.0


def _kind_of_weights(source: str) -> str:
    return source if source in ("imagenet", "none") else OWN_WEIGHTS
