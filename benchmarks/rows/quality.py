"""The quality that a training reaches in minutes, on foregrounds and backgrounds that it never saw."""

import time
from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np
import torch

from rows.contest import Contest, Result, Row
from rows.network import Stepper
from rows.setting import Setting
from training.evaluation.evaluate import Evaluation, evaluate
from training.inference import infer
from training.optim.schedules import rate_factor
from training.target import target_of

SAMPLES = 256
"""Of val, for each measurement."""
YOUNG = "a young network; see the later marks"
SLICE = 10.0
"""Seconds that a network trains before the other takes its turn."""
NETWORKS = {"fgbg": {}, "encoder": {"encoder": "mobilenet_v2", "encoder_weights": "none"}}
MEASURES = {
    "IoU, background given": ("clean", "iou"),
    "IoU, background perturbed": ("perturbed", "iou"),
    "IoU, no background": ("absent", "iou"),
    "depth RMSE, background given": ("clean", "depth_rmse"),
}
"""Title, condition and name of each measure."""


class Trainee(Stepper):
    """A network with a clock of its own, which stands while others train or while it is measured."""

    def __init__(self, setting: Setting, res: int, fields: Mapping[str, object]) -> None:
        super().__init__(setting.divided["train"], res, device="cpu", **fields)
        self._val, self._count = setting.divided["val"], setting.some(SAMPLES, 2)
        self._res, self.seconds, self._batches = res, 0.0, self.feed()

    def train(self, seconds: float) -> None:
        """Go on until its clock says so many seconds."""
        began = time.perf_counter() - self.seconds
        while True:
            factor = rate_factor("plateau", 0.0, self._number, self.config.warm_up)
            self.learner.step(self._batches, self._res, self._number, factor)
            self._number += 1
            self.seconds = time.perf_counter() - began
            if self.seconds >= seconds:
                return

    def measure(self) -> Evaluation:
        """The averaged weights on the first samples of val."""
        see = partial(infer, self.learner.average)
        rows = np.arange(min(self._count, len(self._val)))
        target = target_of(self._val.mask)
        return evaluate(self._val, rows, see, target, self._res, torch.device("cpu"))


def run(setting: Setting) -> Iterator[Result]:
    """Train both networks in turns, and measure them at each mark."""
    res = setting.some(48, 16)
    small = {"batch_size": 2} if setting.quick else {}
    trainees = {name: Trainee(setting, res, {**fields, **small}) for name, fields in NETWORKS.items()}
    seconds = 0.0
    for mark in setting.minutes:
        began = time.monotonic()
        if setting.clock.left < len(trainees) * (mark * 60 - seconds):
            contest = Contest(f"quality after {mark:g} minutes", "IoU", "")
            yield Result(contest, (), note=f"skipped: {setting.clock.left:.0f} s left")
            return
        while seconds < mark * 60:
            seconds = min(mark * 60, seconds + SLICE)
            for trainee in trainees.values():
                trainee.train(seconds)
        found = {name: trainee.measure() for name, trainee in trainees.items()}
        yield from results(found, mark, res, time.monotonic() - began)


def results(found: Mapping[str, Evaluation], mark: float, res: int, seconds: float) -> Iterator[Result]:
    """A result for each measure."""
    for title, (condition, name) in MEASURES.items():
        is_depth = name != "iou"
        contest = Contest(
            f"{title}, after {mark:g} min",
            "RMSE" if is_depth else "IoU",
            f"training at {res} px on the CPU, at a constant rate; {SAMPLES} samples of val, one run",
            lower_is_better=is_depth,
        )
        ours, encoder = (float(np.nanmean(found[network].network[condition][name])) for network in NETWORKS)
        cause = "the depth of the empty background is exact except where the objects are"
        rows = [
            Row("fgbg, default network", "fgbg", [ours], cause=cause if is_depth else YOUNG),
            Row("mobilenet_v2 encoder, random weights", "other", [encoder]),
        ]
        rows += [Row(*baseline) for baseline in baselines(found["fgbg"], condition, is_depth)]
        yield Result(contest, rows, seconds)


def baselines(found: Evaluation, condition: str, is_depth: bool) -> Iterator[tuple[str, str, list[float]]]:
    """What needs no training: name, role and value."""
    if is_depth:
        if found.bg_depth is not None:
            yield "depth of the background alone", "other", [float(np.nanmean(found.bg_depth["depth_rmse"]))]
        if found.constant is not None:
            yield "constant depth", "other", [float(np.nanmean(found.constant.rmse))]
    elif condition in found.thresholds:
        iou = found.thresholds[condition].measures["iou"]
        yield "threshold, tuned on the same samples", "other", [float(np.nanmean(iou))]
