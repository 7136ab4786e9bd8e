"""The config of `import_labelled`: checked once, then frozen."""

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from generator.cache_folder import working_folder
from generator.config import DepthConvention
from generator.errors import ConfigError
from generator.files import hash_file
from generator.importing.fit import FitName
from generator.label_formats.formats import FORMATS
from generator.label_formats.items import Choice
from generator.strict_config import Count, PlaceField, Real, StrictConfig

DRAWN_SHARES = (75.0, 25.0, 0.0)
"""Shares of train, val and test where the data set itself has no splits and the user names none."""

_NOT_IDENTITY = {"source", "out", "workers", "pairs"}
# Without a number of the user, so many shards are made, within these sizes.
_SHARDS = 16
_LEAST_IN_SHARD, _MOST_IN_SHARD = 32, 1024

_Whole = Annotated[int, Field(strict=True)]


class ImportConfig(StrictConfig):
    """The config of one imported dataset.

    Fields are called as the options of 'fgbg import', with underscores; its help describes them. Paths may be
    `str` or `Path`. All fields but the paths and `workers` decide the bytes of the dataset: the same config
    and files always give the same bytes.

    Raises:
        ConfigError: a field is unknown, its value is not allowed, or fields contradict each other.

    Example:
        >>> fgbg.ImportConfig(format="oxford-pet", source="pets", size=(256, 256)).fit
        'pad'
    """

    if TYPE_CHECKING:
        # Text is a path too, and a list is a tuple: the values are converted.
        def __init__(self, /, **fields: Any) -> None: ...

    format: str
    """Name of the format of the data set."""
    source: Path
    """Folder of the data set, or the file that lists it."""
    out: PlaceField = Path("data/shards")
    """Folder that the dataset is written to, or its URL as text, such as "s3://bucket/data"."""
    size: tuple[_Whole, _Whole] = (192, 192)
    """(width, height) of the canvas in pixels."""
    fit: FitName = "pad"
    """How pictures come onto the canvas: whole with a void border, cropped, or stretched."""
    split: tuple[Real, Real, Real] | Literal["auto"] | None = Field("auto", union_mode="left_to_right")
    """Shares of train, val and test; None puts all in train. auto takes the splits of the data set, and 75/25
    where it has none."""
    seed: int = Field(0, strict=True, ge=0, lt=2**64)
    """Seed of all random numbers."""
    mask: Literal["alpha", "classes"] | None = None
    """Whether masks become alpha or classes; None is the default of the format."""
    foreground: tuple[str, ...] = ()
    """Names of the classes that are the object, for alpha; empty for all but the background."""
    labels: Path | None = None
    """File that names the classes."""
    variant: Literal["road", "lane"] | None = None
    """Which labels to take, where the data set has several kinds."""
    images: str | None = None
    """Pattern of pictures below the source, for the format `folder`."""
    masks: str | None = None
    """Pattern of masks below the source."""
    bg: str | None = None
    """Pattern of backgrounds below the source."""
    depth: str | None = None
    """Pattern of depth files below the source."""
    pairs: Path | None = None
    """CSV file of pictures and masks."""
    depth_convention: DepthConvention = "inverse"
    """Meaning of the values of depth files: larger is nearer (inverse) or larger is farther (metric)."""
    depth_invalid: tuple[Real, ...] | None = None
    """Values in depth files that mean unknown; None is 0, except in pictures of 8 bits."""
    shard_samples: int | None = Field(None, strict=True, ge=1, le=2**20)
    """Number of samples in one shard; None is 1024, and fewer for few pictures, so that several processes
    have something to do."""

    workers: Count | Literal["auto"] = Field("auto", union_mode="left_to_right")
    """Number of processes. auto is one for each core, and fewer for few pictures."""

    @model_validator(mode="after")
    def _check(self) -> "ImportConfig":
        if self.format not in FORMATS:
            known = ", ".join(FORMATS) or "none"
            raise ConfigError("`format`", f"one of {known}", repr(self.format), "correct it")
        width, height = self.size
        if not (8 <= width <= 8192 and 8 <= height <= 8192):
            raise ConfigError("`size`", "8 to 8192 pixels a side", f"{width}x{height}", "choose another size")
        if isinstance(self.split, tuple) and (min(self.split) < 0 or self.split[0] <= 0):
            found = "/".join(f"{share:g}" for share in self.split)
            raise ConfigError("`split`", "shares like 75/25, 'auto' or 'none'", found, "correct the shares")
        if self.foreground and self.mask == "classes":
            problem = "chooses the object of an alpha, and does not go with `mask=classes`"
            raise ConfigError("`foreground`", "", problem, "leave one of them out")
        return self

    @property
    def choice(self) -> Choice:
        """What a format gets to know of the config."""
        return Choice(**{field.name: getattr(self, field.name) for field in fields(Choice)})

    def samples_in_shard(self, pictures: int) -> int:
        """The number of samples in one shard of a source with this many pictures."""
        return self.shard_samples or max(_LEAST_IN_SHARD, min(_MOST_IN_SHARD, -(-pictures // _SHARDS)))

    @property
    def folder(self) -> Path:
        """The folder of this machine in which the files of the dataset are made."""
        return working_folder(self.out)

    def identity(self) -> dict[str, Any]:
        """The fields that decide the dataset's bytes, as JSON values; of the file of labels its BLAKE3 hash.

        Raises:
            OSError: the file of labels cannot be read.
        """
        dumped = self.model_dump(mode="json", exclude=_NOT_IDENTITY)
        return dumped | {"labels": hash_file(self.labels) if self.labels is not None else None}
