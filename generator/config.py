"""The config of `generate`: checked once, then frozen."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from generator.cache_folder import working_folder
from generator.errors import ConfigError
from generator.format.assets import NOT_IDENTITY
from generator.format.pixels import UNKNOWN
from generator.format.tables import MOST_OBJECTS
from generator.numerals import shown
from generator.presets import PRESETS
from generator.runner import RayAddress, RunnerName, check_runner
from generator.strict_config import Count, PlaceField, Real, Share, StrictConfig, Switch

VARIANTS = 8
"""The default of `variants` where appearances vary."""

_APPEARANCE = ("scale", "rotate", "brightness", "contrast", "saturation")
_MAY_BE_NONE = ("split", "samples", "grid", "depth_cache", "ray_address")

DepthConvention = Literal["inverse", "metric"]
"""The meaning of depth values: inverse is "larger is nearer", metric is "larger is farther"."""

PLAIN_DEPTHS = ("auto", "files", "plane")
"""The depth sources that are not networks."""

NETWORK_KINDS = ("onnx", "hf")

_Whole = Annotated[int, Field(strict=True)]

# Fields that the first datasets did not have. They are part of the identity only if they are not the default.
_YOUNGER = frozenset({"depth_invalid"})


def is_network(spec: str) -> bool:
    """Whether a depth source is a network."""
    return spec.partition(":")[0] in NETWORK_KINDS and ":" in spec


def _with_unknown(numbers: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(sorted({float(UNKNOWN), *numbers})) if numbers else ()


class GenerateConfig(StrictConfig):
    """The config of one dataset.

    Every field has a default. Fields are called as the options of 'fgbg generate', with underscores; its help
    describes them. Paths may be `str` or `Path`. All fields but the paths, `workers` and the runner decide
    the bytes of the dataset: the same config and pictures always give the same bytes.

    Raises:
        ConfigError: a field is unknown, its value is not allowed, or fields contradict each other.

    Example:
        >>> fgbg.GenerateConfig(size=(256, 192), objects=(1, 3), render=False).fg_size
        96
    """

    if TYPE_CHECKING:
        # Text is a path too, and a list is a tuple: the values are converted.
        def __init__(self, /, **fields: Any) -> None: ...

    fg: Path = Path("data/fg")
    """Folder of cut-outs (RGBA)."""
    bg: Path = Path("data/bg")
    """Folder of backgrounds."""
    out: PlaceField = Path("data/shards")
    """Folder that the dataset is written to, or its URL as text, such as "s3://bucket/data"."""
    positions: Count = 20
    """Positions per foreground, background and flip."""
    grid: tuple[Count, Count] | None = None
    """(columns, rows) of fixed positions for the first object; None draws positions at random."""
    samples: Count | None = None
    """Total number of samples to keep; None keeps all."""
    size: tuple[_Whole, _Whole] = (192, 192)
    """(width, height) of the canvas in pixels."""
    fg_size: Count = 96
    """Longer side of a pasted foreground in pixels; by default half of the shorter side of `size`."""
    flip: Switch = True
    """Whether to paste every foreground mirrored too."""
    split: tuple[Real, Real, Real] | None = (80, 10, 10)
    """Shares of train, val and test, of the foregrounds and of the backgrounds; None puts all in train."""
    seed: int = Field(0, strict=True, ge=0, lt=2**64)
    """Seed of all random numbers."""
    variants: int = Field(1, strict=True, ge=1, le=4096)
    """Number of appearances of each foreground; by default 8 if appearances vary."""
    scale: tuple[Real, Real] = (1.0, 1.0)
    """Smallest and largest size of an appearance, as a share of `fg_size`."""
    rotate: float = Field(0.0, strict=True, ge=0, le=180)
    """Largest rotation of an appearance in degrees, in either direction."""
    brightness: Share = 0.0
    """Largest change of brightness: 0.2 draws a factor from 0.8 to 1.2."""
    contrast: Share = 0.0
    """Largest change of contrast: 0.2 draws a factor from 0.8 to 1.2."""
    saturation: Share = 0.0
    """Largest change of saturation: 0.2 draws a factor from 0.8 to 1.2."""
    blend: Literal["alpha", "feather", "mixed"] = "alpha"
    """Edges of sprites: as cut out (alpha), softened inwards (feather), or both of each (mixed)."""
    objects: tuple[_Whole, _Whole] = (1, 1)
    """Smallest and largest number of objects in a sample."""
    overlap: Share = 0.5
    """Largest share of an object's box that the box of another object may cover."""
    truncate: float = Field(0.0, strict=True, ge=0, le=0.9)
    """Largest share of an object that the border of the canvas may cut off."""
    empty: float = Field(0.0, strict=True, ge=0, lt=1)
    """Share of samples without objects."""
    shadow: Share = 0.0
    """Share of objects with a contact shadow."""
    harmonise: Share = 0.0
    """Largest colour shift of an object towards its background's mean colour (0 none, 1 full)."""
    perspective: Switch = False
    """Whether nearer objects show larger variants."""
    depth: str = "auto"
    """Source of the backgrounds' depth: files beside them, a plane, auto (files, and a plane where there are
    none), onnx:PATH or hf:MODEL."""
    depth_convention: Literal["auto"] | DepthConvention = "auto"
    """Meaning of the values of depth files or of a network: larger is nearer (inverse) or larger is farther
    (metric). auto takes inverse for files, and for a network what its settings say."""
    depth_invalid: Annotated[tuple[Real, ...], AfterValidator(_with_unknown)] = (UNKNOWN,)
    """Values in depth files that mean unknown. 0 is always among them, unless the list is empty."""
    depth_per: Literal["background", "composite"] = "background"
    """Whether a depth network runs once for every background, or for every finished sample."""
    depth_cache: Path | None = None
    """Folder that keeps the answers of depth networks; None is a folder in the user's cache."""
    render: Switch = True
    """Whether shards hold pixels. False stores only the tables, from which readers render."""
    shard_samples: int = Field(1024, strict=True, ge=1, le=2**20)
    """Number of samples in one shard."""

    workers: Count | Literal["auto"] = Field("auto", union_mode="left_to_right")
    """Number of processes. auto is one for each core, or for every two cores if pixels are stored, and fewer
    for little work; with Ray, one for each core of the cluster."""
    runner: RunnerName = "local"
    """Where the work is done: local is this machine, ray a Ray cluster."""
    ray_address: RayAddress = None
    """HOST:PORT of the cluster. None takes the variable RAY_ADDRESS, else the cluster that this machine
    belongs to; without one, Ray starts on this machine alone."""

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Fill in the defaults that depend on other fields."""
        values = {name: value for name, value in values.items() if value is not None or name in _MAY_BE_NONE}
        size, grid = values.get("size", cls.model_fields["size"].default), values.get("grid")
        if sides := _pair(size):
            values.setdefault("fg_size", max(1, min(sides) // 2))
        if places := _pair(grid):
            values.setdefault("positions", places[0] * places[1])
        if any(name in values and values[name] != cls.model_fields[name].default for name in _APPEARANCE):
            values.setdefault("variants", VARIANTS)
        return values

    @model_validator(mode="after")
    def _check(self) -> "GenerateConfig":
        width, height = self.size
        if not (8 <= width <= 8192 and 8 <= height <= 8192):
            raise ConfigError("`size`", "8 to 8192 pixels a side", f"{width}x{height}", "choose another size")
        if self.fg_size > min(self.size):
            raise ConfigError(
                "`fg_size`",
                f"at most the canvas's shorter side, {min(self.size)}",
                str(self.fg_size),
                "lower `fg_size` or raise `size`",
            )
        if self.split is not None and (min(self.split) < 0 or self.split[0] <= 0):
            raise ConfigError(
                "`split`", "shares like 80/10/10 or 'none'", str(self.split), "correct the shares"
            )
        self._check_appearances()
        self._check_scenes()
        self._check_depth()
        check_runner(self.runner, self.ray_address)
        return self

    def _check_appearances(self) -> None:
        low, high = self.scale
        if not 0 < low <= high <= 4:
            raise ConfigError(
                "`scale`", "a range within 0 to 4 like 0.5-1", f"{low}-{high}", "correct the range"
            )
        if self.variants > 1 and not self.varies:
            raise ConfigError(
                "`variants`",
                "1, because all variants would be alike",
                str(self.variants),
                "add `scale`, `rotate`, `brightness` or others",
            )
        if self.sprite_side > min(self.size):
            raise ConfigError(
                "`scale`, `rotate`",
                f"foregrounds within the canvas's shorter side, {min(self.size)}",
                f"up to {self.sprite_side} pixels",
                "lower them or `fg_size`",
            )

    def _check_scenes(self) -> None:
        low, high = self.objects
        if not 1 <= low <= high <= MOST_OBJECTS:
            found = f"{low}-{high}"
            raise ConfigError(
                "`objects`", f"1 to {MOST_OBJECTS} like 1-3", found, "correct it, or see `empty`"
            )
        if self.perspective and not (self.scale[0] < self.scale[1] and self.variants > 1):
            raise ConfigError("`perspective`", "variants of several sizes", "one size", "add `scale=0.5-1`")
        if self.grid is not None and self.positions != self.grid[0] * self.grid[1]:
            columns, rows = self.grid
            raise ConfigError(
                "`positions`",
                f"{columns * rows}, as in `grid={columns}x{rows}`",
                str(self.positions),
                "leave `positions` out",
            )

    def _check_depth(self) -> None:
        if self.depth not in PLAIN_DEPTHS and not is_network(self.depth):
            kinds = ", ".join((*PLAIN_DEPTHS, "onnx:PATH or hf:MODEL"))
            raise ConfigError("`depth`", kinds, repr(self.depth), "name one of them")
        if self.depth_per == "background":
            return
        if not is_network(self.depth):
            raise ConfigError("`depth_per=composite`", "`depth` onnx: or hf:", self.depth, "name a network")
        if not self.render:
            problem = "needs stored pixels and does not go with `render=False`"
            raise ConfigError("`depth_per=composite`", "", problem, "leave one of them out")
        if self.workers not in ("auto", 1) and self.runner == "local":
            found = f"`workers={self.workers}`"
            raise ConfigError(
                "`depth_per=composite`", "one process, which runs the network", found, "leave `workers` out"
            )

    @classmethod
    def preset(cls, name: str, **changes: Any) -> "GenerateConfig":
        """The config of a preset, with changes. "photo" is the preset for real photos.

        Args:
            name: of the preset.
            changes: fields; they replace those of the preset.

        Raises:
            ConfigError: the preset is unknown, or as GenerateConfig raises it.

        Example:
            >>> fgbg.GenerateConfig.preset("photo", size=(256, 192), truncate=0.2).scale
            (0.5, 2.0)
        """
        if name not in PRESETS:
            raise ConfigError("the preset", ", ".join(PRESETS), shown(name), "name one of them")
        return cls(**PRESETS[name] | changes)

    @property
    def known_convention(self) -> DepthConvention:
        """`depth_convention`, where auto is that of depth files."""
        return "inverse" if self.depth_convention == "auto" else self.depth_convention

    @property
    def varies(self) -> bool:
        """Whether appearances differ from the plain foreground."""
        looks = (self.rotate, self.brightness, self.contrast, self.saturation)
        return min(self.scale) != 1 or max(self.scale) != 1 or any(looks)

    @property
    def sprite_side(self) -> int:
        """The side of the smallest square that every sprite fits into, in pixels."""
        longest = max(1, round(self.fg_size * self.scale[1]))  # rounded as in make_sprites
        if self.rotate == 0:
            return longest
        # A square turned by up to 45 degrees takes cos + sin of its side; two pixels for rounding.
        angle = math.radians(min(self.rotate, 45))
        return math.ceil(longest * (math.cos(angle) + math.sin(angle))) + 2

    @property
    def has_instances(self) -> bool:
        """Whether samples may have several objects, and therefore an instance map."""
        return self.objects[1] > 1

    @property
    def flips(self) -> int:
        """1, or 2 if every foreground is also pasted mirrored."""
        return 2 if self.flip else 1

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """The default of each field of `identity`, as JSON values."""
        return cls.model_validate({})._deciding()

    @property
    def folder(self) -> Path:
        """The folder of this machine in which the files of the dataset are made."""
        return working_folder(self.out)

    def identity(self) -> dict[str, Any]:
        """The fields that decide the dataset's bytes, as JSON values."""
        usual = self.defaults()
        return {
            name: value
            for name, value in self._deciding().items()
            if name not in _YOUNGER or value != usual[name]
        }

    def _deciding(self) -> dict[str, Any]:
        fields = self.model_dump(mode="json", exclude=set(NOT_IDENTITY))
        return fields | {"depth_convention": self.known_convention}


def _pair(value: Any) -> tuple[int, int] | None:
    """The two whole numbers in a field's value, which is not checked yet; None if it is something else."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        return None
    first, second = value
    return (first, second) if isinstance(first, int) and isinstance(second, int) else None
