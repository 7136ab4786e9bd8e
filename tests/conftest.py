"""What many tests start from: drawn sample assets and small datasets made of them."""

import signal
from pathlib import Path

import pytest

from generator.config import GenerateConfig
from generator.drawing.write import DrawnSamples, write_samples
from generator.pipeline import generate


@pytest.fixture(scope="session", autouse=True)
def hears_ctrl_c() -> None:
    """A job in the background is deaf to Ctrl-C, and some tests press it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def assets(tmp_path_factory: pytest.TempPathFactory) -> DrawnSamples:
    """12 foregrounds of 32 px and 12 backgrounds of 64 px with exact depth."""
    return write_samples(tmp_path_factory.mktemp("assets"), count=12, size=64, seed=3)


@pytest.fixture(scope="session")
def request_fields(assets: DrawnSamples) -> dict[str, object]:
    """Fields of a small request: 8 fgs x 8 bgs x 2 flips x 2 positions and less in val and test."""
    return {
        "fg": assets.fg,
        "bg": assets.bg,
        "size": (32, 24),
        "fg_size": 16,
        "positions": 2,
        "split": (60, 20, 20),
        "seed": 5,
        "shard_samples": 100,
    }


@pytest.fixture(scope="session")
def unrendered(request_fields: dict[str, object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished unrendered dataset; not to be changed."""
    out = tmp_path_factory.mktemp("unrendered")
    generate(GenerateConfig(**request_fields, out=out, render=False))
    return out


@pytest.fixture(scope="session")
def rendered(request_fields: dict[str, object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same dataset, rendered; not to be changed."""
    out = tmp_path_factory.mktemp("rendered")
    generate(GenerateConfig(**request_fields, out=out))
    return out


@pytest.fixture(scope="session")
def crowded(request_fields: dict[str, object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An unrendered dataset of none to three objects with shadows, hiding one another; not to be changed."""
    out = tmp_path_factory.mktemp("crowded")
    several = {"objects": (1, 3), "overlap": 1, "truncate": 0.3, "empty": 0.1, "shadow": 0.7, "samples": 60}
    generate(GenerateConfig(**{**request_fields, **several}, out=out, render=False))
    return out
