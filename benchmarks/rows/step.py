"""The training step: networks, precisions and layouts, beside one resident batch and a matrix product."""

from collections.abc import Iterator
from typing import Any

import torch

from rows.contest import Contest, Contestant, Result
from rows.network import CLASSIC, Stepper, has_bf16, matrix_rate
from rows.setting import Setting

RES = 96
RESIDENT = "resident batch"
MATRIX, MATRIX_BF16 = "matrix product, float32", "matrix product, bf16"
WAITS = "the reading thread takes its time from the same two cores"
SMALL = "convolutions of few channels, normalisation and augmentation are bound by memory"


def run(setting: Setting) -> Iterator[Result]:
    """One contest for each network; the compiled step takes part in the first."""
    small = {"widths": (4, 4), "batch_size": 2} if setting.quick else {}
    yield network(setting, "default network", small, layouts=True, budget=190)
    for name, fields, budget in (
        ("classic U-Net", {"widths": CLASSIC, "batch_size": 2}, 75.0),
        ("resnet34", {"encoder": "resnet34", "encoder_weights": "none", "batch_size": 8}, 75.0),
        ("mobilenet_v2", {"encoder": "mobilenet_v2", "encoder_weights": "none", "batch_size": 8}, 75.0),
    ):
        if not setting.quick:
            yield network(setting, name, fields, layouts=False, budget=budget)


def network(setting: Setting, name: str, fields: dict[str, Any], layouts: bool, budget: float) -> Result:
    """The contest of one network on the CPU.

    Args:
        name: in the table.
        fields: of TrainConfig.
        layouts: whether the layout of weights, the other storage and the compiled step take part.
        budget: seconds of its rounds.
    """
    seconds, res = setting.some(1.2, 0.0), setting.some(RES, 16)
    split, device = setting.unrendered["train"], torch.device("cpu")

    def stepper(precision: str = "32", **others: Any) -> Stepper:
        return Stepper(split, res, device="cpu", precision=precision, **fields, **others)

    plain = stepper()
    flops = plain.flops()

    def contestant(kind: str, one: Stepper, limit: str, cause: str, path: bool = False) -> Contestant:
        def measure() -> float:
            return one.rate(one.feed() if path else one.resident(), seconds)

        return Contestant(kind, measure, "fgbg", limit, cause)

    def machine(kind: str, precision: str) -> Contestant:
        measure = matrix_rate(device, precision)
        return Contestant(kind, lambda: measure() / flops, "limit")

    found = [
        contestant(RESIDENT, plain, MATRIX, SMALL),
        contestant("data path, --no-render", plain, RESIDENT, WAITS, path=True),
        machine(MATRIX, "32"),
    ]
    if layouts:
        rendered = Stepper(setting.rendered["train"], res, device="cpu", precision="32", **fields)
        found.append(contestant("data path, rendered", rendered, RESIDENT, WAITS, path=True))
        first = stepper(channels_last=False)
        found.append(contestant(f"{RESIDENT}, weights channels first", first, MATRIX, SMALL))
    if has_bf16("cpu"):
        half = stepper("bf16")
        found += [contestant(f"{RESIDENT}, bf16", half, MATRIX_BF16, SMALL), machine(MATRIX_BF16, "bf16")]
    else:
        found.append(Contestant(f"{RESIDENT}, bf16", None, missing="no bf16 instructions in this CPU"))
    if layouts and not setting.quick:
        compiled = stepper(compile=True)
        cause = "inductor's convolutions for the CPU are no faster, and it takes about 45 s to compile"
        found.append(contestant(f"{RESIDENT}, --compile", compiled, MATRIX, cause))
    batch = plain.batch
    return setting.hold(
        Contest(
            f"step, {name}",
            "samples/s",
            f"steps of training at {res} px in batches of {batch}, {flops / 1e9:.2f} GFLOP a sample, "
            f"{torch.get_num_threads()} threads",
            budget=budget,
        ),
        found,
    )
