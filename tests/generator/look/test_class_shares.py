import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from fgbg.cli import main
from generator.look.class_shares import ClassCounter
from generator.look.stats_chart import Bars, draw_panels
from generator.reading.dataset import open_dataset


def test_shares_are_of_pixels_that_are_not_void() -> None:
    counter = ClassCounter(["sky", "road", "car"])
    counter.add(np.array([[[0, 0, 0, 255]], [[0, 1, 255, 255]]], np.uint8))
    counter.add(np.array([[[0, 1, 1, 1]]], np.uint8))
    sky, road, car = counter.shares()
    assert (sky.share, sky.samples) == (5 / 9, 3)
    assert (road.share, road.samples) == (4 / 9, 2)
    assert (car.share, car.samples) == (0, 0)
    assert counter.void() == 3 / 12


def test_nothing_but_void_has_no_shares() -> None:
    counter = ClassCounter(["sky", "road"])
    counter.add(np.full((1, 2, 2), 255, np.uint8))
    assert [one.share for one in counter.shares()] == [0, 0] and counter.void() == 1


def test_the_command_shows_classes_in_a_table_and_a_chart(labelled: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["stats", str(labelled), "--out", str(tmp_path), "--samples", "all"])
    assert result.exit_code == 0, result.stderr
    masks = open_dataset(labelled)["train"][:].mask
    counted = masks[masks != 255]
    stats = json.loads((tmp_path / "stats.json").read_text())
    assert [one["name"] for one in stats["classes"]] == ["none", "left", "middle", "right"]
    for number, one in enumerate(stats["classes"]):
        share = (counted == number).mean()
        assert one["share"] == pytest.approx(share, abs=1e-6)
        assert f"{share:.2%}" in result.stdout
        assert one["samples"] == (masks == number).any(axis=(1, 2)).sum()
    assert stats["coverage"] is stats["positions"] is stats["objects_per_sample"] is None
    assert stats["fields"]["mask"]["mean"] == [
        pytest.approx(one["share"], abs=1e-6) for one in stats["classes"]
    ]
    assert (tmp_path / "stats.png").stat().st_size > 1000


def test_many_classes_and_no_bars_are_drawn() -> None:
    for names in ([], [f"class \u202e{number}" for number in range(254)]):
        assert draw_panels("t", [Bars("a", "b", dict.fromkeys(names, 1.0))])[:4] == b"\x89PNG"
