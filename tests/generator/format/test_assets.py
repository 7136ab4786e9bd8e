import json
import tracemalloc
from pathlib import Path

import pytest

from generator.errors import DatasetError
from generator.format.assets import Asset
from generator.format.manifest import parse_manifest

HASH = "0123456789abcdef" * 4


def test_a_picture_takes_little_memory() -> None:
    tracemalloc.start()
    assets = [Asset(name="a", hash=HASH, split="train") for _ in range(1000)]
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    # A model takes 700 bytes, because it has a dictionary of fields and a set of those that were given.
    assert len(assets) == 1000 and taken < 150 * 1000


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"colour": "red"}, r"colour: unknown"),
        ({"split": "all"}, r"split: not "),
        ({"hash": "0"}, r"hash: not "),
    ],
)
def test_a_wrong_field_is_named(unrendered: Path, change: dict[str, str], said: str) -> None:
    manifest = json.loads((unrendered / "dataset.json").read_bytes())
    manifest["assets"]["bg"][1] |= change
    with pytest.raises(DatasetError, match=r"found assets\.bg\.1\." + said):
        parse_manifest(json.dumps(manifest).encode(), unrendered / "dataset.json")


def test_what_is_not_there_is_not_written(unrendered: Path) -> None:
    content = (unrendered / "dataset.json").read_bytes()
    assets = json.loads(content)["assets"]
    assert not any("depth_hash" in asset for asset in assets["fg"])
    assert any("depth_hash" in asset for asset in assets["bg"])
    manifest = parse_manifest(content, unrendered / "dataset.json")
    assert manifest.model_dump_json(indent=1).encode() + b"\n" == content
