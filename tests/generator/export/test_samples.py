from pathlib import Path

import cv2
import numpy as np
import pytest

import generator.export.samples
from generator.export.samples import Encoder, read_samples, sample_name
from generator.format.manifest import AlphaMask
from generator.reading.dataset import open_dataset


def test_names_sort_as_numbers_do() -> None:
    numbers = [0, 9, 10, 12345, 999_999_999_999]
    names = [sample_name(number) for number in numbers]
    assert names[3] == "000000012345" and sorted(names) == names and len(set(names)) == 5


def test_reading_in_steps_gives_every_sample(crowded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator.export.samples, "_READ_BYTES", 4 * 32 * 24 * 7)
    dataset = open_dataset(crowded)
    split = dataset["train"]
    expected = split.read(np.arange(3, 13))
    found = [
        (sample.sample_id, sample.pixels["fg_bg"].copy())
        for sample in read_samples(dataset, "train", range(3, 13))
    ]
    assert [number for number, _ in found] == split.samples["sample_id"][3:13].tolist()
    assert (np.array([pixels for _, pixels in found]) == expected.fg_bg).all()


@pytest.mark.parametrize("kept", [0, 2**20])
def test_a_remembered_background_is_the_right_one(
    unrendered: Path, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr(generator.export.samples, "_KEPT_BYTES", kept)
    encoder = Encoder("png", None, AlphaMask())
    for sample in read_samples(open_dataset(unrendered), "train", range(40)):
        stored = cv2.imdecode(np.frombuffer(encoder.encode("bg", sample), np.uint8), cv2.IMREAD_COLOR)
        assert (stored[..., ::-1] == sample.pixels["bg"]).all()
