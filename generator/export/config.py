"""The request for an export, checked once and frozen."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from generator.errors import UsageError
from generator.export.contents import Contents
from generator.export.croissant import require_croissant
from generator.export.formats import FormatName, make_format
from generator.export.journal import Request
from generator.export.samples import PictureFormat
from generator.runner import RayAddress, RunnerName, check_runner
from generator.splits import SplitName
from generator.strict_config import Count, PlaceField, StrictConfig, Switch

QUALITY = 95
"""Of JPEG, where nothing is asked for."""


class ExportConfig(StrictConfig):
    """The request for one export.

    Raises:
        ConfigError: a field has a value that is not allowed.
        UsageError: a field does not go with another one, or needs a package that is not installed.

    Example:
        >>> fgbg.ExportConfig(data="data/shards", out="exported", format="webdataset").picture_format
        'png'
    """

    if TYPE_CHECKING:
        # Text is a path too, and a list is a tuple: the values are converted.
        def __init__(self, /, **fields: Any) -> None: ...

    data: PlaceField
    """Folder of the dataset, or its URL as text."""
    out: Path
    """Folder of the export."""
    format: FormatName
    """folder, coco, yolo or webdataset."""
    subset: SplitName | Literal["all"] = "all"
    """One split, or all."""
    samples: Count | None = None
    """How many samples, in the splits' own shares; None for all."""
    picture_format: PictureFormat = "png"
    """Of `bg` and `fg_bg`."""
    quality: Annotated[int, Field(strict=True, ge=1, le=100)] | None = None
    """Of JPEG; None for 95."""
    workers: Count | Literal["auto"] = "auto"
    """Processes. auto is one for each core; with Ray, one for each core of the cluster."""
    runner: RunnerName = "local"
    """Where the work is done: local is this machine, ray a Ray cluster."""
    ray_address: RayAddress = None
    """HOST:PORT of the cluster. None takes the variable RAY_ADDRESS, else the cluster that this machine
    belongs to; without one, Ray starts on this machine alone."""
    croissant: Switch = False
    """Whether to write Croissant metadata too, in the format folder."""
    licence: Annotated[str, Field(min_length=1)] | None = None
    """Address or text of the dataset's licence, for Croissant metadata."""
    creator: Annotated[str, Field(min_length=1)] | None = None
    """Who made the dataset, for Croissant metadata."""

    @model_validator(mode="after")
    def _check(self) -> "ExportConfig":
        if self.quality is not None and self.picture_format != "jpg":
            fix = "use `picture_format=jpg`, or leave `quality` out"
            raise UsageError("`quality`", "JPEG pictures", f"`picture_format={self.picture_format}`", fix)
        if self.croissant and self.format != "folder":
            raise UsageError("`croissant`", "", "goes with `format=folder` only", "leave it out")
        if self.croissant:
            require_croissant("`croissant`")
        elif self.licence or self.creator:
            field = "`licence`" if self.licence else "`creator`"
            raise UsageError(field, "", "goes with `croissant` only", "leave it out")
        make_format(self.format, self.picture_format, Contents())
        check_runner(self.runner, self.ray_address)
        return self

    @property
    def jpeg_quality(self) -> int | None:
        """The quality of `bg` and `fg_bg`; None if they are no JPEG."""
        return (self.quality or QUALITY) if self.picture_format == "jpg" else None

    def request(self, dataset_id: str) -> Request:
        """All fields that decide the bytes of the result."""
        return Request(
            dataset=dataset_id,
            format=self.format,
            subset=self.subset,
            samples=self.samples,
            picture_format=self.picture_format,
            quality=self.jpeg_quality,
        )
