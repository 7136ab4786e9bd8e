from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator.config import GenerateConfig
from generator.depth import choice
from generator.depth.choice import DepthChoice, choose_depth
from generator.depth.network_protocol import Told
from generator.errors import AssetError, ConfigError


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Three backgrounds. The first has a depth file; a fourth depth file belongs to no background."""
    for name in ("a.jpg", "b.jpg", "c.jpg", "a.depth.png", "d.depth.npy"):
        (tmp_path / name).touch()
    return [tmp_path / name for name in ("a.jpg", "b.jpg", "c.jpg")]


def test_files_come_first_and_the_plane_for_the_rest(pictures: list[Path]) -> None:
    choice = choose_depth(GenerateConfig(), pictures)
    lonely = pictures[0].with_name("d.depth.npy")
    assert choice == DepthChoice(
        [pictures[0].with_name("a.depth.png"), None, None],
        None,
        "inverse",
        [
            "depth: 1 from files, 2 plane",
            "depth files: inverse, larger is nearer (`depth_convention=metric` if not)",
            f"depth files without a background, not used: 1 ({lonely})",
        ],
    )
    metric = choose_depth(GenerateConfig(depth_convention="metric"), pictures)
    assert metric.convention == "metric"
    assert metric.notes[1] == "depth files: metric, larger is farther (`depth_convention`)"


def test_the_plane_asks_for_no_file_and_files_for_every_one(pictures: list[Path]) -> None:
    choice = choose_depth(GenerateConfig(depth="plane"), pictures)
    assert choice.files == [None] * 3 and choice.notes == ["depth: 3 plane"]
    with pytest.raises(AssetError, match=r"b\.jpg has no depth file\. Add b\.depth\.png"):
        choose_depth(GenerateConfig(depth="files"), pictures)


def test_options_without_effect_are_named(pictures: list[Path]) -> None:
    options: dict[str, Any] = {
        "depth_convention": "metric",
        "depth_invalid": (65535,),
        "depth_cache": Path("cache"),
    }
    idle = choose_depth(GenerateConfig(depth="plane", **options), pictures).notes[1:]
    assert [note.partition(" has no effect: ")[0] for note in idle] == [
        "`depth_cache`",
        "`depth_convention`",
        "`depth_invalid`",
    ]
    from_files = choose_depth(GenerateConfig(**options), pictures).notes
    assert [note for note in from_files if "no effect" in note] == [
        "`depth_cache` has no effect: `depth=auto` runs no network"
    ]


@dataclass
class Network:
    told: Told | None
    id: str = "a network"
    batch: int = 1

    def predict(self, pictures: Any) -> list[np.ndarray]:
        raise NotImplementedError


def choose(monkeypatch: pytest.MonkeyPatch, told: Told | None, asked: str) -> DepthChoice:
    monkeypatch.setattr(choice, "open_network", lambda spec: Network(told))
    return choose_depth(GenerateConfig(depth="hf:model", depth_convention=asked), [Path("a.jpg")])


def test_a_network_is_taken_at_its_word(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told("metric", "model_type glpn")
    choice = choose(monkeypatch, told, "auto")
    assert (choice.files, choice.convention) == ([None], "metric")
    assert choice.notes == [
        "depth: 1 from hf:model",
        "depth network: metric, larger is farther (model_type glpn)",
    ]
    assert choose(monkeypatch, told, "metric").notes[1] == (
        "depth network: metric, larger is farther (`depth_convention`)"
    )


def test_a_network_is_overruled_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    choice = choose(monkeypatch, Told("metric", "model_type glpn"), "inverse")
    assert choice.convention == "inverse"
    assert choice.notes[1] == (
        "warning: `depth_convention=inverse` contradicts the network: metric (model_type glpn)"
    )


def test_a_network_that_says_nothing_is_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        ConfigError, match=r"hf:model`: .*add `depth_convention=inverse` \(larger is nearer\)"
    ):
        choose(monkeypatch, None, "auto")
    assert choose(monkeypatch, None, "metric").convention == "metric"
