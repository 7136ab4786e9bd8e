"""Depth networks in `generate`, with a network for which bright is near."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from generator.config import GenerateConfig
from generator.depth.normalise import normalise
from generator.errors import AssetError, ConfigError
from generator.pipeline import generate
from generator.reading.dataset import open_dataset
from generator.resize import scale_depth

Fields = dict[str, Any]


def save_brightness(path: Path, sign: float = 1.0) -> Path:
    """Save a network that takes a picture of 24 x 32 and returns the mean of its channels, times `sign`."""
    rgb = helper.make_tensor_value_info("rgb", TensorProto.FLOAT, (1, 3, 24, 32))
    depth = helper.make_tensor_value_info("depth", TensorProto.FLOAT, None)
    nodes = [
        helper.make_node("Constant", [], ["sign"], value_float=float(sign)),
        helper.make_node("ReduceMean", ["rgb"], ["mean"], axes=[1]),
        helper.make_node("Mul", ["mean", "sign"], ["depth"]),
    ]
    graph = helper.make_graph(nodes, "brightness", [rgb], [depth])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


@pytest.fixture
def fields(request_fields: Fields, tmp_path: Path) -> Fields:
    model = save_brightness(tmp_path / "brightness.onnx")
    cache = tmp_path / "cache"
    network = {"depth": f"onnx:{model}", "depth_convention": "inverse", "depth_cache": cache}
    return request_fields | network | {"samples": 60}


def test_a_network_sees_every_background_once(fields: Fields, tmp_path: Path) -> None:
    outcome = generate(GenerateConfig(**fields, out=tmp_path / "out", workers=2))
    (source,) = outcome.manifest.depth.sources
    assert source.startswith("onnx:brightness") and not outcome.manifest.depth.pseudo
    assert len(list((tmp_path / "cache").rglob("*.map"))) == 12
    bank = open_dataset(tmp_path / "out").bank
    # The drawn backgrounds have 64 px, the network's map has another size. Bright must still be near.
    for bg, depth in zip(bank.bg, bank.bg_depth, strict=True):
        assert np.corrcoef(bg.mean(axis=2).ravel(), depth.astype(float).ravel())[0, 1] > 0.8


def test_answers_are_taken_from_the_cache(fields: Fields, tmp_path: Path) -> None:
    generate(GenerateConfig(**fields, out=tmp_path / "out"))
    maps = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.map")}
    generate(GenerateConfig(**fields, out=tmp_path / "again"))
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.map")} == maps
    assert (tmp_path / "again/bank.h5").read_bytes() == (tmp_path / "out/bank.h5").read_bytes()


def test_another_network_is_another_dataset(fields: Fields, tmp_path: Path) -> None:
    generate(GenerateConfig(**fields, out=tmp_path / "out"))
    assert generate(GenerateConfig(**fields, out=tmp_path / "out")).written == 0
    # Moving the file of the network makes no new dataset.
    (tmp_path / "brightness.onnx").rename(tmp_path / "moved")
    (tmp_path / "else").mkdir()
    moved = (tmp_path / "moved").rename(tmp_path / "else" / "brightness.onnx")
    assert generate(GenerateConfig(**fields | {"depth": f"onnx:{moved}"}, out=tmp_path / "out")).written == 0
    save_brightness(moved, sign=-1)
    with pytest.raises(ConfigError, match=r"other options \(depth: .*, now "):
        generate(GenerateConfig(**fields | {"depth": f"onnx:{moved}"}, out=tmp_path / "out"))


def test_a_network_may_see_every_composite(fields: Fields, tmp_path: Path) -> None:
    generate(GenerateConfig(**fields, out=tmp_path / "out", depth_per="composite"))
    dataset = open_dataset(tmp_path / "out")
    batch = dataset["train"].read(np.arange(20))
    for fg_bg, depth in zip(batch.fg_bg, batch.depth, strict=True):
        expected = scale_depth(normalise(fg_bg.mean(axis=2, dtype=np.float32) / 255, "inverse"), (32, 24))
        assert np.abs(depth.astype(int) - expected).max() <= 65534 / 200
    assert not (batch.depth == dataset.bank.bg_depth[dataset["train"].samples["bg"][:20]]).all()
    # Statistics describe the depth in the shards.
    everything = dataset["train"].read(np.arange(len(dataset["train"]))).depth
    mean = dataset.manifest.statistics.fields["depth"].mean[0]
    assert mean == pytest.approx((everything[everything > 0].mean() - 1) / 65534)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"depth": "midas"}, r"`depth`: expected auto, files, plane, onnx:PATH or hf:MODEL, found 'midas'"),
        ({"depth_per": "composite", "depth": "plane"}, "expected `depth` onnx: or hf:, found plane"),
        (
            {"depth_per": "composite", "render": False},
            "needs stored pixels and does not go with `render=False`",
        ),
        ({"depth_per": "composite", "workers": 2}, "expected one process"),
    ],
)
def test_what_cannot_be_is_refused(fields: Fields, tmp_path: Path, change: Fields, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        GenerateConfig(**fields | change, out=tmp_path / "out")


def test_depth_files_are_read_by_their_convention(request_fields: Fields, tmp_path: Path) -> None:
    said: list[str] = []
    small = request_fields | {"samples": 10, "render": False}
    inverse = GenerateConfig(**small, out=tmp_path / "inverse")
    outcome = generate(inverse, say=said.append)
    assert "depth: 12 from files" in said and outcome.manifest.config["depth_convention"] == "inverse"
    metric = generate(GenerateConfig(**small, depth_convention="metric", out=tmp_path / "metric"))
    assert (
        metric.manifest.config["depth_convention"] == "metric" and metric.manifest.id != outcome.manifest.id
    )
    near, far = (open_dataset(tmp_path / name).bank.bg_depth for name in ("inverse", "metric"))
    assert np.corrcoef(near[near > 0].astype(float), far[near > 0].astype(float))[0, 1] < -0.3
    with pytest.raises(ConfigError, match='depth_convention: "inverse", now "metric"'):
        generate(inverse.model_copy(update={"depth_convention": "metric"}))


def test_a_missing_network_leaves_nothing(fields: Fields, tmp_path: Path) -> None:
    with pytest.raises((AssetError, ConfigError), match=r"nowhere\.onnx"):
        generate(GenerateConfig(**fields | {"depth": "onnx:nowhere.onnx"}, out=tmp_path / "out"))
    assert not list((tmp_path / "out").glob("*.h5"))
