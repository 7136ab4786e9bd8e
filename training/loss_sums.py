"""The loss terms of an epoch, summed on the device: their means for the log and for the metrics."""

from collections.abc import Mapping

import torch

from training.process.devices import over_processes
from training.process.fabric import Fabric

Sums = dict[str, dict[str, torch.Tensor]]
"""Each loss term summed over an epoch so far: `all` of it, and the part that is `logged`."""


class LossSums:
    """Sums of loss terms, which stay on the device until a mean is asked for.

    Args:
        fabric: of the run, whose processes share their means.
        earlier: the sums of an interrupted epoch, as `state` gave them.
    """

    def __init__(self, fabric: Fabric, earlier: Sums | None = None) -> None:
        self._fabric = fabric
        self._sums: Sums = {"all": {}, "logged": {}}
        for name, sums in (earlier or {}).items():
            self._sums[name] = {term: total.to(fabric.device) for term, total in sums.items()}

    def clear(self) -> None:
        """Begin a new epoch."""
        self._sums = {"all": {}, "logged": {}}

    def add(self, terms: Mapping[str, torch.Tensor]) -> None:
        """Add the terms of one step."""
        sums = self._sums["all"]
        for name, term in terms.items():
            sums[name] = sums.get(name, 0) + term

    def means(self, steps: int) -> dict[str, float]:
        """The mean of each term over the `steps` of the epoch so far, over all processes."""
        return {
            name: float(over_processes(self._fabric, total, "mean")) / steps
            for name, total in self._sums["all"].items()
        }

    def new_means(self, steps: int) -> dict[str, float]:
        """The same over the last `steps`, which no earlier call counted."""
        sums, logged = self._sums["all"], self._sums["logged"]
        means = {
            name: float(over_processes(self._fabric, total - logged.get(name, 0.0), "mean")) / steps
            for name, total in sums.items()
        }
        logged.update(sums)
        return means

    def state(self) -> Sums:
        """The sums, for a checkpoint."""
        return {name: dict(sums) for name, sums in self._sums.items()}
