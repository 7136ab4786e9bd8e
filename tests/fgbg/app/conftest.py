"""A page that a test can click on, with a stored run and a small dataset."""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from fgbg.app.desk import Desk
from fgbg.app.server import PAGE
from fgbg.app.settings import Settings, start_with

STORED = Path(__file__).parent.parent.parent / "stored"

OpenPage = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def main_kept() -> Iterator[None]:
    """Put `__main__` back. Streamlit replaces it by the page, which later processes would run."""
    kept = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = kept


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a run."""
    return Path(shutil.copytree(STORED / "run-1", tmp_path / "outputs"))


@pytest.fixture
def open_page(run: Path, unrendered: Path) -> OpenPage:
    """A function that opens the page with a network, a run and a dataset, or with other settings."""

    def opened(**settings: object) -> AppTest:
        places = {"checkpoints": (run,), "data": (unrendered,), "desk": Desk("cpu", mirror=False)}
        start_with(Settings(**(places | settings)))  # type: ignore[arg-type]
        return AppTest.from_file(PAGE, default_timeout=60).run()

    return opened


def png(width: int = 48, height: int = 32) -> bytes:
    """A picture with a bright disc."""
    pixels = cv2.circle(
        np.full((height, width, 3), 60, np.uint8), (width // 2, height // 2), 9, (0, 200, 255), -1
    )
    return bytes(cv2.imencode(".png", pixels)[1])
