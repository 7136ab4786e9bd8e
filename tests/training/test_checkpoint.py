import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from training.checkpoint import FORMAT, VERSION, Checkpoint, load_checkpoint, model_of, save_checkpoint
from training.config import TrainConfig
from training.errors import CheckpointError
from training.models import UNet
from training.run_position import RunPosition
from training.stages import Stage


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    """A small checkpoint: an optimiser with moments, averaged weights that differ, and two stages."""
    torch.manual_seed(0)
    network, averaged = UNet((4, 8)), UNet((4, 8))
    optimizer = torch.optim.AdamW(network.parameters())
    network(torch.rand(2, 6, 4, 4)).depth.sum().backward()
    optimizer.step()
    stages = (Stage(res=16, epochs=2), Stage(res=32, epochs=1))
    return Checkpoint(
        config=TrainConfig(model="unet", widths=(4, 8), stages=stages).identity(),
        dataset_id="abc",
        position=RunPosition(stage=1, stage_epochs=1, epoch=3, step=12, consumed=48, best_loss=0.25),
        metrics={"val_loss": 0.25},
        model=network.state_dict(),
        ema=averaged.state_dict(),
        optimizer=optimizer.state_dict(),
        scheduler={"best": float("inf"), "num_bad_epochs": 2},
        rng={"cpu": torch.get_rng_state()},
        sums={"all": {"loss": torch.tensor(3.5)}, "logged": {}},
    )


@pytest.fixture
def path(tmp_path: Path, checkpoint: Checkpoint) -> Path:
    """The file of this checkpoint."""
    save_checkpoint(tmp_path / "last.pt", checkpoint)
    return tmp_path / "last.pt"


def saved(content: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def test_what_is_saved_comes_back_to_the_bit(
    path: Path, checkpoint: Checkpoint, differences: Callable[[Any, Any], list[str]]
) -> None:
    loaded = load_checkpoint(path)
    assert loaded.position == checkpoint.position
    one, other = (vars(each) | {"position": None} for each in (loaded, checkpoint))
    assert differences(one, other) == []


def test_a_checkpoint_knows_its_stages_and_resolution(checkpoint: Checkpoint) -> None:
    assert checkpoint.stages == (Stage(res=16, epochs=2), Stage(res=32, epochs=1))
    assert checkpoint.res == 32
    assert replace(checkpoint, position=RunPosition(stage=0)).res == 16


def test_saving_leaves_one_file_of_the_named_format(path: Path) -> None:
    assert [file.name for file in path.parent.iterdir()] == ["last.pt"]
    content = torch.load(path, weights_only=True)
    assert (content["format"], content["version"]) == ("fgbg-checkpoint", 1)


def test_a_failed_save_leaves_the_former_file(path: Path, checkpoint: Checkpoint) -> None:
    before = path.read_bytes()
    unsavable: dict[str, Any] = {"val_loss": (value for value in [1.0])}
    with pytest.raises(TypeError, match="generator"):
        save_checkpoint(path, replace(checkpoint, metrics=unsavable))
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["last.pt"]


def test_code_in_a_checkpoint_is_refused_and_does_not_run(path: Path, checkpoint: Checkpoint) -> None:
    trace = path.with_name("trace")

    class Code:
        def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
            return Path.touch, (trace,)

    path.write_bytes(saved({"format": FORMAT, "version": VERSION, **vars(checkpoint), "metrics": Code()}))
    with pytest.raises(CheckpointError):
        load_checkpoint(path)
    assert not trace.exists()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"# notes of a text file\n" * 99, id="text"),
        pytest.param(b"a text that looks like a pickle", id="text-like-a-pickle"),
        pytest.param(saved(torch.zeros(3)), id="tensor"),
        pytest.param(saved({"weight": torch.zeros(3)}), id="weights"),
        pytest.param(saved(torch.nn.Linear(1, 1)), id="module"),
        pytest.param(saved({"format": FORMAT, "version": VERSION}), id="no-fields"),
        pytest.param(
            saved({"format": FORMAT, "version": VERSION, "position": {"year": 1}}), id="other-fields"
        ),
    ],
)
def test_another_file_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError) as error:
        load_checkpoint(path)
    assert error.value.where == str(path)
    assert error.value.found and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("format", "other-checkpoint", "expected a checkpoint of fgbg .*, found another file of torch"),
        ("version", VERSION + 1, f"expected checkpoint version {VERSION}, found version {VERSION + 1}"),
    ],
)
def test_a_whole_checkpoint_of_another_format_is_refused(
    path: Path, field: str, value: Any, message: str
) -> None:
    path.write_bytes(saved(torch.load(path, weights_only=True) | {field: value}))
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(path)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_a_truncated_checkpoint_is_refused_in_one_line(path: Path, share: float) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(CheckpointError, match=r"expected a whole checkpoint") as error:
        load_checkpoint(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "an empty file"),
        (b"\x08\n\x12\x04fgbg\x1a\x01 the rest", "an ONNX file"),
        (b'\x98\x00\x00\x00\x00\x00\x00\x00{"__metadata__": {}}', "a safetensors file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "another kind of file"),
    ],
)
def test_another_kind_of_file_is_named(path: Path, content: bytes, found: str) -> None:
    path.write_bytes(content)
    with pytest.raises(CheckpointError) as error:
        load_checkpoint(path)
    fix = "give the .pt file of the run, such as outputs/best.pt"
    assert str(error.value) == f"{path}: expected a checkpoint, found {found}; {fix}"


def test_a_refusal_does_not_advise_to_run_the_code(tmp_path: Path) -> None:
    path = tmp_path / "module.pt"
    path.write_bytes(saved(torch.nn.Linear(1, 1)))
    with pytest.raises(CheckpointError) as error:
        load_checkpoint(path)
    assert "can still be loaded" not in str(error.value) and "\x1b" not in str(error.value)


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        CheckpointError, match=r"last\.pt does not exist\. Train a network first with 'fgbg train'"
    ):
        load_checkpoint(tmp_path / "last.pt")


@torch.no_grad()
def test_the_network_of_a_checkpoint_predicts_with_the_averaged_weights(
    path: Path, checkpoint: Checkpoint
) -> None:
    network = model_of(path, load_checkpoint(path))
    averaged = UNet((4, 8))
    averaged.load_state_dict(checkpoint.ema)
    picture = torch.rand(1, 6, 8, 8)
    assert not network.training
    assert torch.equal(network(picture).depth, averaged.eval()(picture).depth)


def test_weights_of_another_network_are_refused_with_the_difference(
    path: Path, checkpoint: Checkpoint
) -> None:
    wider = replace(checkpoint, ema=UNet((4, 16)).state_dict())
    with pytest.raises(CheckpointError, match=r"size mismatch for encoder\.1\.0\.weight") as error:
        model_of(path, wider)
    assert error.value.where == str(path) and "\n" not in str(error.value)


def test_missing_weights_are_refused_by_name(path: Path, checkpoint: Checkpoint) -> None:
    fewer = {name: tensor for name, tensor in checkpoint.ema.items() if name != "depth_head.bias"}
    with pytest.raises(CheckpointError, match=r"depth_head\.bias"):
        model_of(path, replace(checkpoint, ema=fewer))


def test_options_of_another_release_are_refused_in_one_line(path: Path, checkpoint: Checkpoint) -> None:
    newer = replace(checkpoint, config={**checkpoint.config, "attention": True})
    with pytest.raises(CheckpointError, match=r"expected options that this release knows, found `attention`"):
        model_of(path, newer)
