"""The ids of datasets: hashes of everything that decides their bytes, so that a manifest proves itself."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from blake3 import blake3

from generator.errors import COPY_AGAIN, DatasetError, one_line
from generator.format.assets import AssetKind, Assets, hashes_by_name

HASH_BYTES = 32
"""The length of a BLAKE3 hash."""


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
    _require_same(path, id_, proved)


def hash_sources(samples: Iterable[tuple[str, bytes]]) -> str:
    """One hash of everything that the samples of a labelled dataset were made of.

    Args:
        samples: the name of each sample and the hash of its files (32 bytes), sorted by name.
    """
    all_of_them = blake3()
    for name, hash_ in samples:
        encoded = encode_name(name)
        all_of_them.update(len(encoded).to_bytes(4, "little") + encoded + hash_)
    return all_of_them.hexdigest()


def labelled_id(config: Mapping[str, Any], sources: str) -> str:
    """A labelled dataset's id: a hash of everything that decides its bytes.

    Args:
        config: the part of the import's config that decides them.
        sources: `hash_sources` of all samples.
    """
    return blake3(json.dumps([2, config, sources], sort_keys=True).encode()).hexdigest()


def prove_labelled_id(path: Path | str, id_: str, config: Mapping[str, Any], sources: str) -> None:
    """Compute a labelled dataset's id again and compare.

    Args:
        path: of the file that holds the id, for the error.
        id_: the stored id.
        config: as for `labelled_id`.
        sources: as for `labelled_id`.

    Raises:
        DatasetError: the ids differ.
    """
    try:
        proved = labelled_id(config, sources)
    except (ValueError, RecursionError) as error:
        raise DatasetError(path, "a config", one_line(error), COPY_AGAIN) from error
    _require_same(path, id_, proved)


def encode_name(name: str) -> bytes:
    """The bytes of a sample's name, UTF-8; those of a file's name that are not UTF-8 stay as they are."""
    return name.encode("utf-8", "surrogateescape")


def _require_same(path: Path | str, id_: str, proved: str) -> None:
    if id_ != proved:
        expected = f"id {proved[:16]}..., as its config and pictures give"
        raise DatasetError(path, expected, f"id {id_[:16]}...", COPY_AGAIN)
