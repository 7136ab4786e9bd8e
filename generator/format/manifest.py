"""`dataset.json`, the manifest of a finished dataset. Its id is a hash, by which a reader checks it."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from blake3 import blake3
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    field_validator,
    model_serializer,
    model_validator,
)

from generator.errors import COPY_AGAIN, DatasetError, one_line
from generator.files import read_regular
from generator.format.pixels import IGNORED
from generator.format.tables import MOST_OBJECTS
from generator.splits import SPLITS, SplitName
from generator.strict_config import first_fault

MANIFEST_FILE = "dataset.json"
JOURNAL_FILE = "journal.jsonl"

AssetKind = Literal["fg", "bg"]

FROM_FILE, FROM_PLANE = "files", "plane"
"""Sources of a background's depth that are not networks: a file beside it, or an assumed plane."""

NOT_IDENTITY = frozenset({"fg", "bg", "out", "workers", "depth_cache"})
"""Fields of the config that do not change the bytes of the dataset."""

# Much more than a manifest of ten million pictures.
_MOST_BYTES = 2**32
_LARGEST_SIDE = 8192

Count = Annotated[int, Field(ge=0, lt=2**63)]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""A BLAKE3 hash."""
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*\.h5$", max_length=255)]
"""The plain name of a file in the dataset's own folder."""
Sum = Annotated[float, Field(ge=-(2.0**63), le=2.0**63)]
Side = Annotated[int, Field(ge=1, le=_LARGEST_SIDE)]
ClassName = Annotated[str, Field(min_length=1, max_length=100)]
ClassColour = Annotated[list[Annotated[int, Field(ge=0, le=255)]], Field(min_length=3, max_length=3)]


class Record(BaseModel):
    """A part of a file on disk, with exactly these fields and types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Asset(Record):
    """A picture that the dataset was made from: its name in its folder, BLAKE3 hash and split."""

    name: str
    hash: Hash
    split: SplitName
    depth: str | None = None
    """For backgrounds: the source of their depth."""
    depth_hash: Hash | None = None
    """For backgrounds: the BLAKE3 hash of their depth file, if there is one."""

    @model_serializer(mode="wrap")
    def _without_what_is_not_there(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out `depth_hash` where there is none, as in older datasets, so that bytes stay the same."""
        fields: dict[str, Any] = serialise(self)
        if self.depth_hash is None:
            del fields["depth_hash"]
        return fields


def _with_a_name_each(assets: dict[AssetKind, list[Asset]]) -> dict[AssetKind, list[Asset]]:
    for kind in ("fg", "bg"):
        names = {asset.name for asset in assets.get(kind, [])}
        if not names or len(names) < len(assets[kind]):
            raise ValueError(f"{kind} must be pictures of different names, and at least one")
    return assets


Assets = Annotated[dict[AssetKind, list[Asset]], AfterValidator(_with_a_name_each)]
"""The pictures of each kind, in the order of the bank."""


def dataset_id(
    config: Mapping[str, Any],
    hashes: Mapping[AssetKind, Mapping[str, str]],
    depth_hashes: Mapping[str, str],
) -> str:
    """A dataset's id: a hash of everything that decides its bytes.

    Args:
        config: `GenerateConfig.identity()`.
        hashes: for fg and bg, the BLAKE3 hash of each picture by its name.
        depth_hashes: the BLAKE3 hash of each depth file, by the name of its background. If it is empty, the
            id is the same as in older versions, which did not include depth files.
    """
    parts = [config, hashes, depth_hashes] if depth_hashes else [config, hashes]
    return blake3(json.dumps(parts, sort_keys=True).encode()).hexdigest()


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


class AlphaMask(Record):
    """The mask is an alpha: how much of each pixel the objects cover."""

    kind: Literal["alpha"] = "alpha"
    convention: str = "0 background ... 255 foreground"


class ClassMask(Record):
    """The mask holds the number of a class at each pixel, counted from 0, or 255 for pixels to ignore."""

    kind: Literal["classes"] = "classes"
    names: list[ClassName] = Field(min_length=2, max_length=IGNORED)
    """Of the classes, in the order of their numbers."""
    colours: list[ClassColour]
    """Red, green and blue of each class in pictures, 0 to 255."""
    convention: str = "number of the class; 255 ignored"

    @model_validator(mode="after")
    def _has_a_name_and_a_colour_for_each(self) -> "ClassMask":
        if len(set(self.names)) < len(self.names):
            raise ValueError("names must differ")
        if len(self.colours) != len(self.names):
            raise ValueError(f"colours must be {len(self.names)}, one for each name")
        return self


MaskEntry = Annotated[AlphaMask | ClassMask, Field(discriminator="kind")]
"""What the values of masks mean."""


class DepthEntry(Record):
    """The sources of depth. `pseudo` is True where some depth is only assumed, not measured or estimated."""

    sources: list[str]
    pseudo: bool
    convention: str = "relative inverse depth, uint16: 0 unknown, 1 farthest ... 65535 nearest"


class Manifest(Record):
    """The whole of `dataset.json`."""

    format: Literal["fgbg-dataset"] = "fgbg-dataset"
    version: Literal[1] = 1
    id: Hash
    storage: Literal["rendered", "unrendered"]
    size: tuple[Side, Side]
    """Canvas (width, height) in pixels."""
    config: dict[str, Any]
    """`GenerateConfig.identity()`; older versions also stored the folders of the pictures."""
    libraries: dict[str, str]
    assets: Assets
    bank: BankEntry
    splits: dict[SplitName, SplitEntry]
    mask: MaskEntry
    depth: DepthEntry
    statistics: Statistics

    @field_validator("config")
    @classmethod
    def _objects_are_a_range(cls, config: dict[str, Any]) -> dict[str, Any]:
        found = config.get("objects", [1, 1])
        whole = isinstance(found, list | tuple) and len(found) == 2 and all(type(n) is int for n in found)
        if not whole or not 1 <= found[0] <= found[1] <= MOST_OBJECTS:
            raise ValueError(f"objects must be two numbers from 1 to {MOST_OBJECTS}")
        return config

    @field_validator("splits")
    @classmethod
    def _every_split_is_there(cls, splits: dict[SplitName, SplitEntry]) -> dict[SplitName, SplitEntry]:
        if missing := [name for name in SPLITS if name not in splits]:
            raise ValueError(f"{missing[0]} is missing; an empty split has no shards")
        return splits

    @model_validator(mode="after")
    def _files_have_a_name_each(self) -> "Manifest":
        name, times = Counter(entry.file for entry in self.files()).most_common(1)[0]
        if times > 1:
            raise ValueError(f"{name} is listed {times} times")
        return self

    @model_validator(mode="after")
    def _classes_are_stored(self) -> "Manifest":
        if self.mask.kind == "classes" and self.storage != "rendered":
            raise ValueError("classes need stored pixels: storage must be rendered")
        return self

    @property
    def has_instances(self) -> bool:
        """Whether samples may have several objects, and so an instance map."""
        return bool(self.config.get("objects", (1, 1))[1] > 1)

    @property
    def identity(self) -> dict[str, Any]:
        """The part of the config that decides the dataset's bytes."""
        return {name: value for name, value in self.config.items() if name not in NOT_IDENTITY}

    def files(self) -> list[BankEntry | ShardEntry]:
        """Every file of the dataset, the bank first."""
        return [self.bank, *(shard for split in self.splits.values() for shard in split.shards)]

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read the manifest of a dataset's folder.

        Raises:
            DatasetError: there is none, it has another format or version, or its id does not match its config
                and pictures.
        """
        path = folder / MANIFEST_FILE
        try:
            manifest = cls.model_validate_json(read_regular(path, _MOST_BYTES))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise _no_manifest(folder) from error
        except OSError as error:
            raise DatasetError(path, "a file", str(error.strerror or error), COPY_AGAIN) from error
        except ValidationError as error:
            raise DatasetError(
                path, "a dataset of format version 1", first_fault(error), COPY_AGAIN
            ) from error
        prove_id(path, manifest.id, manifest.identity, manifest.assets)
        return manifest


def prove_id(path: Path | str, id_: str, config: dict[str, Any], assets: Assets) -> None:
    """Compute a dataset's id again and compare.

    Args:
        path: of the file that holds the id, for the error.
        id_: the stored id.
        config: `GenerateConfig.identity()`.
        assets: of the dataset.

    Raises:
        DatasetError: the ids differ.
    """
    try:
        proved = dataset_id(
            config,
            {kind: hashes_by_name(assets[kind]) for kind in ("fg", "bg")},
            {asset.name: asset.depth_hash for asset in assets["bg"] if asset.depth_hash},
        )
    except (ValueError, RecursionError) as error:
        raise DatasetError(path, "a config", one_line(error), COPY_AGAIN) from error
    if id_ != proved:
        expected = f"id {proved[:16]}..., as its config and pictures give"
        raise DatasetError(path, expected, f"id {id_[:16]}...", COPY_AGAIN)


def hashes_by_name(assets: Sequence[Asset]) -> dict[str, str]:
    """The hash of each picture by its name."""
    return {asset.name: asset.hash for asset in assets}


def _no_manifest(folder: Path) -> DatasetError:
    if not folder.is_dir():
        problem = "is not a folder" if folder.exists() else "does not exist"
        return DatasetError(folder, "", problem, "run 'fgbg generate' first, or give another folder")
    if (folder / JOURNAL_FILE).exists() or any(folder.glob("*.h5")):
        fix = "run 'fgbg generate' again to continue it"
        return DatasetError(folder, "", "holds an unfinished dataset", fix)
    fix = "run 'fgbg generate' first, or give another folder"
    return DatasetError(folder, "", f"holds no dataset ({MANIFEST_FILE} is missing)", fix)
