"""A source of pictures in the format of `tiny_labels`, which worker processes can import too."""

import importlib
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from generator.importing.config import ImportConfig
from generator.label_formats.formats import FORMATS

COUNT = 24


@pytest.fixture(autouse=True)
def _tiny_format(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    module = importlib.import_module("tiny_labels")
    monkeypatch.setitem(sys.modules, "generator.label_formats.tiny", module)
    monkeypatch.setitem(FORMATS, "tiny", "a format for tests")


def write_pair(folder: Path, name: str, seed: int, size: tuple[int, int] = (40, 30)) -> None:
    """A noisy picture with a rectangle of class 1 or 2, and its mask with a void row at the top."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (6, 8, 3), np.uint8)
    picture = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    mask = np.zeros((size[1], size[0]), np.uint8)
    mask[8:20, 10:30] = 1 + seed % 2
    mask[0] = 255
    picture[mask == 1] = (0, 0, 250)
    cv2.imwrite(str(folder / f"{name}.png"), picture)
    cv2.imwrite(str(folder / f"{name}.mask.png"), mask)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """24 pictures of 40 x 30 pixels with masks of 3 classes, without splits."""
    folder = tmp_path / "source"
    folder.mkdir()
    for number in range(COUNT):
        write_pair(folder, f"p{number:02d}", number)
    return folder


@pytest.fixture
def fields(source: Path, tmp_path: Path) -> dict[str, Any]:
    """The fields of a config that imports it."""
    out = tmp_path / "out"
    return {
        "format": "tiny",
        "source": source,
        "out": out,
        "size": (16, 16),
        "shard_samples": 5,
        "workers": 1,
    }


@pytest.fixture
def config(fields: dict[str, Any]) -> ImportConfig:
    return ImportConfig(**fields)
