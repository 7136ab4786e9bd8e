"""Makes the stored datasets of format version 2; those of version 1 were made by an earlier release.

Run it only for a new format version: the datasets that are stored must stay readable as they are.

python tests/stored/make.py
"""

from pathlib import Path

import numpy as np
from blake3 import blake3

from generator.format.identity import hash_sources, labelled_id
from generator.format.labelled_shards import LabelledPixels, write_labelled_shard
from generator.format.manifest import (
    AlphaMask,
    ClassMask,
    DepthEntry,
    LabelledManifest,
    MaskEntry,
    SourceEntry,
)
from generator.format.moments import labelled_sums
from generator.format.pixels import OPTIONAL_FIELDS, OptionalField
from generator.format.records import ShardEntry, SplitEntry, Statistics

HERE = Path(__file__).parent
SIZE, COUNT, SHARD = (6, 4), 3, "train-00000.h5"
NAMES = ["first/one", "first/zw\u00f6lf", "second/\u732b"]
CLASSES = ClassMask(names=["sky", "road"], colours=[[0, 0, 200], [90, 90, 90]])


def draw(mask: MaskEntry, fields: tuple[OptionalField, ...]) -> LabelledPixels:
    """Arrays of numbers that do not repeat."""
    pixels = LabelledPixels.empty(COUNT, SIZE, fields)
    for step, (_, array) in enumerate(pixels.items(), 1):
        array[...] = (np.arange(array.size) * 37 * step).reshape(array.shape) % (
            np.iinfo(array.dtype).max + 1
        )
    pixels.mask %= 2 if mask.kind == "classes" else 127
    pixels.mask[:, 0, :2] = 255 if mask.kind == "classes" else 127
    hashes = b"".join(blake3(name.encode()).digest() for name in NAMES)
    pixels.source_hash[...] = np.frombuffer(hashes, np.uint8).reshape(-1, 32)
    return pixels


def make(name: str, mask: MaskEntry, fields: tuple[OptionalField, ...]) -> None:
    """Write a dataset, and beside it the arrays that it must be read as."""
    out = HERE / name
    out.mkdir()
    pixels = draw(mask, fields)

    def fill(block: slice, arrays: LabelledPixels) -> None:
        for field, array in arrays.items():
            array[...] = getattr(pixels, field)[block]

    ids = np.array([2, 0, 1], np.uint64)
    written = write_labelled_shard(out / SHARD, ids, NAMES, SIZE, fields, fill, 1)
    shard = ShardEntry(file=SHARD, samples=COUNT, bytes=written.bytes, blake3=written.blake3)
    sources = hash_sources(
        sorted((one, blake3(one.encode()).digest()) for one in NAMES)  # what each sample was made of
    )
    config = {"format": "folder", "fit": "pad"}
    empty = SplitEntry(samples=0, shards=[])
    manifest = LabelledManifest(
        id=labelled_id(config, sources),
        size=SIZE,
        config=config,
        libraries={"fgbg": "0.1.0"},
        source=SourceEntry(format="folder", samples=COUNT, left_out=1, blake3=sources, splits="official"),
        fields=list(fields),
        splits={"train": SplitEntry(samples=COUNT, shards=[shard]), "val": empty, "test": empty},
        mask=mask,
        depth=DepthEntry(sources=["files"] if "depth" in fields else [], pseudo=False),
        statistics=Statistics(
            samples=COUNT,
            fields={field: sums.moments() for field, sums in labelled_sums(pixels, mask).items()},
        ),
    )
    (out / "dataset.json").write_bytes(manifest.model_dump_json(indent=1).encode() + b"\n")
    np.savez_compressed(HERE / f"{name}-expected.npz", **dict(pixels.items()))


def main() -> None:
    make("v2-classes", CLASSES, OPTIONAL_FIELDS)
    make("v2-alpha", AlphaMask(void=127), ())


if __name__ == "__main__":
    main()
