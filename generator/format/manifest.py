"""`dataset.json`, the manifest of a finished dataset. Its id is a hash, by which a reader checks it.

Version 1 is a generated dataset (`fgbg generate`): a bank, and samples composed from it. Version 2 is a
labelled one (`fgbg import`): stored pictures and masks, without a bank.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_serializer,
    model_validator,
)

from generator.errors import COPY_AGAIN, DatasetError
from generator.files import read_regular
from generator.format.assets import NOT_IDENTITY, Assets
from generator.format.identity import prove_id, prove_labelled_id
from generator.format.pixels import IGNORED, OPTIONAL_FIELDS, OptionalField
from generator.format.records import BankEntry, Count, Hash, Record, ShardEntry, Side, SplitEntry, Statistics
from generator.format.tables import MOST_OBJECTS
from generator.places import Place
from generator.splits import SPLITS, SplitName
from generator.strict_config import first_fault

MANIFEST_FILE = "dataset.json"
JOURNAL_FILE = "journal.jsonl"

MAKE_FIRST = "run 'fgbg generate' or 'fgbg import' first, or give another folder"
"""What to do where there is no dataset."""

MOST_BYTES = 2**32
"""Much more than a manifest of ten million pictures."""

ClassName = Annotated[str, Field(min_length=1, max_length=100)]
ClassColour = Annotated[list[Annotated[int, Field(ge=0, le=255)]], Field(min_length=3, max_length=3)]


class AlphaMask(Record):
    """The mask is an alpha: how much of each pixel the objects cover."""

    kind: Literal["alpha"] = "alpha"
    convention: str = "0 background ... 255 foreground"
    void: Annotated[int, Field(ge=1, le=254)] | None = None
    """The level of pixels that are neither, and count nowhere; None where there are none."""

    @model_serializer(mode="wrap")
    def _without_void(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out `void` where there is none, as in older files, so that bytes stay the same."""
        fields: dict[str, Any] = serialise(self)
        if self.void is None:
            del fields["void"]
        return fields


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


class _Common(Record):
    """What manifests of both versions check."""

    @field_validator("splits", check_fields=False)
    @classmethod
    def _every_split_is_there(cls, splits: dict[SplitName, SplitEntry]) -> dict[SplitName, SplitEntry]:
        if missing := [name for name in SPLITS if name not in splits]:
            raise ValueError(f"{missing[0]} is missing; an empty split has no shards")
        return splits

    @model_validator(mode="after")
    def _files_have_a_name_each(self) -> "_Common":
        counts = Counter(entry.file for entry in self.files())
        for name, times in counts.most_common(1):
            if times > 1:
                raise ValueError(f"{name} is listed {times} times")
        return self

    def files(self) -> Sequence[BankEntry | ShardEntry]:
        """Every file of the dataset."""
        raise NotImplementedError


class GeneratedManifest(_Common):
    """`dataset.json` of version 1: samples that were composed from a bank."""

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

    @model_validator(mode="after")
    def _classes_are_stored(self) -> "GeneratedManifest":
        if self.mask.kind == "classes" and self.storage != "rendered":
            raise ValueError("classes need stored pixels: storage must be rendered")
        return self

    @property
    def has_instances(self) -> bool:
        """Whether samples may have several objects, and so an instance map."""
        return bool(self.config.get("objects", (1, 1))[1] > 1)

    @property
    def has_bg(self) -> bool:
        """Whether samples have a background alone; every generated sample has."""
        return True

    @property
    def has_depth(self) -> bool:
        """Whether samples have depth; every generated sample has."""
        return True

    @property
    def identity(self) -> dict[str, Any]:
        """The part of the config that decides the dataset's bytes."""
        return {name: value for name, value in self.config.items() if name not in NOT_IDENTITY}

    def files(self) -> list[BankEntry | ShardEntry]:
        """Every file of the dataset, the bank first."""
        return [self.bank, *(shard for split in self.splits.values() for shard in split.shards)]

    def prove_id(self, path: Place) -> None:
        """Compute the id again from the config and the pictures.

        Raises:
            DatasetError: it is another one; names the file at `path`.
        """
        prove_id(path, self.id, self.identity, self.assets)


class SourceEntry(Record):
    """Where the pictures of a labelled dataset come from; the names of the pictures are in its shards."""

    format: Annotated[str, Field(min_length=1, max_length=100)]
    """The format of the labels, as `voc`."""
    samples: Count
    """How many pictures became samples."""
    left_out: Count
    """How many could not be used."""
    blake3: Hash
    """`hash_sources` of the samples' names and hashes."""
    splits: Literal["official", "drawn"]
    """Whether the source itself says which split a picture belongs to, or shares were drawn."""


class LabelledManifest(_Common):
    """`dataset.json` of version 2: pictures with masks that people made, without a bank."""

    format: Literal["fgbg-dataset"] = "fgbg-dataset"
    version: Literal[2] = 2
    id: Hash
    size: tuple[Side, Side]
    """Canvas (width, height) in pixels."""
    config: dict[str, Any]
    """The part of the import's config that decides the dataset's bytes."""
    libraries: dict[str, str]
    source: SourceEntry
    fields: list[OptionalField]
    """Which optional arrays its shards have."""
    splits: dict[SplitName, SplitEntry]
    mask: MaskEntry
    depth: DepthEntry
    statistics: Statistics
    """The mask of classes has a channel for each class, whose mean is the class's share of the pixels."""

    @field_validator("fields")
    @classmethod
    def _fields_have_one_order(cls, fields: list[OptionalField]) -> list[OptionalField]:
        if fields != [name for name in OPTIONAL_FIELDS if name in fields]:
            raise ValueError(f"must be some of {', '.join(OPTIONAL_FIELDS)} in this order")
        return fields

    @model_validator(mode="after")
    def _samples_add_up(self) -> "LabelledManifest":
        if self.source.samples != (total := sum(split.samples for split in self.splits.values())):
            raise ValueError(f"its splits hold {total} samples together, not {self.source.samples}")
        return self

    @property
    def has_instances(self) -> bool:
        """Whether samples have an instance map."""
        return "instances" in self.fields

    @property
    def has_bg(self) -> bool:
        """Whether samples have a picture of the background alone."""
        return "bg" in self.fields

    @property
    def has_depth(self) -> bool:
        """Whether samples have depth."""
        return "depth" in self.fields

    def files(self) -> Sequence[BankEntry | ShardEntry]:
        """Every file of the dataset."""
        return [shard for split in self.splits.values() for shard in split.shards]

    def prove_id(self, path: Place) -> None:
        """Compute the id again from the config and the hash of the sources.

        Raises:
            DatasetError: it is another one; names the file at `path`.
        """
        prove_labelled_id(path, self.id, self.config, self.source.blake3)


Manifest = GeneratedManifest | LabelledManifest
"""The whole of `dataset.json`."""

_READER: TypeAdapter[Manifest] = TypeAdapter(Annotated[Manifest, Field(discriminator="version")])


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a dataset's folder.

    Raises:
        DatasetError: there is none, it has another format or version, or its id does not match its config and
            pictures.
    """
    path = folder / MANIFEST_FILE
    try:
        content = read_regular(path, MOST_BYTES)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _no_manifest(folder) from error
    except OSError as error:
        raise DatasetError(path, "a file", str(error.strerror or error), COPY_AGAIN) from error
    return parse_manifest(content, path)


def parse_manifest(content: bytes, path: Place) -> Manifest:
    """Read a manifest from the content of its file.

    Raises:
        DatasetError: it has another format or version, or its id does not match its config and pictures.
    """
    try:
        manifest = _READER.validate_json(content)
    except ValidationError as error:
        # The first part of a place is the version.
        found = first_fault(error, below=1)
        raise DatasetError(path, "a dataset of format version 1 or 2", found, COPY_AGAIN) from error
    manifest.prove_id(path)
    return manifest


def _no_manifest(folder: Path) -> DatasetError:
    if not folder.is_dir():
        problem = "is not a folder" if folder.exists() else "does not exist"
        return DatasetError(folder, "", problem, MAKE_FIRST)
    if (folder / JOURNAL_FILE).exists() or any(folder.glob("*.h5")):
        return unfinished(folder)
    return DatasetError(folder, "", f"holds no dataset ({MANIFEST_FILE} is missing)", MAKE_FIRST)


def unfinished(folder: Place) -> DatasetError:
    """The error for a folder whose dataset is not finished yet."""
    fix = "run 'fgbg generate' or 'fgbg import' again to continue it"
    return DatasetError(folder, "", "holds an unfinished dataset", fix)
