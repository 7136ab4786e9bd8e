from pathlib import Path

import pytest

from generator.config import GenerateConfig
from generator.errors import DatasetError
from generator.pipeline import generate
from generator.reading.dataset import open_dataset
from generator.reading.selection import filled_split, spread


@pytest.mark.parametrize(
    ("total", "count", "rows"),
    [(10, 4, [0, 2, 5, 7]), (3, 3, [0, 1, 2]), (2, 5, [0, 1]), (0, 5, []), (400_000, 2, [0, 200_000])],
)
def test_rows_are_spread_evenly(total: int, count: int, rows: list[int]) -> None:
    assert spread(total, count).tolist() == rows


def test_an_empty_split_is_refused_and_the_others_named(
    request_fields: dict[str, object], tmp_path: Path
) -> None:
    generate(GenerateConfig(**{**request_fields, "split": None, "samples": 5}, out=tmp_path, render=False))
    dataset = open_dataset(tmp_path)
    assert len(filled_split(dataset, "train")) == 5
    with pytest.raises(DatasetError, match=r"has no samples in val\. Use `subset` with one of: train"):
        filled_split(dataset, "val")
