from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from generator.label_formats.items import Label, LabelSource


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Writes text or a picture, given as array, rows or PIL picture, to a path below `tmp_path`."""

    def write(name: str, content: object, **options: object) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        elif isinstance(content, Image.Image):
            content.save(path, **options)
        else:
            Image.fromarray(np.array(content, getattr(content, "dtype", np.uint8))).save(path, **options)
        return path

    return write


@pytest.fixture
def photo() -> np.ndarray:
    """A picture of 3 x 1 pixels."""
    return np.full((1, 3, 3), 90, np.uint8)


@pytest.fixture
def label() -> Callable[..., Label]:
    """Reads the label of an item by its name."""

    def read(source: LabelSource, name: str, size: tuple[int, int] = (3, 1)) -> Label:
        [item] = [item for item in source.items if item.name == name]
        return source.read_label(item, size)

    return read
