import multiprocessing
import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from generator.errors import ConfigError
from generator.reading.dataset import open_dataset
from training.batches.torch_dataset import torch_dataset


def test_a_sample_is_ready_for_a_network(crowded: Path) -> None:
    split = open_dataset(crowded)["train"]
    with_an_object = int(np.flatnonzero(split.samples["count"])[0])
    sample, stored = torch_dataset(split)[with_an_object], split[with_an_object]
    assert set(sample) == {"input", "mask", "depth", "known"}
    bg = torch.from_numpy(stored.bg).permute(2, 0, 1) / 127.5 - 1
    fg_bg = torch.from_numpy(stored.fg_bg).permute(2, 0, 1) / 127.5 - 1
    torch.testing.assert_close(sample["input"], torch.cat([bg, fg_bg]))
    torch.testing.assert_close(sample["mask"], torch.from_numpy(stored.mask)[None] / 255)
    levels = stored.depth.astype(np.float32)
    expected = torch.from_numpy(np.maximum(levels - 1, 0) / 65534)[None]
    torch.testing.assert_close(sample["depth"], expected)
    assert torch.equal(sample["known"], torch.from_numpy(levels > 0)[None])


def test_samples_are_scaled_and_counted_from_the_end(unrendered: Path) -> None:
    samples = torch_dataset(open_dataset(unrendered)["val"], res=16)
    assert samples[0]["input"].shape == (6, 12, 16) and samples[0]["mask"].shape == (1, 12, 16)
    assert torch.equal(samples[-1]["input"], samples[len(samples) - 1]["input"])
    with pytest.raises(IndexError):
        samples[len(samples)]
    for res in (0, 7, 8193, 16.0, "16", True):
        with pytest.raises(ConfigError, match="`res`: expected a whole number from 8 to 8192"):
            torch_dataset(samples.split, res=res)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"expected a split, like dataset\['train'\], found Dataset"):
        torch_dataset(open_dataset(unrendered))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "workers", "fixture"), [("fork", 2, "unrendered"), ("spawn", 1, "rendered")]
)
def test_loader_workers_read_the_same(
    method: str, workers: int, fixture: str, request: pytest.FixtureRequest
) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system does not {method}")
    samples = torch_dataset(open_dataset(request.getfixturevalue(fixture))["val"])
    assert len(pickle.dumps(samples)) < 3000
    order = torch.Generator().manual_seed(0)
    loader = DataLoader(
        samples, 5, shuffle=True, num_workers=workers, multiprocessing_context=method, generator=order
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python warns about a fork while threads run
        batches = list(loader)
    assert batches[0]["input"].shape == (5, 6, 24, 32) and batches[0]["known"].dtype == torch.bool
    found = torch.cat([batch["input"] for batch in batches])
    expected = torch.stack([samples[number]["input"] for number in range(len(samples))])
    assert sorted(found.sum((1, 2, 3)).tolist()) == sorted(expected.sum((1, 2, 3)).tolist())
    assert found.shape == expected.shape and not torch.equal(found, expected)
