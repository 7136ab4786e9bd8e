"""Reading labelled datasets: the same face as generated ones, with what is missing read as zeros."""

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from generator.errors import DatasetError
from generator.files import hash_file
from generator.format.manifest import AlphaMask
from generator.format.pixels import OPTIONAL_FIELDS
from generator.reading.dataset import open_dataset
from generator.reading.seen_objects import instance_maps, seen_objects


def test_what_there_is_not_is_read_as_zeros(photos: Path) -> None:
    dataset = open_dataset(photos)
    split = dataset["val"]
    assert dataset.bank is None and not (split.has_bg or split.has_depth or split.has_instances)
    batch = split.read([2, 0, 2])
    assert batch.bg.shape == (3, 24, 32, 3) and not batch.bg.any() and not batch.depth.any()
    assert batch.fg_bg[0].any() and (batch.fg_bg[0] == batch.fg_bg[2]).all() and batch.instances is None
    batch.bg[...] = batch.depth[...] = 9  # memory that is used again is overwritten
    again = split.read([1, 2, 0], out=batch)
    assert not again.bg.any() and not again.depth.any()


def test_samples_are_read_from_any_shard_in_any_order(labelled: Path) -> None:
    split = open_dataset(labelled)["train"]
    shards = sorted(labelled.glob("train-*.h5"))
    assert len(shards) >= 3 and len(split) > 32
    arrays = {}
    for name in ("fg_bg", "mask", "bg", "depth"):
        parts = []
        for path in shards:
            with h5py.File(path) as file:
                parts.append(file[name][:])
        arrays[name] = np.concatenate(parts)
    rows = [len(split) - 1, 0, 17, 33, 17]
    batch = split.read(rows)
    for name, array in arrays.items():
        assert (getattr(batch, name) == array[rows]).all()


def test_every_sample_has_a_name_and_is_a_scene_of_its_own(photos: Path) -> None:
    split = open_dataset(photos)["train"]
    names = [split.name_of(row) for row in range(len(split))]
    assert names == [f"train/picture {number:04d}" for number in split.sample_ids.tolist()]
    assert len(set(names)) == len(split) and split.scenes.tolist() == list(range(len(split)))
    assert split.scene_depth(np.array([0])) is None


def test_a_split_can_be_pickled(photos: Path) -> None:
    split = pickle.loads(pickle.dumps(open_dataset(photos)))["val"]
    assert (split[0].mask == open_dataset(photos)["val"][0].mask).all()


def test_an_alpha_shows_one_object_and_void_pixels_none(photos: Path) -> None:
    split = open_dataset(photos)["val"]
    batch = split.read([0])
    instances = instance_maps(batch, split.mask)
    assert (instances == (batch.mask == 255)).all()
    (seen,) = seen_objects(split, 0, instances[0], batch.mask[0])
    assert (seen.fg, seen.sprite, seen.number) == ("object", None, 1)
    assert seen.area == np.count_nonzero(batch.mask[0] == 255)


def test_classes_without_instances_show_no_objects(labelled: Path) -> None:
    split = open_dataset(labelled)["val"]
    assert not instance_maps(split.read([0, 1]), split.mask).any()


def test_instances_are_objects_of_the_class_that_most_of_their_pixels_have(
    write_labelled: Callable[..., Path], tmp_path: Path
) -> None:
    folder = write_labelled(tmp_path, AlphaMask(), OPTIONAL_FIELDS)
    split = open_dataset(folder)["train"]
    batch = split[:]
    assert split.has_instances and batch.instances is not None
    counts = [
        len(seen_objects(split, row, batch.instances[row], batch.mask[row])) for row in range(len(split))
    ]
    assert set(counts) == {1, 2}


def test_a_number_that_is_no_class_is_refused(labelled: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(labelled, tmp_path / "copy")
    path = folder / "val-00000.h5"
    with h5py.File(path, "r+") as file:
        file["mask"][1, 2, 3] = 4
    manifest = json.loads((folder / "dataset.json").read_text())
    manifest["splits"]["val"]["shards"][0]["blake3"] = hash_file(path)
    (folder / "dataset.json").write_text(json.dumps(manifest))
    split = open_dataset(folder)["val"]
    split.read([0, 2])
    with pytest.raises(
        DatasetError, match=r"mask of sample 1: expected classes from 0 to 3, or 255 .* found 4 at x 3, y 2"
    ):
        split.read([0, 1])
