import gc
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.config import GenerateConfig
from generator.format.bank import Bank
from generator.format.pixels import Pixels
from generator.format.tables import PLACEMENT, SAMPLE
from generator.pipeline import generate
from generator.reading.composite import Renderer
from generator.reading.dataset import open_dataset
from generator.reading.split import Split
from training.batches import device_render
from training.batches.batch import IntegerBatch
from training.batches.device_render import DeviceRenderer, ResidentBank

CPU = torch.device("cpu")


def rendered_on_device(split: Any, rows: np.ndarray) -> IntegerBatch:
    return DeviceRenderer(split, ResidentBank(split.bank, CPU), CPU).render(rows)


def assert_equal(batch: IntegerBatch, expected: Any) -> None:
    for name in ("bg", "fg_bg", "mask"):
        tensor = getattr(batch, name)
        assert tensor.dtype == torch.uint8
        assert np.array_equal(tensor.numpy(), getattr(expected, name)), name
    assert batch.depth.dtype == torch.int16
    assert np.array_equal(batch.depth.numpy().view(np.uint16), expected.depth)


@pytest.fixture(scope="module")
def everything(pictures: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Split:
    """A train split of scenes that use all options of `generate`."""
    fg, bg = pictures
    out = tmp_path_factory.mktemp("everything")
    scenes = {"objects": (1, 3), "overlap": 1, "truncate": 0.5, "empty": 0.2, "shadow": 0.7, "harmonise": 0.8}
    looks = {"variants": 3, "scale": (0.5, 1.5), "rotate": 20, "brightness": 0.3, "blend": "mixed"}
    generate(
        GenerateConfig(
            fg=fg,
            bg=bg,
            out=out,
            size=(40, 24),
            fg_size=9,
            split=None,
            samples=120,
            render=False,
            perspective=True,
            **scenes,
            **looks,
        )
    )
    return open_dataset(out)["train"]


@pytest.mark.parametrize("block_pixels", [2**22, 40 * 24 * 7])
def test_scenes_with_everything_are_equal_to_the_bit(
    everything: Split, monkeypatch: pytest.MonkeyPatch, block_pixels: int
) -> None:
    monkeypatch.setattr(device_render, "_BLOCK_PIXELS", block_pixels)
    rows = np.random.default_rng(0).permutation(120)
    counts = everything.samples["count"]
    assert {0, 1}.issubset(counts) and counts.max() > 3
    kinds, gains = everything.placements["kind"], everything.placements["gain"]
    assert set(kinds) == {0, 1} and (gains != 256).any() and everything.placements["flip"].any()
    assert_equal(rendered_on_device(everything, rows), everything.read(rows))


def test_no_samples_and_samples_that_are_not_there(everything: Split) -> None:
    assert rendered_on_device(everything, np.zeros(0, np.int64)).fg_bg.shape == (0, 24, 40, 3)
    for rows in ([-1], [0, 120]):
        with pytest.raises(IndexError):
            rendered_on_device(everything, np.array(rows))


def a_split(bank: Bank, samples: np.ndarray, placements: np.ndarray) -> Any:
    height, width = bank.bg.shape[1:3]

    def rows(indices: np.ndarray) -> np.ndarray:
        return indices

    return SimpleNamespace(bank=bank, samples=samples, placements=placements, size=(width, height), rows=rows)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32), counts=st.lists(st.integers(0, 5), min_size=1, max_size=6), far=st.booleans()
)
def test_any_tables_are_equal_to_the_bit(seed: int, counts: list[int], far: bool) -> None:
    """Sprites of any size, gain and opacity, at any position, also completely outside the canvas."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 8, (4, 2)).astype(np.uint16)
    sprites = rng.integers(0, 256, (4, 7, 7, 4), np.uint8)
    for sprite, (height, width) in zip(sprites, sizes, strict=True):
        sprite[height:], sprite[:, width:] = 0, 0
    sprites[0, ..., 3] = 0
    bank = Bank(
        np.zeros(0, np.uint8),
        sprites,
        sizes,
        np.arange(4, dtype=np.uint32),
        rng.integers(0, 256, (3, 6, 9, 3), np.uint8),
        rng.integers(0, 2**16, (3, 6, 9), np.uint16),
    )
    total, reach = sum(counts), 32767 if far else 10
    placements = np.zeros(total, PLACEMENT)
    placements["sprite"] = rng.integers(0, 4, total)
    placements["x"], placements["y"] = rng.integers(-reach, reach + 1, (2, total))
    placements["flip"], placements["kind"] = rng.integers(0, 2, (2, total))
    placements["depth"] = rng.integers(0, 2**16, total)
    placements["gain"] = rng.choice([0, 200, 256, 300, 65535], (total, 3))
    samples = np.zeros(len(counts), SAMPLE)
    samples["count"] = counts
    samples["first"] = np.cumsum([0, *counts[:-1]])
    samples["bg"] = rng.integers(0, 3, len(counts))
    pixels, bg = (
        Pixels.empty(len(counts), (9, 6), instances=False),
        np.empty((len(counts), 6, 9, 3), np.uint8),
    )
    Renderer(bank).render(samples, placements, pixels, bg)
    batch = rendered_on_device(a_split(bank, samples, placements), np.arange(len(counts)))
    expected = SimpleNamespace(bg=bg, fg_bg=pixels.fg_bg, mask=pixels.mask, depth=pixels.depth)
    assert_equal(batch, expected)


@pytest.mark.parametrize(("free", "renders"), [(4, True), (3.9, False)])
def test_a_bank_may_take_a_quarter_of_the_free_memory(
    everything: Split, monkeypatch: pytest.MonkeyPatch, free: float, renders: bool
) -> None:
    bank = everything.bank
    size = bank.sprite_pixels.nbytes + bank.bg.nbytes + bank.bg_depth.nbytes
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (int(free * size), 10**12))
    monkeypatch.setattr(device_render, "_residents", type(device_render._residents)())
    assert (device_render.resident_renderer(everything, CPU) is not None) == renders


def test_a_bank_is_copied_once_and_goes_with_its_dataset(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (2**40, 2**40))
    dataset = open_dataset(data)
    one, other = (device_render.resident_renderer(dataset[name], CPU) for name in ("train", "val"))
    assert one is not None and other is not None and one._bank is other._bank
    before = len(device_render._residents)
    del dataset, one, other
    gc.collect()
    assert len(device_render._residents) == before - 1
