"""From two folders of pictures to a network that predicts mask and depth: the public API.

>>> import fgbg
>>> fgbg.open_dataset("data/shards")["val"].read([0, 5]).mask.dtype
dtype('uint8')

The names in `__all__` stay. Everything else in `fgbg`, `training` and `generator` may move.
Importing `fgbg` is quick; NumPy, torch and the others are imported when a name is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

from fgbg.shadowed_packages import refuse_shadowed_packages

refuse_shadowed_packages()

from generator import __version__ as __version__  # noqa: E402

if TYPE_CHECKING:
    from fgbg.comparison.compare import compare
    from fgbg.evaluation.evaluate import evaluate
    from fgbg.predictor.predicted import Predicted
    from fgbg.predictor.predictor import Predictor
    from generator.assets.cutout import clean_cut_outs, cut_out_by_masks, cut_out_by_network, cut_out_in_box
    from generator.assets.foreground import Foreground
    from generator.config import GenerateConfig
    from generator.cut_objects import cut_out_objects
    from generator.drawing.write import write_samples
    from generator.errors import (
        AssetError,
        ConfigError,
        DatasetError,
        ExistsError,
        FgbgError,
        ImageError,
        UsageError,
    )
    from generator.export.config import ExportConfig
    from generator.export.croissant import describe_dataset
    from generator.export.pipeline import export_dataset
    from generator.importing.config import ImportConfig
    from generator.importing.pipeline import import_labelled
    from generator.pipeline import generate
    from generator.reading.batch import Batch, Sample
    from generator.reading.dataset import Dataset, open_dataset
    from generator.reading.split import Split
    from generator.reading.verify import verify_dataset
    from generator.review.finding import Finding
    from generator.review.limits import Limits
    from generator.review.review import Review, review
    from training.batches.torch_dataset import TorchDataset, TorchSample, torch_dataset
    from training.config import TrainConfig
    from training.errors import CheckpointError, RunError, StoppedError
    from training.export.config import NetworkExportConfig
    from training.export.pipeline import export_network
    from training.outcome import TrainOutcome
    from training.run import train

__all__ = [
    "AssetError",
    "Batch",
    "CheckpointError",
    "ConfigError",
    "Dataset",
    "DatasetError",
    "ExistsError",
    "ExportConfig",
    "FgbgError",
    "Finding",
    "Foreground",
    "GenerateConfig",
    "ImageError",
    "ImportConfig",
    "Limits",
    "NetworkExportConfig",
    "Predicted",
    "Predictor",
    "Review",
    "RunError",
    "Sample",
    "Split",
    "StoppedError",
    "TorchDataset",
    "TorchSample",
    "TrainConfig",
    "TrainOutcome",
    "UsageError",
    "clean_cut_outs",
    "compare",
    "cut_out_by_masks",
    "cut_out_by_network",
    "cut_out_in_box",
    "cut_out_objects",
    "describe_dataset",
    "evaluate",
    "export_dataset",
    "export_network",
    "generate",
    "import_labelled",
    "open_dataset",
    "review",
    "torch_dataset",
    "train",
    "verify_dataset",
    "write_samples",
]

_MODULES = {
    "fgbg.comparison.compare": ("compare",),
    "fgbg.evaluation.evaluate": ("evaluate",),
    "fgbg.predictor.predicted": ("Predicted",),
    "fgbg.predictor.predictor": ("Predictor",),
    "generator.assets.cutout": ("clean_cut_outs", "cut_out_by_masks", "cut_out_by_network", "cut_out_in_box"),
    "generator.assets.foreground": ("Foreground",),
    "generator.config": ("GenerateConfig",),
    "generator.cut_objects": ("cut_out_objects",),
    "generator.drawing.write": ("write_samples",),
    "generator.errors": (
        *("AssetError", "ConfigError", "DatasetError", "ExistsError", "FgbgError", "ImageError"),
        "UsageError",
    ),
    "generator.export.config": ("ExportConfig",),
    "generator.export.croissant": ("describe_dataset",),
    "generator.export.pipeline": ("export_dataset",),
    "generator.importing.config": ("ImportConfig",),
    "generator.importing.pipeline": ("import_labelled",),
    "generator.pipeline": ("generate",),
    "generator.reading.batch": ("Batch", "Sample"),
    "generator.reading.dataset": ("Dataset", "open_dataset"),
    "generator.reading.split": ("Split",),
    "generator.reading.verify": ("verify_dataset",),
    "generator.review.finding": ("Finding",),
    "generator.review.limits": ("Limits",),
    "generator.review.review": ("Review", "review"),
    "training.batches.torch_dataset": ("TorchDataset", "TorchSample", "torch_dataset"),
    "training.config": ("TrainConfig",),
    "training.outcome": ("TrainOutcome",),
    "training.errors": ("CheckpointError", "RunError", "StoppedError"),
    "training.export.config": ("NetworkExportConfig",),
    "training.export.pipeline": ("export_network",),
    "training.run": ("train",),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'fgbg' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
