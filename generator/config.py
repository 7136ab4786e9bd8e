"""What `generate` is asked for, checked once and frozen."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from generator.errors import ConfigError

SplitName = Literal["train", "val", "test"]
SPLITS: tuple[SplitName, ...] = ("train", "val", "test")
PATH_FIELDS = frozenset({"fg", "bg", "out"})
"""Where things are, which decides nothing about the dataset's bytes."""


class GenerateConfig(BaseModel):
    """The resolved request for one dataset.

    Everything but the paths decides the bytes of the result (see `identity`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fg: Path = Path("data/fg")
    """Folder of cut-outs (RGBA)."""
    bg: Path = Path("data/bg")
    """Folder of backgrounds."""
    out: Path = Path("data/shards")
    """Folder of the dataset."""
    positions: int = Field(20, ge=1)
    """Positions drawn per foreground, background and flip."""
    samples: int | None = Field(None, ge=1)
    """Keep only this many samples in all (None: every one)."""
    size: tuple[int, int] = (192, 192)
    """Canvas (width, height) in pixels."""
    fg_size: int = Field(96, ge=1)
    """Longer side of a pasted foreground in pixels."""
    flip: bool = True
    """Whether every foreground also comes mirrored."""
    split: tuple[float, float, float] | None = (80, 10, 10)
    """Shares of train, val and test among foregrounds and among backgrounds; None puts all in train."""
    seed: int = Field(0, ge=0, lt=2**64)
    """Where all randomness comes from."""
    depth: Literal["auto", "files", "plane"] = "auto"
    """Depth of backgrounds: files beside them, a plane, or files where there are any."""
    depth_convention: Literal["inverse", "metric"] = "inverse"
    """What a floating-point depth file (.npy) holds: larger is nearer, or metres."""
    render: bool = True
    """Whether shards hold pixels (True) or only what is needed to render them."""
    shard_samples: int = Field(1024, ge=1, le=2**20)
    """Samples in one shard."""

    @model_validator(mode="before")
    @classmethod
    def _default_fg_size(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Half of the canvas's shorter side, unless given."""
        if values.get("fg_size") is None:
            size = values.get("size") or cls.model_fields["size"].default
            values = {**values, "fg_size": max(1, min(size) // 2)}
        return values

    @model_validator(mode="after")
    def _check(self) -> "GenerateConfig":
        width, height = self.size
        if not (8 <= width <= 8192 and 8 <= height <= 8192):
            raise ConfigError("--size", "8 to 8192 pixels a side", f"{width}x{height}", "choose another size")
        if self.fg_size > min(self.size):
            raise ConfigError(
                "--fg-size",
                f"at most the canvas's shorter side, {min(self.size)}",
                str(self.fg_size),
                "lower --fg-size or raise --size",
            )
        if self.split is not None and (min(self.split) < 0 or self.split[0] <= 0):
            raise ConfigError("--split", "shares like 80/10/10 or 'none'", str(self.split), "mend the shares")
        return self

    @property
    def flips(self) -> int:
        """1, or 2 when every foreground also comes mirrored."""
        return 2 if self.flip else 1

    def identity(self) -> dict[str, Any]:
        """The fields that decide the dataset's bytes, as JSON values."""
        return self.model_dump(mode="json", exclude=set(PATH_FIELDS))
