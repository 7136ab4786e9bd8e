"""A DataLoader over a folder of JPEGs, the usual way to store training data, for comparison."""

import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader

from generator.reading.split import Split

JPEGS = 2000
FIELDS = ("bg", "fg_bg", "mask", "depth")


class JpegFolder(torch.utils.data.Dataset[dict[str, np.ndarray]]):
    """Samples of four JPEGs each, opened by Pillow when they are read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __len__(self) -> int:
        return JPEGS

    def __getitem__(self, number: int) -> dict[str, np.ndarray]:
        return {field: np.array(Image.open(self._folder / f"{number}.{field}.jpg")) for field in FIELDS}


def write_jpegs(split: Split, folder: Path) -> None:
    """Write the first samples as four JPEGs each, with depth in 8 bits."""
    for number in range(JPEGS):
        sample = split.read([number])
        pictures = (sample.bg[0], sample.fg_bg[0], sample.mask[0], (sample.depth[0] >> 8).astype(np.uint8))
        for field, picture in zip(FIELDS, pictures, strict=True):
            Image.fromarray(picture).save(folder / f"{number}.{field}.jpg")


def loader_rate(loader: DataLoader[dict[str, np.ndarray]]) -> float:
    """Samples per second after the workers have started."""
    seen, began = 0, 0.0
    for number, batch in enumerate(loader):
        if number == 4:
            began = time.perf_counter()
        elif number > 4:
            seen += len(batch["mask"])
    return seen / (time.perf_counter() - began)
