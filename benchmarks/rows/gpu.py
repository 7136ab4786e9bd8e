"""Rendering on a GPU, and the training step there with the real data path. A CPU can test this file."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from rows.contest import Contest, Contestant, Result, rate
from rows.network import CLASSIC, Stepper, has_bf16, matrix_rate, synchronize
from rows.setting import SIZE, Setting
from training.batches.device_render import DeviceRenderer, ResidentBank
from training.process.devices import choose_accelerator

BATCHES = {96: 128, 192: 64, 384: 16}
"""Samples in a batch at each resolution."""
RESIDENT, COPY = "resident batch", "copy of the same bytes on the device"
COMPILING = 45.0
"""Seconds that compiling one resolution may take."""


def run(setting: Setting) -> Iterator[Result]:
    """First everything that needs no compiler, so that this is there if time runs out."""
    device = torch.device(choose_accelerator(setting.device))
    yield rendering(setting, device)
    batches = BATCHES if not setting.quick else {16: 2}
    for compiled in (False, True):
        for res, batch in batches.items():
            if not (compiled and setting.quick):
                yield steps(setting, device, res, batch, compiled)


def rendering(setting: Setting, device: torch.device) -> Result:
    """Samples from the bank on the device, beside a copy."""
    split, count = setting.unrendered["train"], setting.some(128, 4)
    renderer = DeviceRenderer(split, ResidentBank(split.bank, device), device)
    rng, seconds = np.random.default_rng(0), setting.some(1.0, 0.01)
    source = torch.zeros(count, SIZE * SIZE * 9, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)

    def rendered() -> Iterator[int]:
        for _ in range(8):
            renderer.render(rng.integers(0, len(split), count))
            yield count
        synchronize(device)

    def copied() -> Iterator[int]:
        for _ in range(8):
            target.copy_(source)
            yield count
        synchronize(device)

    return setting.hold(
        Contest(
            "GPU: rendering on the device",
            "samples/s",
            f"bg, fg_bg, mask and depth of {SIZE} px, in batches of {count}",
            budget=setting.some(25, 5),
        ),
        [
            Contestant(
                "fgbg, device rendering",
                lambda: rate(rendered, seconds),
                "fgbg",
                COPY,
                "several passes of torch over integers of 32 bits, not one kernel",
            ),
            Contestant(COPY, lambda: rate(copied, seconds), "limit"),
        ],
    )


def steps(setting: Setting, device: torch.device, res: int, batch: int, compiled: bool) -> Result:
    """The classic U-Net with the real data path, with one resident batch, and the matrix rate."""
    precision = "bf16" if has_bf16(device.type) else "32"
    name = f"GPU: step at {res} px" + (", --compile" if compiled else "")
    contest = Contest(
        name,
        "samples/s",
        f"classic U-Net, {precision}, batches of {batch}; the share of the resident batch that is missing is "
        "the wait for data",
        budget=setting.some(40.0, 10.0) + compiled * COMPILING,
    )
    if setting.clock.left < contest.budget:
        return setting.hold(contest, ())
    fields: dict[str, Any] = {"widths": (4, 4) if setting.quick else CLASSIC, "batch_size": batch}
    split, seconds = setting.unrendered["train"], setting.some(2.0, 0.0)
    # Operations are counted without the compiler, which would hide them.
    flops = Stepper(split, res, device=device.type, precision=precision, **fields).flops()
    stepper = Stepper(split, res, device=device.type, precision=precision, compile=compiled, **fields)
    matrix = f"matrix product, {precision}"
    measure = matrix_rate(device, precision)
    return setting.hold(
        contest,
        [
            Contestant(
                RESIDENT,
                lambda: stepper.rate(stepper.resident(), seconds),
                "fgbg",
                matrix,
                "augmentation, normalisation and the losses are bound by memory, not by arithmetic",
            ),
            Contestant(
                "data path, --no-render",
                lambda: stepper.rate(stepper.feed(), seconds),
                "fgbg",
                RESIDENT,
                "rendering takes its time from the same GPU",
            ),
            Contestant(matrix, lambda: measure() / flops, "limit"),
        ],
    )
