"""A tiny dataset (ellipses on patches of colour), and short runs on it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view

from generator.config import GenerateConfig
from generator.pipeline import generate
from generator.reading.dataset import Dataset, open_dataset
from training.outcome import TrainOutcome
from training.run import start_run
from training.stages import Stage

Differences = Callable[[Any, Any], list[str]]
Similarity = Callable[[np.ndarray, np.ndarray], np.ndarray]
Run = Callable[..., tuple[TrainOutcome, list[str]]]


@pytest.fixture(scope="session", autouse=True)
def small_work_takes_one_thread(one_torch_thread: None) -> None:
    """Every test here does."""


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Folders of 10 cut-outs (16 px) and 10 backgrounds (32 px); half of these have partly unknown depth."""
    fg, bg = tmp_path_factory.mktemp("fg"), tmp_path_factory.mktemp("bg")
    rng = np.random.default_rng(0)
    for number in range(10):
        patches = rng.integers(0, 256, (4, 4, 4), dtype=np.uint8)
        cut_out = cv2.resize(patches, (16, 16), interpolation=cv2.INTER_NEAREST)
        alpha = np.zeros((16, 16), np.uint8)
        cv2.ellipse(alpha, (8, 8), (3 + number % 5, 7 - number % 4), 0, 0, 360, 255, -1)
        cut_out[..., 3] = alpha
        cv2.imwrite(str(fg / f"{number}.png"), cut_out)
        patches = rng.integers(0, 256, (5, 5, 3), dtype=np.uint8)
        background = cv2.resize(patches, (32, 32), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(bg / f"{number}.png"), background)
        if number % 2:
            depth = rng.integers(1, 65536, (32, 32), dtype=np.uint16)
            depth[:, :8] = 0
            cv2.imwrite(str(bg / f"{number}.depth.png"), depth)
    return fg, bg


@pytest.fixture(scope="session")
def data(pictures: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of 144 train, 16 val and 16 test samples of 32 px."""
    return made_of(pictures, tmp_path_factory.mktemp("shards"), split=(60, 20, 20))


@pytest.fixture(scope="session")
def data_without_val(pictures: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of 40 samples of 32 px, all in train."""
    return made_of(pictures, tmp_path_factory.mktemp("unsplit"), split=None, samples=40)


def made_of(pictures: tuple[Path, Path], out: Path, **fields: Any) -> Path:
    fg, bg = pictures
    generate(GenerateConfig(fg=fg, bg=bg, out=out, size=(32, 32), positions=2, render=False, **fields))
    return out


@pytest.fixture(scope="session")
def dataset(data: Path) -> Dataset:
    """The dataset in `data`, opened."""
    return open_dataset(data)


@pytest.fixture(scope="session")
def small() -> dict[str, Any]:
    """Fields of TrainConfig for runs of a fraction of a second: each epoch has 4 batches of 4."""
    return {
        "widths": (4, 8),
        "batch_size": 4,
        "epoch_samples": 16,
        "val_samples": 8,
        "lr": 1e-2,
        "warm_up": 0,
        "device": "cpu",
        "precision": "32",
    }


@pytest.fixture(scope="session")
def run(data: Path, small: dict[str, Any]) -> Run:
    """A function that does a small run in a folder and returns its outcome and the lines it printed."""

    def start(
        out: Path,
        stages: str | None = "16:1",
        *,
        resume: bool = False,
        overwrite: bool = False,
        data: Path | None = data,
        **given: Any,
    ) -> tuple[TrainOutcome, list[str]]:
        """`stages` looks like `16:1,32:1`; `:3` has no resolution, `32` no number of epochs."""
        said: list[str] = []
        given = small | given | {"out": out}
        if data is not None:
            given["data"] = data
        if stages is not None:
            given["stages"] = [stage_of(text) for text in stages.split(",")]
        return start_run(given, resume, overwrite, said.append), said

    return start


def stage_of(text: str) -> Stage:
    res, _, epochs = text.partition(":")
    return Stage(**{name: int(value) for name, value in (("res", res), ("epochs", epochs)) if value})


@pytest.fixture(scope="session")
def differences() -> Differences:
    """A function that lists all differences between two nested values, to the bit."""

    def compare(one: Any, other: Any, where: str = "") -> list[str]:
        if type(one) is not type(other):
            return [f"{where}: {type(one).__name__} and {type(other).__name__}"]
        if isinstance(one, torch.Tensor):
            equal = one.dtype == other.dtype and torch.equal(one, other)
            return [] if equal else [where]
        if isinstance(one, dict):
            if one.keys() != other.keys():
                return [f"{where}: keys {one.keys() ^ other.keys()}"]
            return [text for key in one for text in compare(one[key], other[key], f"{where}/{key}")]
        if isinstance(one, list | tuple):
            if len(one) != len(other):
                return [f"{where}: lengths {len(one)} and {len(other)}"]
            pairs = enumerate(zip(one, other, strict=True))
            return [text for number, pair in pairs for text in compare(*pair, f"{where}/{number}")]
        return [] if one == other else [f"{where}: {one!r} and {other!r}"]

    return compare


@pytest.fixture(scope="session")
def ssim_by_hand() -> Similarity:
    """SSIM (H, W) after Wang et al. 2004: a Gaussian of 11 taps and sigma 1.5, range 1, mirrored borders.

    If a side is shorter than 6, the Gaussian has 2 * side - 1 taps.
    """

    def similarity(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        radius = min(5, min(one.shape) - 1)
        taps = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * 1.5**2))
        window = np.outer(taps, taps) / taps.sum() ** 2

        def blur(x: np.ndarray) -> np.ndarray:
            views = sliding_window_view(np.pad(x, radius, mode="reflect"), window.shape)
            blurred: np.ndarray = (views * window).sum(axis=(2, 3))
            return blurred

        mean_1, mean_2 = blur(one), blur(other)
        variance_1, variance_2 = blur(one**2) - mean_1**2, blur(other**2) - mean_2**2
        covariance = blur(one * other) - mean_1 * mean_2
        c1, c2 = 0.01**2, 0.03**2
        luminance = (2 * mean_1 * mean_2 + c1) / (mean_1**2 + mean_2**2 + c1)
        structure: np.ndarray = (2 * covariance + c2) / (variance_1 + variance_2 + c2)
        return luminance * structure

    return similarity
