from pathlib import Path

import pytest

import generator.estimate
from generator.config import GenerateConfig
from generator.errors import ConfigError
from generator.estimate import Estimate, check_numbers, estimate_bytes


@pytest.mark.parametrize("render", [True, False])
def test_the_estimate_for_a_hundred_by_a_hundred(render: bool) -> None:
    config = GenerateConfig(render=render, split=None)
    pixels = 400_000 * 192 * 192 * 6 if render else 0
    bank = 100 * 96 * 96 * 4 + 100 * 192 * 192 * 5
    assert estimate_bytes(config, 100, 100) == pytest.approx(bank + 400_000 * 36 + pixels, rel=0.06)
    # Of 100 x 100 pairs, 80 x 80 + 10 x 10 + 10 x 10 remain in the splits.
    split = GenerateConfig(render=render)
    assert estimate_bytes(split, 100, 100) - bank == pytest.approx(264_000 * 36 + pixels * 0.66, rel=0.12)


def test_what_is_large_is_said_with_the_time_and_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generator.estimate, "_rate", lambda folder, workers: 500e6)
    config = GenerateConfig(out=tmp_path, positions=20)
    said = Estimate.of(config, 100, 100).describe(config, 2)
    assert (
        said == "dataset: about 264,000 samples, 58.4 GB, about 2 min; `render=False` needs 32.7 MB instead"
    )


@pytest.mark.parametrize(("positions", "render"), [(1, True), (20, False)])
def test_what_is_small_is_said_shortly(tmp_path: Path, positions: int, render: bool) -> None:
    config = GenerateConfig(out=tmp_path, positions=positions, render=render, split=None)
    fgs = 10 if render else 100
    said = Estimate.of(config, fgs, fgs).describe(config, 1)
    assert said.startswith("dataset: about") and "min" not in said and "`render=False`" not in said


def test_of_a_huge_dataset_larger_shards_are_recommended(tmp_path: Path) -> None:
    def said(samples: int, **fields: int) -> str:
        config = GenerateConfig(out=tmp_path, samples=samples, render=False, positions=1, **fields)
        return Estimate.of(config, 10**6, 10**6).describe(config, 1)

    advice = "; `shard_samples=1048576` makes 954 files instead of 976,563, which is faster"
    assert said(10**9).endswith(advice)
    assert "shard_samples" not in said(1024 * 10_000) + said(10**9, shard_samples=2**20)


def test_the_disk_is_tried_out_and_left_clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator.estimate, "_TRIAL_BYTES", 2**20)
    assert 0 < generator.estimate._rate(tmp_path, 2) <= 3e9
    assert not list(tmp_path.iterdir())


def test_more_numbers_than_memory_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    config = GenerateConfig(positions=1000)
    monkeypatch.setattr(generator.estimate, "physical_memory", lambda: 4 * 2_000_000)
    check_numbers(config, 10, 151)  # 10 x 151 x 2 x 1000 x (0.64 + 0.01 + 0.01)
    with pytest.raises(ConfigError, match=r"`samples`: expected numbers .* 8\.0 MB, found 8\.0 MB of them"):
        check_numbers(config, 10, 152)
    check_numbers(GenerateConfig(positions=1000, samples=10), 10, 152)  # only the samples that are kept
    monkeypatch.setattr(generator.estimate, "MOST_SORTED", 10_000)
    check_numbers(config, 10**6, 10**6)  # their numbers are calculated
    monkeypatch.setattr(generator.estimate, "physical_memory", lambda: None)
    check_numbers(config, 10, 152)
