"""Experiment trackers, MLflow and Weights & Biases: a resumed run of training continues its run there.

The ids of the runs are in `log/trackers.json`. When a tracker fails, training continues without it.
"""

import importlib
import json
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from generator.errors import UsageError, one_line
from generator.files import write_atomically
from training.config import LoggerName
from training.records.run_folder import TRACKERS_FILE, read_tracker_runs

Say = Callable[[str], None]
Status = Literal["finished", "stopped", "failed"]
"""How a call of `train` ended."""

PROJECT = "fgbg"
"""The experiment in MLflow and the project in W&B, where the environment names none."""

_SECONDS_TO_UPLOAD = 300.0


class Tracker(ABC):
    """A run in a tracker.

    Attributes:
        label: the name of the tracker.
        run_id: names the run there.
    """

    label: str
    run_id: str

    @abstractmethod
    def settings(self, fields: Mapping[str, Any]) -> None:
        """Log the config of the run."""

    @abstractmethod
    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """Log numbers by name."""

    @abstractmethod
    def picture(self, name: str, pixels: np.ndarray, step: int) -> None:
        """Log a picture (h, w, 3) uint8."""

    @abstractmethod
    def close(self, status: Status) -> None:
        """Mark the run as ended, and send what was not sent yet."""


class _MLflow(Tracker):
    label = "MLflow"

    def __init__(self, folder: Path, name: str, run_id: str | None, say: Say) -> None:
        for variable, value in (
            ("MLFLOW_ALLOW_FILE_STORE", "true"),  # the default below needs no server
            ("MLFLOW_DISABLE_TELEMETRY", "true"),
            ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2"),  # training waits for the answer
            ("MLFLOW_HTTP_REQUEST_TIMEOUT", "10"),
        ):
            os.environ.setdefault(variable, value)
        from mlflow.exceptions import MlflowException
        from pytorch_lightning.loggers import MLFlowLogger

        place = os.environ.get("MLFLOW_TRACKING_URI") or (folder / "mlflow").absolute().as_uri()
        experiment = os.environ.get("MLFLOW_EXPERIMENT_NAME") or PROJECT

        def logger(run_id: str | None) -> Any:
            return MLFlowLogger(experiment, name, place, run_id=run_id, synchronous=True)

        self._logger, self._is_new = logger(run_id), run_id is None
        try:
            self._client = self._logger.experiment
        except MlflowException as error:
            if self._is_new or error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            say(f"MLflow does not have the run {run_id} at {place}: it gets a new one")
            self._logger, self._is_new = logger(None), True
            self._client = self._logger.experiment
        self.run_id = self._logger.run_id
        if not self._is_new:
            self._client.update_run(self.run_id, status="RUNNING")

    def settings(self, fields: Mapping[str, Any]) -> None:
        if self._is_new:  # they cannot be changed there
            self._logger.log_hyperparams(dict(fields))

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        self._logger.log_metrics({_file_name(name): value for name, value in values.items()}, step)

    def picture(self, name: str, pixels: np.ndarray, step: int) -> None:
        self._client.log_image(self.run_id, pixels, key=name, step=step)

    def close(self, status: Status) -> None:
        self._logger.finalize("KILLED" if status == "stopped" else status)


def _file_name(name: str) -> str:
    """A name of a metric for MLflow, whose file store has a file for each metric.

    `train/loss` is a file there, so `train/loss/dice` becomes `train/loss.dice`. Characters that a server
    refuses, in names of classes, become underscores.
    """
    group, _, rest = name.partition("/")
    return re.sub(r"[^a-zA-Z0-9_/. -]", "_", f"{group}/{rest.replace('/', '.')}")


class _Wandb(Tracker):
    label = "W&B"

    def __init__(self, folder: Path, name: str, run_id: str | None, say: Say) -> None:
        import wandb
        from pytorch_lightning.loggers import WandbLogger

        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT") or PROJECT,
            name=name,
            dir=folder,
            id=run_id,
            resume="allow",
            settings=wandb.Settings(console="off", finish_timeout=_SECONDS_TO_UPLOAD),
        )
        self._run.define_metric("*", step_metric="trainer/global_step", step_sync=True)
        self._logger = WandbLogger(experiment=self._run)
        self.run_id = self._run.id

    def settings(self, fields: Mapping[str, Any]) -> None:
        self._logger.log_hyperparams(dict(fields))

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        self._logger.log_metrics(values, step)

    def picture(self, name: str, pixels: np.ndarray, step: int) -> None:
        self._logger.log_image(name, [pixels], step)

    def close(self, status: Status) -> None:
        self._run.finish(exit_code=int(status == "failed"))


_TRACKERS: dict[LoggerName, type[_MLflow | _Wandb]] = {"mlflow": _MLflow, "wandb": _Wandb}


def require_trackers(names: Sequence[LoggerName]) -> None:
    """Check that the packages of trackers are installed.

    Raises:
        UsageError: one is not.
    """
    for name in names:
        if name in _TRACKERS:
            try:
                importlib.import_module(name)
            except ImportError as error:
                found = f"needs {name}, which is not installed"
                raise UsageError(f"`logger={name}`", "", found, f"run: pip install 'fgbg[{name}]'") from error


class Trackers:
    """The trackers of a run; one that fails is left out from then on, and a line says so.

    Args:
        names: of loggers; others than trackers are ignored.
        folder: of the log, which is made where there are trackers.
        resumed: whether to continue the runs whose ids are in the folder.
        say: gets the lines.

    Raises:
        UsageError: a tracker cannot begin.
    """

    def __init__(
        self, names: Sequence[LoggerName], folder: Path, resumed: bool = False, say: Say = print
    ) -> None:
        self._folder, self._say = folder, say
        self._open: list[Tracker] = []
        self._runs = read_tracker_runs(folder) if resumed else {}
        for name in names:
            if name in _TRACKERS:
                folder.mkdir(parents=True, exist_ok=True)
                tracker = self._begin(name, self._runs.get(name))
                self._open.append(tracker)
                self._runs[name] = tracker.run_id

    def write_ids(self) -> None:
        """Write the ids of the runs into the folder, so that a resumed run finds them."""
        if self._open:
            write_atomically(self._folder / TRACKERS_FILE, (json.dumps(self._runs) + "\n").encode())

    def settings(self, fields: Mapping[str, Any]) -> None:
        """Log the config of the run."""
        self._each(lambda tracker: tracker.settings(fields))

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """Log numbers by name."""
        self._each(lambda tracker: tracker.scalars(values, step))

    def picture(self, name: str, pixels: np.ndarray, step: int) -> None:
        """Log a picture (h, w, 3) uint8."""
        self._each(lambda tracker: tracker.picture(name, pixels, step))

    def close(self, status: Status) -> None:
        """Mark the runs as ended, and send what was not sent yet."""
        self._each(lambda tracker: tracker.close(status))
        self._open.clear()

    def _begin(self, name: LoggerName, run_id: str | None) -> Tracker:
        try:
            run = self._folder.absolute().parent.name
            return _TRACKERS[name](self._folder, run, run_id, self._say)
        except Exception as error:  # of a server, of its client, or of the settings in the environment
            found = f"cannot begin a run ({one_line(error)})"
            raise UsageError(
                f"`logger={name}`", "", found, "correct its settings, or leave it out"
            ) from error

    def _each(self, do: Callable[[Tracker], None]) -> None:
        for tracker in list(self._open):
            try:
                do(tracker)
            except Exception as error:  # training works without any tracker
                self._open.remove(tracker)
                self._say(
                    f"{self._folder}: {tracker.label} gets no more entries ({one_line(error)});"
                    " training continues"
                )
