from pathlib import Path

from fgbg.app.samples import filled_splits, placements_record, sample_record, shown_sample
from generator.reading.dataset import open_dataset


def test_a_sample_and_its_record(unrendered: Path) -> None:
    dataset = open_dataset(unrendered)
    assert filled_splits(dataset) == ["val", "test", "train"]
    shown = shown_sample(dataset, "val", 2)
    assert [one.title for one in shown] == ["bg", "fg_bg", "mask", "depth"]
    assert {one.pixels.shape for one in shown} == {(288, 384, 3)}
    split = dataset["val"]
    sample, (placement,) = split.samples[2], placements_record(dataset, "val", 2)
    assert sample_record(dataset, "val", 2) == {
        "sample": "val 2",
        "sample_id": str(sample["sample_id"]),
        "background": dataset.manifest.assets["bg"][sample["bg"]].name,
    }
    stored = split.placements[sample["first"]]
    assert placement["kind"] == "object" and placement["foreground"].endswith(".png")
    assert placement["left, top"] == f"{stored['x']}, {stored['y']}"
    assert placement["visible pixels"] == str((split[2].mask >= 128).sum())


def test_objects_shadows_and_empty_scenes(crowded: Path) -> None:
    dataset = open_dataset(crowded)
    kinds = set()
    for row, sample in enumerate(dataset["train"].samples):
        record = placements_record(dataset, "train", row)
        assert len(record) == sample["count"]
        kinds |= {tuple(sorted({line["kind"] for line in record}))}
        for line in record:
            assert bool(line["foreground"]) is (line["kind"] == "object")
    assert {(), ("object",), ("object", "shadow")} <= kinds
    assert shown_sample(dataset, "train", 0)[-1].title == "instances"
