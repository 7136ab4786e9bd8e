import gc
import json
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest
import webdataset

import generator.export.blocks
from generator.export.config import ExportConfig
from generator.export.pipeline import export_dataset
from generator.reading.dataset import open_dataset


@pytest.fixture(scope="module")
def out(crowded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("webdataset")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generator.export.blocks, "ARCHIVE_SAMPLES", 25)
        export_dataset(ExportConfig(data=crowded, out=folder, format="webdataset", workers=1))
    return folder


def sixteen_bits(key: str, content: bytes) -> np.ndarray | None:
    if not key.endswith("depth.png"):
        return None
    return np.asarray(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED))


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_webdataset_reads_every_sample_back(crowded: Path, out: Path) -> None:
    split = open_dataset(crowded)["train"]
    batch = split.read(np.arange(len(split)))
    shards = sorted(str(path) for path in out.glob("train-*.tar"))
    assert len(shards) == -(-len(split) // 25) > 1
    stream = webdataset.WebDataset(shards, shardshuffle=False).decode(sixteen_bits, "rgb8")
    rows = list(stream)
    # webdataset does not close the archives that it reads; the garbage collector does.
    del stream
    gc.collect()
    assert [row["__key__"] for row in rows] == [f"{number:012d}" for number in split.samples["sample_id"]]
    for place, row in enumerate(rows):
        assert (row["bg.png"] == batch.bg[place]).all() and (row["fg_bg.png"] == batch.fg_bg[place]).all()
        assert (row["mask.png"][..., 0] == batch.mask[place]).all()
        assert row["depth.png"].dtype == np.uint16 and (row["depth.png"] == batch.depth[place]).all()
        assert batch.instances is not None and (row["instances.png"][..., 0] == batch.instances[place]).all()
        assert row["json"]["split"] == "train" and len(row["json"]["fg"]) == len(row["json"]["boxes"])


def test_archives_say_nothing_of_when_and_by_whom(out: Path) -> None:
    with tarfile.open(out / "train-000000.tar") as archive:
        members = archive.getmembers()
        assert {(member.mtime, member.uid, member.gid, member.uname, member.mode) for member in members} == {
            (0, 0, 0, "", 0o644)
        }
        first = [member.name.partition(".")[2] for member in members[:6]]
        assert first == ["bg.png", "fg_bg.png", "mask.png", "depth.png", "instances.png", "json"]
        content = archive.extractfile(members[5])
        assert content is not None and json.load(content)["name"] == members[5].name.removesuffix(".json")
