"""Parts of files on disk as strict records: scalars, statistics, entries of shards and splits."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

_LARGEST_SIDE = 8192

Count = Annotated[int, Field(ge=0, lt=2**63)]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""A BLAKE3 hash."""
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*\.h5$", max_length=255)]
"""The plain name of a file in the dataset's own folder."""
Sum = Annotated[float, Field(ge=-(2.0**63), le=2.0**63)]
Side = Annotated[int, Field(ge=1, le=_LARGEST_SIDE)]


class Record(BaseModel):
    """A part of a file on disk, with exactly these fields and types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Moments(Record):
    """Mean and standard deviation of each channel, of values in [0, 1]; for depth, of known pixels only."""

    mean: list[float]
    std: list[float]


class Sums(Record):
    """The sum and the sum of squares of each channel, and the number of values; sums of shards add up."""

    sum: list[Sum]
    squares: list[Sum]
    count: Count

    @model_validator(mode="after")
    def _of_the_same_channels(self) -> "Sums":
        if len(self.sum) != len(self.squares):
            raise ValueError("sum and squares must have a number per channel each")
        return self

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            sum=[a + b for a, b in zip(self.sum, other.sum, strict=True)],
            squares=[a + b for a, b in zip(self.squares, other.squares, strict=True)],
            count=self.count + other.count,
        )

    def moments(self) -> Moments:
        """Population mean and standard deviation."""
        count = max(self.count, 1)
        means = [total / count for total in self.sum]
        variances = [max(0.0, s / count - m * m) for s, m in zip(self.squares, means, strict=True)]
        return Moments(mean=means, std=[variance**0.5 for variance in variances])


class ShardEntry(Record):
    """A finished shard in `dataset.json`."""

    file: FileName
    samples: Count
    bytes: Count
    blake3: Hash


class SplitEntry(Record):
    """A split: its number of samples, and its shards in order."""

    samples: Count
    shards: list[ShardEntry]

    @model_validator(mode="after")
    def _adds_up(self) -> "SplitEntry":
        if self.samples != (total := sum(shard.samples for shard in self.shards)):
            raise ValueError(f"its shards hold {total} samples together, not {self.samples}")
        return self


class BankEntry(Record):
    """The file of the bank."""

    file: FileName
    bytes: Count
    blake3: Hash


class Statistics(Record):
    """Moments of `bg`, `fg_bg`, `mask` and `depth`, and how many train samples were measured."""

    samples: Count
    fields: dict[str, Moments]
