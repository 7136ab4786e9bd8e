import json
import logging
import pickle
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    DepthAnythingConfig,
    DepthProConfig,
    Dinov2Config,
    DPTConfig,
    DPTForDepthEstimation,
    DPTImageProcessor,
    GLPNConfig,
    ViTConfig,
    ZoeDepthConfig,
)

from generator.depth import huggingface
from generator.depth.huggingface import told_by, votes
from generator.depth.network_protocol import Told
from generator.depth.networks import open_network
from generator.errors import AssetError, ConfigError

RNG = np.random.default_rng(0)
TRANSFORMER: dict[str, Any] = {"hidden_size": 16, "num_hidden_layers": 4, "num_attention_heads": 2}
DECODER: dict[str, Any] = {
    "backbone_out_indices": [0, 1, 2, 3],
    "neck_hidden_sizes": [8, 8, 8, 8],
    "fusion_hidden_size": 8,
    "use_auxiliary_head": False,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A depth network with random weights that takes 32 x 32. Tests must not change it."""
    folder = tmp_path_factory.mktemp("models") / "tiny-dpt"
    config = DPTConfig(
        **TRANSFORMER,
        intermediate_size=16,
        image_size=32,
        patch_size=16,
        **DECODER,
    )
    torch.manual_seed(0)
    DPTForDepthEstimation(config).save_pretrained(folder)
    processor = DPTImageProcessor(
        size={"height": 32, "width": 32},
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
        do_pad=True,
        size_divisor=48,
    )
    processor.save_pretrained(folder)
    return folder


def copy_of(folder: Path, target: Path, leave_out: str = "") -> Path:
    target.mkdir()
    for path in folder.iterdir():
        if path.name != leave_out:
            (target / path.name).write_bytes(path.read_bytes())
    return target


def test_the_whole_picture_goes_through_the_network(folder: Path) -> None:
    rgb = RNG.integers(0, 256, (32, 32, 3), np.uint8)
    (values,) = open_network(f"hf:{folder}").predict([rgb])
    model = DPTForDepthEstimation.from_pretrained(folder).eval()
    with torch.inference_mode():
        pixels = torch.tensor(rgb / 127.5 - 1, dtype=torch.float32).permute(2, 0, 1)[None]
        expected = model(pixel_values=pixels).predicted_depth[0].numpy()
    assert values.dtype == np.float32 and values.shape == (32, 32)
    np.testing.assert_allclose(values, expected, atol=1e-5)


def test_pictures_of_any_size_answer_alike_alone_and_in_batches(folder: Path) -> None:
    network = open_network(f"hf:{folder}")
    pictures = [
        RNG.integers(0, 256, (*size, 3), np.uint8) for size in [(40, 60), (3, 5), (32, 32), (200, 90)]
    ]
    pictures[0].setflags(write=False)
    alone = [network.predict([rgb])[0] for rgb in pictures]
    batched = replace(network, batch=3).predict(pictures)
    for one, other in zip(alone, batched, strict=True):
        assert one.shape == (32, 32)
        np.testing.assert_allclose(one, other, atol=1e-5)
    assert network.predict([]) == []


@pytest.fixture(scope="module")
def padding(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """DPT with DINOv2 and random weights; its processor pads to patches of 14. Tests must not change it."""
    folder = tmp_path_factory.mktemp("models") / "tiny-dinov2"
    backbone = Dinov2Config(
        **TRANSFORMER,
        mlp_ratio=1,
        image_size=56,
        patch_size=14,
        out_indices=[1, 2, 3, 4],
        apply_layernorm=False,
        reshape_hidden_states=False,
    )
    config = DPTConfig(backbone_config=backbone, **DECODER)
    torch.manual_seed(0)
    DPTForDepthEstimation(config).save_pretrained(folder)
    DPTImageProcessor(do_resize=False, do_pad=True, size_divisor=14).save_pretrained(folder)
    return folder


def test_no_row_is_lost_where_a_processor_would_pad(padding: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = open_network(f"hf:{padding}")
    seen: list[tuple[int, ...]] = []
    network._model.register_forward_pre_hook(  # type: ignore[attr-defined]
        lambda module, positional, named: seen.append(tuple(named["pixel_values"].shape)), with_kwargs=True
    )
    rgb = RNG.integers(0, 256, (94, 66, 3), np.uint8)
    (values,) = network.predict([rgb])
    assert seen == [(1, 3, 98, 70)]
    # The network sees the last rows and columns too, although the last whole patches end at 84 x 56.
    other = rgb.copy()
    other[85:, :57] ^= 255
    assert not np.array_equal(network.predict([other])[0], values)
    # Large pictures are scaled down.
    monkeypatch.setattr(huggingface, "MOST_PIXELS", 60 * 45)
    network.predict([rgb.repeat(2, axis=0)])
    assert seen[-1] == (1, 3, 84, 28)


def test_models_tell_what_their_numbers_mean(folder: Path, padding: Path) -> None:
    def told(config: Any) -> str | None:
        found = told_by(config)
        return found and found.convention

    assert told(DepthAnythingConfig()) == told(DPTConfig()) == told(DepthProConfig()) == "inverse"
    metres = DepthAnythingConfig(depth_estimation_type="metric", max_depth=80)
    assert told(metres) == told(GLPNConfig()) == told(ZoeDepthConfig()) == "metric"
    assert told(ViTConfig()) is None
    assert open_network(f"hf:{folder}").told == Told("inverse", "model_type dpt")
    assert open_network(f"hf:{padding}").told == Told("metric", "dpt over dinov2, which is trained on metres")


def test_two_heads_answer_for_one_picture_at_a_time() -> None:
    heads = [
        {"n_bins": 8, "min_depth": 0.1, "max_depth": depth, "name": name}
        for depth, name in ((10.0, "nyu"), (80.0, "kitti"))
    ]
    assert votes(ZoeDepthConfig(bin_configurations=heads))
    assert not votes(ZoeDepthConfig(bin_configurations=heads[:1])) and not votes(DPTConfig())


def test_whatever_a_network_raises_is_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = open_network(f"hf:{folder}")

    def fail(*given: Any, **named: Any) -> None:
        raise KeyError("out of\ndate")

    rgb = np.zeros((32, 32, 3), np.uint8)
    monkeypatch.setattr(network._model, "forward", fail)  # type: ignore[attr-defined]
    with pytest.raises(AssetError, match=r"expected a network that runs on \(1, 3, 32, 32\), found 'out of"):
        network.predict([rgb])
    monkeypatch.setattr(type(network._processor), "__call__", fail)  # type: ignore[attr-defined]
    with pytest.raises(AssetError, match="expected a processor that takes 32 x 32 pixels"):
        network.predict([rgb])


def test_the_id_follows_the_content_not_the_place(folder: Path, tmp_path: Path) -> None:
    one = open_network(f"hf:{folder}").id
    (tmp_path / "elsewhere").mkdir()
    moved = copy_of(folder, tmp_path / "elsewhere" / "tiny-dpt")
    assert open_network(f"hf:{moved}").id == one
    settings = json.loads((moved / "preprocessor_config.json").read_text())
    (moved / "preprocessor_config.json").write_text(json.dumps({**settings, "image_mean": [0.4] * 3}))
    other = open_network(f"hf:{moved}").id
    assert other != one and other.startswith("hf:tiny-dpt@") and str(tmp_path) not in other


def test_loading_says_nothing_of_weights_that_published_models_lack(
    folder: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logging.getLogger("transformers"), "propagate", True)
    lacking = copy_of(folder, tmp_path / "lacking")
    model = DPTForDepthEstimation.from_pretrained(folder)
    kept = {
        name: tensor for name, tensor in model.state_dict().items() if "layers.0.residual_layer1" not in name
    }
    assert len(kept) < len(model.state_dict())
    model.save_pretrained(lacking, state_dict=kept)
    capfd.readouterr()
    caplog.clear()
    open_network(f"hf:{lacking}")
    assert capfd.readouterr() == ("", "") and not caplog.records


def test_missing_parts_are_refused(folder: Path, tmp_path: Path) -> None:
    for number, name in enumerate(["config.json", "preprocessor_config.json", "model.safetensors"]):
        broken = copy_of(folder, tmp_path / str(number), leave_out=name)
        with pytest.raises(
            AssetError, match=r"expected a Hugging Face depth-estimation model, found .*check its files"
        ):
            open_network(f"hf:{broken}")
    cut = copy_of(folder, tmp_path / "cut")
    weights = (cut / "model.safetensors").read_bytes()
    (cut / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(AssetError, match="expected a Hugging Face depth-estimation model"):
        open_network(f"hf:{cut}")


def test_a_network_of_another_kind_is_refused(folder: Path, tmp_path: Path) -> None:
    other = copy_of(folder, tmp_path / "vit")
    ViTConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8).save_pretrained(
        other
    )
    with pytest.raises(AssetError, match="expected a Hugging Face depth-estimation model"):
        open_network(f"hf:{other}")


def test_a_head_without_weights_is_refused(folder: Path, tmp_path: Path) -> None:
    headless = copy_of(folder, tmp_path / "headless")
    model = DPTForDepthEstimation.from_pretrained(folder)
    kept = {name: tensor for name, tensor in model.state_dict().items() if not name.startswith("head.")}
    model.save_pretrained(headless, state_dict=kept)
    with pytest.raises(AssetError, match=r"expected weights of the depth head, found none for head\."):
        open_network(f"hf:{headless}")


def test_paths_that_are_no_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"does not exist\. Give a folder with"):
        open_network(f"hf:{tmp_path / 'missing'}")
    (tmp_path / "file").write_text("")
    with pytest.raises(AssetError, match="is a file, not a folder"):
        open_network(f"hf:{tmp_path / 'file'}")


def test_a_hub_out_of_reach_asks_for_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(
        AssetError, match=r"nobody/nothing: expected .*; check the name, or download it and give its"
    ):
        open_network("hf:nobody/nothing")


def test_a_missing_package_names_the_extra(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(
        ConfigError, match=r"needs transformers, which is not installed\. Run: pip install 'fgbg\[hf\]'"
    ):
        open_network(f"hf:{folder}")


def test_another_process_has_as_many_threads(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With another number of threads, the numbers would differ in the last bits."""
    set_threads: list[int] = []
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    content = pickle.dumps(open_network(f"hf:{folder}"))
    monkeypatch.setattr(torch, "set_num_threads", set_threads.append)
    assert pickle.loads(content).threads == 3 and set_threads == [3]
