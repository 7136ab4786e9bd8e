import pytest

from generator.export.contents import Contents
from generator.export.formats import FORMATS, FormatName, make_format


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("instances", [False, True])
def test_a_format_owns_what_it_writes(name: FormatName, instances: bool) -> None:
    made = make_format(name, "jpg", Contents(instances=instances))
    paths = [f"{split}-000012.tar" for split in ("train", "val", "test")] if made.in_tar else []
    if not made.in_tar:
        paths += made.members("val", "000000000007").values()
    paths += made.summaries("id", {"train": [], "test": []})
    for path in paths:
        assert made.owned.fullmatch(path), path
    for foreign in (
        "notes.txt",
        "val/mask/mine.png",
        "images/cat.jpg",
        "backup.tar",
        "other/000000000007.png",
    ):
        assert not made.owned.fullmatch(foreign)


def test_instances_are_exported_where_there_are_some() -> None:
    assert "instances" in make_format("webdataset", "png", Contents(instances=True)).members("train", "1")
    assert "instances" not in make_format("webdataset", "png", Contents()).members("train", "1")
