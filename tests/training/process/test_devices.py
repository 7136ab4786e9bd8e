import pytest
import torch

from generator.errors import ConfigError
from training.config import TrainConfig
from training.process.devices import choose_accelerator, choose_precision, make_fabric, resolve_machine


def have(monkeypatch: pytest.MonkeyPatch, cuda: bool = False, mps: bool = False) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"), [(True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_auto_is_the_best_there_is(
    monkeypatch: pytest.MonkeyPatch, cuda: bool, mps: bool, expected: str
) -> None:
    have(monkeypatch, cuda, mps)
    assert choose_accelerator("auto") == expected


def test_the_cpu_can_be_had_beside_something_better(monkeypatch: pytest.MonkeyPatch) -> None:
    have(monkeypatch, cuda=True)
    assert choose_accelerator("cpu") == "cpu"
    assert choose_accelerator("cuda") == "cuda"


@pytest.mark.parametrize("asked", ["tpu", "cuda", "mps", "", "CPU"])
def test_a_device_that_is_not_here_is_refused_with_those_that_are(
    monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    have(monkeypatch)
    with pytest.raises(ConfigError, match=rf"^`device`: expected one of auto, cpu, found {asked};"):
        choose_accelerator(asked)


def test_an_explicit_precision_is_taken() -> None:
    assert choose_precision("32", "cuda") == choose_precision("32", "cpu") == "32"
    assert choose_precision("bf16", "cuda") == choose_precision("bf16", "mps") == "bf16"


@pytest.mark.parametrize("has", [True, False])
def test_auto_precision_is_bf16_where_the_hardware_has_it(monkeypatch: pytest.MonkeyPatch, has: bool) -> None:
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation: has or including_emulation
    )
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True, "amx_bf16": has})
    expected = "bf16" if has else "32"
    assert choose_precision("auto", "cuda") == choose_precision("auto", "cpu") == expected
    assert choose_precision("auto", "mps") == "32"


def test_what_a_run_gets_is_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    have(monkeypatch, cuda=True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)
    for name, number in (("RANK", 5), ("LOCAL_RANK", 1), ("LOCAL_WORLD_SIZE", 4), ("WORLD_SIZE", 8)):
        monkeypatch.setenv(name, str(number))
    monkeypatch.setenv("GROUP_RANK", "1")
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "1")
    config = resolve_machine(TrainConfig())
    assert (config.device, config.precision, config.devices, config.nodes) == ("cuda", "bf16", 4, 2)


def test_processes_without_end_are_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    with pytest.raises(ConfigError, match=r"^`devices`: expected at most 8 on this CPU, found 1000000;"):
        make_fabric(TrainConfig(device="cpu", devices=1_000_000))
