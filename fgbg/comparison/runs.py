"""The runs that are compared: networks, figures, curves, options."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from fgbg.comparison.read_curves import Curves, read_curves
from fgbg.predictor import Predictor
from fgbg.predictor.torch_engine import TorchEngine
from generator.errors import UsageError, printable
from generator.files import real_path
from training.checkpoint import Checkpoint, load_checkpoint, model_of
from training.config import TrainConfig, read_identity
from training.errors import RunError
from training.process.devices import choose_accelerator
from training.records.run_files import BEST, LAST
from training.records.run_folder import CSV_FILE, LOG_FOLDER


@dataclass(frozen=True)
class ComparedRun:
    """A run and its network.

    Attributes:
        label: a name that no other run has.
        folder: of the run.
        best: the checkpoint that predicts: best.pt, or last.pt where there is no best.pt.
        last: the checkpoint of the last epoch: last.pt, or best.pt where there is no last.pt.
        engine: the network of `best`.
        curves: empty where the run has no metrics.csv.
    """

    label: str
    folder: Path
    best: Checkpoint
    last: Checkpoint
    engine: TorchEngine
    curves: Curves

    @cached_property
    def config(self) -> TrainConfig:
        """The options of the run."""
        return read_identity(self.last.config)

    @property
    def parameters(self) -> int:
        """Number of weights of the network."""
        return sum(weight.numel() for weight in self.engine.network.parameters())

    @property
    def predictor(self) -> Predictor:
        """Predicts with `engine`."""
        return Predictor(self.engine, self.engine.res)

    @property
    def samples_per_second(self) -> float | None:
        """Training speed: the median over the epochs; None where it is not known."""
        speeds = [value for _, value in self.curves.get("samples_per_second", [])]
        return statistics.median(speeds) if speeds else None

    @property
    def seconds(self) -> float | None:
        """Time spent on training, without validation; None where it is not known."""
        return sum(value for _, value in self.curves["seconds"]) if "seconds" in self.curves else None


def open_runs(folders: Sequence[str | Path], device: str = "auto") -> list[ComparedRun]:
    """Open runs and give each a label of its own.

    Raises:
        UsageError: a run is given twice, `folders` is not a list, or it is empty.
        RunError: a folder holds no run, or its metrics.csv cannot be read.
        CheckpointError: a checkpoint cannot be used.
        ConfigError: this computer does not have the device.
    """
    if isinstance(folders, str | Path) or not folders:
        found = "one path" if folders else "none"
        raise UsageError("`runs`", "a list of folders of runs", found, "name one at least")
    paths = [Path(folder) for folder in folders]
    resolved = [real_path(path) for path in paths]
    for number, folder in enumerate(resolved):
        if folder in resolved[:number]:
            raise UsageError(paths[number], "", "is given twice", "leave it out once")
    return [_open_run(path, label, device) for path, label in zip(paths, make_labels(resolved), strict=True)]


def make_labels(folders: Sequence[Path]) -> list[str]:
    """The last parts of each path, as many as no other path ends with: `runs/a`, `old/a`, `b`."""

    def ending(folder: Path, count: int) -> str:
        return Path(*folder.parts[-count:]).as_posix()

    labels = []
    for folder in folders:
        others = [other for other in folders if other != folder]
        count = 1
        while any(ending(folder, count) == ending(other, count) for other in others):
            count += 1
        labels.append(printable(ending(folder, count)))
    return labels


def _open_run(folder: Path, label: str, device: str) -> ComparedRun:
    held = [folder / name for name in (BEST, LAST) if (folder / name).is_file()]
    if not held:
        problem = f"holds neither {BEST} nor {LAST}" if folder.exists() else "does not exist"
        problem = "is a file" if folder.is_file() else problem
        raise RunError(folder, "", problem, "give the folder of a run that 'fgbg train' wrote")
    best = load_checkpoint(held[0])
    last = load_checkpoint(held[-1]) if len(held) > 1 else best
    place = torch.device(choose_accelerator(device))
    engine = TorchEngine(model_of(held[0], best).to(place), best.target, best.res, place)
    return ComparedRun(label, folder, best, last, engine, read_curves(folder / LOG_FOLDER / CSV_FILE))


def config_differences(runs: Sequence[ComparedRun]) -> dict[str, list[str]]:
    """Options that differ between runs, and the dataset if it differs: by name, a text for each run."""
    configs = [run.config.identity() for run in runs]
    masks = [config.pop("mask", None) for config in configs]
    rows = {
        f"--{name.replace('_', '-')}": [_shown(config[name]) for config in configs] for name in configs[0]
    }
    rows["mask"] = ["alpha" if mask is None else ",".join(mask["names"]) for mask in masks]
    rows["--res"] = [",".join(map(str, run.last.stages)) for run in runs]
    del rows["--stages"]
    # The option is a path; the config has a hash of its file.
    rows["--load"] = [text[:12] for text in rows.pop("--loaded-from")]
    rows["dataset"] = [run.last.dataset_id[:12] for run in runs]
    return {name: texts for name, texts in rows.items() if len(set(texts)) > 1}


def _shown(value: Any) -> str:
    """A value of a config as it is written on the command line."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ",".join(f"{name}:{share:g}" for name, share in value.items()) or "none"
    if isinstance(value, list):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
