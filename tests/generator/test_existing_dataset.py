import time
from pathlib import Path

import pytest

from generator.errors import ConfigError
from generator.existing_dataset import Existing
from generator.format.journal import Journal
from generator.format.manifest import read_manifest
from generator.output import Output


class _Listed(Output):
    """A folder that is said to hold some files."""

    def __init__(self, folder: Path, listed: list[str]) -> None:
        super().__init__(folder)
        self._listed = listed

    def names(self) -> list[str]:
        return self._listed


def test_the_files_of_many_shards_are_found_in_a_moment(unrendered: Path) -> None:
    manifest = read_manifest(unrendered)
    train = manifest.splits["train"]
    shards = [
        train.shards[0].model_copy(update={"file": f"train-{number:05d}.h5"}) for number in range(20_000)
    ]
    many = manifest.model_copy(
        update={"splits": manifest.splits | {"train": train.model_copy(update={"shards": shards})}}
    )
    names = ["bank.h5", "dataset.json", "notes.txt", *(shard.file for shard in shards)]
    journal, header = Journal(unrendered / "no"), None
    began = time.process_time()
    existing = Existing(_Listed(unrendered, names), many, journal, header)
    existing.refuse_foreign()
    assert existing.files == [name for name in names if name != "notes.txt"]
    # Looking for each name among all others takes minutes.
    assert time.process_time() - began < 3
    with pytest.raises(ConfigError, match=r"train-20000\.h5 was not written by fgbg"):
        Existing(_Listed(unrendered, [*names, "train-20000.h5"]), many, journal, header).refuse_foreign()
