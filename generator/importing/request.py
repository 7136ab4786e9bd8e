"""Everything that decides an imported dataset's bytes, and how it differs from a dataset that is there."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from blake3 import blake3

from generator.errors import AssetError
from generator.existing_dataset import Existing
from generator.format.journal import ImportRequest
from generator.format.manifest import LabelledManifest
from generator.format.pixels import OptionalField
from generator.importing.config import ImportConfig
from generator.importing.source_files import hash_listing
from generator.label_formats.items import Item, LabelSource


@dataclass(frozen=True)
class Request:
    """A dataset to import.

    Attributes:
        config: of the dataset.
        source: its pictures.
        identity: the config and the meaning of the masks, as JSON values.
    """

    config: ImportConfig
    source: LabelSource
    identity: dict[str, Any]

    @classmethod
    def of(cls, config: ImportConfig, source: LabelSource) -> "Request":
        """The request for a source that was listed.

        Raises:
            AssetError: it lists no pictures, or the file of labels cannot be read.
        """
        items, problems = _with_a_name_each(source.items)
        source = replace(source, items=items, problems=[*source.problems, *problems])
        if not items:
            first = f" ({source.problems[0]})" if source.problems else ""
            fix = "check the path, or choose another format"
            raise AssetError(config.source, "", f"holds no labelled pictures of {config.format}{first}", fix)
        try:
            identity = config.identity()
        except OSError as error:
            found = f"cannot be read: {error.strerror or error}"
            raise AssetError(config.labels or "", "", found, "check the path") from error
        return cls(config, source, identity | {"levels": source.mask.model_dump(mode="json")})

    @cached_property
    def fields(self) -> list[OptionalField]:
        """Which optional arrays the dataset has: those that at least one picture has."""
        items = self.source.items
        there: dict[OptionalField, bool] = {
            "bg": any(item.bg is not None for item in items),
            "depth": any(item.depth is not None for item in items),
            "instances": self.source.instances,
        }
        return [name for name, has in there.items() if has]

    @cached_property
    def stored(self) -> ImportRequest:
        """The request as the journal keeps it."""
        items = self.source.items
        return ImportRequest(config=self.identity, pictures=len(items), listing=hash_listing(items))

    @property
    def id(self) -> str:
        """A hash of the request."""
        return blake3(self.stored.model_dump_json().encode()).hexdigest()

    def difference(self, existing: Existing) -> str | None:
        """How the dataset that is there differs, as in "was made with other options"; None if it does not.

        The content of the pictures is not compared.
        """
        if existing.is_generated:
            return "holds a dataset of 'fgbg generate'"
        head, manifest = existing.journal.head, existing.manifest
        stored = head.request if head is not None else None
        if isinstance(manifest, LabelledManifest):
            found: Mapping[str, Any] = manifest.config
        elif stored is not None:
            found = stored.config
        else:
            return None
        fields = [name for name in self.identity if found.get(name) != self.identity[name]]
        if fields:
            each = (
                f"{name}: {_short(found.get(name))}, now {_short(self.identity[name])}" for name in fields
            )
            return f"was made with other options ({'; '.join(each)})"
        if stored is not None and stored != self.stored:
            return f"was made of other pictures ({stored.pictures:,} then, {self.stored.pictures:,} now)"
        return None


def _with_a_name_each(items: Sequence[Item]) -> tuple[list[Item], list[AssetError]]:
    """The items without those that have the name of an earlier one, and an error for each of these."""
    kept: dict[str, Item] = {}
    problems = []
    for item in items:
        first = kept.setdefault(item.name, item)
        if first is not item:
            found = f"{item.name}, which is that of {first.picture}"
            problems.append(AssetError(item.picture, "a name of its own", found, "rename one of them"))
    return list(kept.values()), problems


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
