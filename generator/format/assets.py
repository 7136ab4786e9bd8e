"""The pictures that a generated dataset was made from, as its manifest and its bank list them."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, SerializerFunctionWrapHandler, model_serializer
from pydantic.dataclasses import dataclass

from generator.format.records import Hash, Record
from generator.splits import SplitName

AssetKind = Literal["fg", "bg"]

FROM_FILE, FROM_PLANE = "files", "plane"
"""Sources of a background's depth that are not networks: a file beside it, or an assumed plane."""

NOT_IDENTITY = frozenset({"fg", "bg", "out", "workers", "depth_cache", "runner", "ray_address"})
"""Fields of the config that do not change the bytes of the dataset."""


# Not a model, which would take 500 bytes more of memory for each picture.
@dataclass(slots=True, kw_only=True, config=Record.model_config)
class Asset:
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


def hashes_by_name(assets: Sequence[Asset]) -> dict[str, str]:
    """The hash of each picture by its name."""
    return {asset.name: asset.hash for asset in assets}
