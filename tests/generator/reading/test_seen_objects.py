from pathlib import Path

import numpy as np

from generator.reading.dataset import open_dataset
from generator.reading.seen_objects import instance_maps, seen_objects


def test_one_object_is_its_mask_from_one_half_on(unrendered: Path) -> None:
    dataset = open_dataset(unrendered)
    split = dataset["val"]
    batch = split.read([3])
    instances = instance_maps(batch, split.mask)[0]
    assert (instances == (batch.mask[0] >= 128)).all()
    (seen,) = seen_objects(split, 3, instances, batch.mask[0])
    y, x = np.nonzero(batch.mask[0] >= 128)
    assert seen.number == 1 and seen.area == len(x)
    assert seen.box == (x.min(), y.min(), np.ptp(x) + 1, np.ptp(y) + 1)
    sprite = split.placements["sprite"][split.samples["first"][3]]
    assert seen.fg == dataset.manifest.assets["fg"][dataset.bank.sprite_fg[sprite]].name


def test_several_objects_come_from_back_to_front_without_their_shadows(crowded: Path) -> None:
    dataset = open_dataset(crowded)
    split = dataset["train"]
    batch = split.read(np.arange(len(split)))
    found = set()
    for row, instances in enumerate(instance_maps(batch, split.mask)):
        seen = seen_objects(split, row, instances, batch.mask[row])
        assert [one.number for one in seen] == list(range(1, len(seen) + 1))
        assert all(one.sprite < dataset.bank.objects for one in seen)
        assert sum(one.area for one in seen) == np.count_nonzero(instances)
        found.add(len(seen))
    assert found == {0, 1, 2, 3}


def test_a_hidden_object_has_no_box(crowded: Path) -> None:
    dataset = open_dataset(crowded)
    split = dataset["train"]
    row = int(np.argmax(split.samples["count"]))
    nothing = np.zeros((24, 32), np.uint8)
    seen = seen_objects(split, row, nothing, nothing)
    assert seen and all(one.box is None and one.area == 0 for one in seen)
