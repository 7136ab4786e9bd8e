"""What `generate` is asked for, checked once and frozen."""

import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from generator.errors import ConfigError
from generator.format.manifest import NOT_IDENTITY
from generator.format.pixels import UNKNOWN
from generator.format.tables import MOST_OBJECTS
from generator.strict_config import Count, Real, Share, StrictConfig, Switch

VARIANTS = 8
"""Of each foreground, where appearances vary and nothing else is asked for."""

_APPEARANCE = ("scale", "rotate", "brightness", "contrast", "saturation")
_MAY_BE_NONE = ("split", "samples", "grid", "depth_cache")

DepthConvention = Literal["inverse", "metric"]
"""What numbers tell: larger is nearer, or larger is farther."""

PLAIN_DEPTHS = ("auto", "files", "plane")
"""What backgrounds' depth can come from, networks apart."""

NETWORK_KINDS = ("onnx", "hf")

_Whole = Annotated[int, Field(strict=True)]

# Younger than the first datasets: part of the identity only where they differ from their default.
_YOUNGER = frozenset({"depth_invalid"})


def is_network(spec: str) -> bool:
    """Whether a depth source's name asks for a network."""
    return spec.partition(":")[0] in NETWORK_KINDS and ":" in spec


def _with_unknown(numbers: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(sorted({float(UNKNOWN), *numbers})) if numbers else ()


class GenerateConfig(StrictConfig):
    """The resolved request for one dataset.

    Everything but the paths decides the bytes of the result (see `identity`).

    Example:
        >>> fgbg.GenerateConfig(size=(256, 192), objects=(1, 3), render=False).fg_size
        96
    """

    fg: Path = Path("data/fg")
    """Folder of cut-outs (RGBA)."""
    bg: Path = Path("data/bg")
    """Folder of backgrounds."""
    out: Path = Path("data/shards")
    """Folder of the dataset."""
    positions: Count = 20
    """Positions per foreground, background and flip."""
    grid: tuple[Count, Count] | None = None
    """Columns and rows of fixed places for the first object; None draws positions."""
    samples: Count | None = None
    """Keep only this many samples in all (None: every one)."""
    size: tuple[_Whole, _Whole] = (192, 192)
    """Canvas (width, height) in pixels."""
    fg_size: Count = 96
    """Longer side of a pasted foreground in pixels."""
    flip: Switch = True
    """Whether every foreground also comes mirrored."""
    split: tuple[Real, Real, Real] | None = (80, 10, 10)
    """Shares of train, val and test among foregrounds and among backgrounds; None puts all in train."""
    seed: int = Field(0, strict=True, ge=0, lt=2**64)
    """Where all randomness comes from."""
    variants: int = Field(1, strict=True, ge=1, le=4096)
    """Appearances drawn of each foreground."""
    scale: tuple[Real, Real] = (1.0, 1.0)
    """Smallest and largest size of an appearance, in parts of `fg_size`."""
    rotate: float = Field(0.0, strict=True, ge=0, le=180)
    """How far an appearance is turned at most, each way, in degrees."""
    brightness: Share = 0.0
    """How far brightness goes from 1, each way."""
    contrast: Share = 0.0
    """How far contrast goes from 1, each way."""
    saturation: Share = 0.0
    """How far saturation goes from 1, each way."""
    blend: Literal["alpha", "feather", "mixed"] = "alpha"
    """Edges: as cut out, softened inwards, or each appearance with both."""
    objects: tuple[_Whole, _Whole] = (1, 1)
    """Fewest and most objects in a sample."""
    overlap: Share = 0.5
    """The largest share of an object's box that another's may cover."""
    truncate: float = Field(0.0, strict=True, ge=0, le=0.9)
    """The largest share of an object that the canvas's border may cut off."""
    empty: float = Field(0.0, strict=True, ge=0, lt=1)
    """Share of samples without any object."""
    shadow: Share = 0.0
    """Share of objects with a contact shadow."""
    harmonise: Share = 0.0
    """How far at most an object's mean colour goes towards that of its background."""
    perspective: Switch = False
    """Whether objects that stand nearer show a larger variant."""
    depth: str = "auto"
    """Depth of backgrounds: files beside them, a plane, files where there are any, or a network."""
    depth_convention: Literal["auto"] | DepthConvention = "auto"
    """What the numbers of depth files or of a network tell: larger is nearer (inverse) or larger is farther
    (metric). auto: inverse for files, and what a network says of itself."""
    depth_invalid: Annotated[tuple[Real, ...], AfterValidator(_with_unknown)] = (UNKNOWN,)
    """The numbers in depth files that mean unknown. 0 is always one of them, unless there are none at all."""
    depth_per: Literal["background", "composite"] = "background"
    """Whether a depth network sees every background once or every finished sample."""
    depth_cache: Path | None = None
    """Folder where depths of networks are kept; None is the user's cache."""
    render: Switch = True
    """Whether shards hold pixels (True) or only what is needed to render them."""
    shard_samples: int = Field(1024, strict=True, ge=1, le=2**20)
    """Samples in one shard."""

    workers: Count | Literal["auto"] = Field("auto", union_mode="left_to_right")
    """Processes; auto is one a core, or one for two that render, fewer where there is little to do."""

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, values: dict[str, Any]) -> dict[str, Any]:
        """The defaults that hang on other fields."""
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
                "something that varies",
                "nothing",
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
                f"{columns * rows}, the places of `grid={columns}x{rows}`",
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
            raise ConfigError(
                "`depth_per=composite`", "`render=True`", "`render=False`", "leave `render=False` out"
            )
        if self.workers not in ("auto", 1):
            found = f"`workers={self.workers}`"
            raise ConfigError(
                "`depth_per=composite`", "one process, which has the network", found, "leave `workers` out"
            )

    @property
    def known_convention(self) -> DepthConvention:
        """`depth_convention`, with the one of depth files for auto."""
        return "inverse" if self.depth_convention == "auto" else self.depth_convention

    @property
    def varies(self) -> bool:
        """Whether appearances differ from the foreground as it is."""
        looks = (self.rotate, self.brightness, self.contrast, self.saturation)
        return min(self.scale) != 1 or max(self.scale) != 1 or any(looks)

    @property
    def sprite_side(self) -> int:
        """The side of a square that holds any sprite, in pixels."""
        longest = max(1, round(self.fg_size * self.scale[1]))  # as the sprite is made
        if self.rotate == 0:
            return longest
        # A square turned by up to 45 degrees takes cos + sin of its side; two pixels for rounding.
        angle = math.radians(min(self.rotate, 45))
        return math.ceil(longest * (math.cos(angle) + math.sin(angle))) + 2

    @property
    def has_instances(self) -> bool:
        """Whether samples may have several objects, and so an instance map."""
        return self.objects[1] > 1

    @property
    def flips(self) -> int:
        """1, or 2 when every foreground also comes mirrored."""
        return 2 if self.flip else 1

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """What each field of `identity` is where nothing is asked for, as JSON values."""
        return cls.model_validate({})._deciding()

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
    """The two whole numbers that a field's value, not yet checked, may be."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        return None
    first, second = value
    return (first, second) if isinstance(first, int) and isinstance(second, int) else None
