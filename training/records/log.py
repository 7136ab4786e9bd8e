"""The log of a run: its config as JSON, a CSV with one row per epoch, TensorBoard and trackers."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from generator.errors import one_line
from generator.files import read_regular, write_atomically
from generator.look.contact_sheet import draw_legend, mask_keys
from training.batches.prepare import Prepared
from training.config import TrainConfig
from training.errors import RunError
from training.models import Architecture, Prediction, Truth
from training.models.graph import add_graph
from training.records.board import Board
from training.records.run_folder import CONFIG_FILE, CSV_FILE
from training.records.trackers import Status, Trackers
from training.target import Target
from training.term_names import current_column

PICTURES = 8
_LEGEND_WIDTH = 320
"""Least width in pixels of a picture with a legend."""
_MOST_CSV = 2**26
"""Bytes of a table: more than a million epochs."""


class RunLog:
    """The log of a run in `folder`. Of a resumed run, rows after its checkpoint are dropped.

    Args:
        folder: of the log.
        epoch: epochs done so far.
        step: steps done so far, which TensorBoard shows.
        say: gets a line when TensorBoard's file can no longer be written; training continues.
        trackers: get everything but histograms and the graph; None for none.
        tensorboard: whether to write a file for TensorBoard.

    Raises:
        RunError: the folder has a table that no run wrote.
    """

    def __init__(
        self,
        folder: Path,
        epoch: int,
        step: int,
        say: Callable[[str], None] = print,
        trackers: Trackers | None = None,
        tensorboard: bool = True,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._csv, self._say = folder, folder / CSV_FILE, say
        self._rows = [row for row in read_rows(self._csv) if int(row["epoch"]) <= epoch]
        self._trackers = trackers or Trackers((), folder)
        self._board: Board | None = None
        if tensorboard:
            self._board = Board(folder, purge_step=step + 1 if step else None)
        self._has_said = False

    @property
    def rows(self) -> Sequence[Mapping[str, str]]:
        """The rows of the CSV."""
        return self._rows

    def close(self, status: Status = "finished") -> None:
        """Write events that are still in TensorBoard's buffer, and end the runs in trackers."""
        if self._board is not None:
            self._board.close()
            self._tell(self._board)
        self._trackers.close(status)

    def settings(self, step: int, fields: Mapping[str, Any]) -> None:
        """Log the config of the run."""
        if self._board is not None:
            text = json.dumps(fields, indent=2, default=str)
            self._board.add_text("config", f"```\n{text}\n```", step)
            self._flush(self._board)
        self._trackers.settings(fields)

    def training(self, step: int, terms: dict[str, float], lr: float) -> None:
        """Log losses averaged over the last steps."""
        self._scalars(step, {f"train/{name}": value for name, value in {**terms, "lr": lr}.items()})

    def epoch(self, step: int, row: dict[str, float | int]) -> None:
        """Log one epoch: a row of the CSV, and scalars."""
        texts = {
            name: str(value) if isinstance(value, int) else f"{value:.6g}" for name, value in row.items()
        }
        self._rows.append(texts)
        names = list(dict.fromkeys(name for known in self._rows for name in known))
        text = io.StringIO()
        writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows)
        write_atomically(self._csv, text.getvalue().encode())
        self._scalars(step, {f"epoch/{name}": value for name, value in row.items()})

    def pictures(self, step: int, target: Target, prepared: Prepared, prediction: Prediction) -> None:
        """Log samples as rows of pictures, with the columns of `columns`."""
        shown = columns(target, prepared, prediction)
        picture = with_legend(grid(shown), target)
        if self._board is not None:
            self._board.add_image(", ".join(shown), picture, step)
            self._flush(self._board)
        pixels = (picture * 255).round().byte().permute(1, 2, 0).numpy()
        self._trackers.picture(" ".join(shown), pixels, step)

    def histograms(self, step: int, network: nn.Module) -> None:
        """Log the values of every weight and its gradient after the last step (clipped, not averaged)."""
        if self._board is None:
            return
        for name, weight in network.named_parameters():
            _add_histogram(self._board, f"weights/{name}", weight.detach(), step)
            if weight.grad is not None:
                _add_histogram(self._board, f"gradients/{name}", weight.grad, step)

    def graph(self, architecture: Architecture) -> str | None:
        """Log the network's graph in TensorBoard; returns the reason where that is impossible."""
        return None if self._board is None else add_graph(self._board, architecture)

    def _scalars(self, step: int, values: Mapping[str, float]) -> None:
        if self._board is not None:
            for name, value in values.items():
                self._board.add_scalar(name, value, step)
            self._flush(self._board)
        self._trackers.scalars(values, step)

    def _flush(self, board: Board) -> None:
        board.flush()
        self._tell(board)

    def _tell(self, board: Board) -> None:
        if board.problem is not None and not self._has_said:
            self._has_said = True
            self._say(
                f"{self._folder}: TensorBoard gets no more events ({board.problem}); training continues"
            )


def _add_histogram(board: Board, name: str, values: Tensor, step: int) -> None:
    # Scaled gradients overflow sometimes.
    finite = values[values.isfinite()]
    if finite.numel():
        board.add_histogram(name, finite.float().cpu(), step)


def grid(shown: Mapping[str, Tensor]) -> Tensor:
    """A picture (3, rows * h, columns * w) float in [0, 1] of at most `PICTURES` samples, a row each."""
    cells = [column[:PICTURES].float().cpu() for column in shown.values()]
    rows = torch.cat([cell.expand(-1, 3, -1, -1) for cell in cells], dim=3)
    return torch.cat(list(rows), dim=1).clamp(0, 1)


def with_legend(picture: Tensor, target: Target) -> Tensor:
    """A picture (3, h, w) in [0, 1] with a legend of classes and void pixels below it, if there are any."""
    keys = mask_keys(target.entry)
    if not keys:
        return picture
    missing = max(0, _LEGEND_WIDTH - picture.shape[2])
    padded = torch.nn.functional.pad(picture, (0, missing), value=1.0)
    legend = torch.from_numpy(draw_legend(keys, padded.shape[2]).copy())
    return torch.cat([padded, legend.permute(2, 0, 1).float() / 255], dim=1)


def columns(target: Target, prepared: Prepared, prediction: Prediction) -> dict[str, Tensor]:
    """The pictures of samples by name, each (B, 1 or 3, h, w) float in [0, 1]: inputs, truth, answer, errors.

    Errors are absolute, and 0 where depth is unknown. Without a depth head there is no depth.
    """
    truth: Truth = prepared.truth
    shown = {
        **({} if prepared.bg is None else {"bg": (prepared.bg + 1) / 2}),
        "fg_bg": (prepared.fg_bg + 1) / 2,
        **target.columns(truth.mask, prediction.mask_logits),
    }
    if prediction.depth is not None:
        error = (truth.depth - prediction.depth).abs() * truth.known
        shown |= {"depth": truth.depth, "depth_pred": prediction.depth, "depth_error": error}
    return shown


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of the CSV, as texts by column; empty where there is no file.

    Raises:
        RunError: the file is not a table with an epoch in every row.
    """
    try:
        text = read_regular(path, _MOST_CSV).decode("utf-8")
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
        for row in rows:
            if None in row or None in row.values():
                raise ValueError("rows of different lengths")
            if not row["epoch"].isascii() or int(row["epoch"]) < 1:
                raise ValueError(f"epoch {row['epoch']}")
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, csv.Error) as error:
        found = f"something else ({getattr(error, 'strerror', None) or one_line(error)})"
        raise RunError(
            path, "a row of numbers per epoch", found, "move it away and run the same command again"
        ) from error
    return [{current_column(name): value for name, value in row.items()} for row in rows]


def recorded_fields(config: TrainConfig) -> dict[str, Any]:
    """The fields of a config that a run records."""
    return config.model_dump(exclude={"out", "load"})


def write_config(folder: Path, config: TrainConfig) -> None:
    """Write the resolved config as JSON into the run's folder, unless the same is there already."""
    path = folder / CONFIG_FILE
    # In ASCII, which keeps a path of any bytes.
    content = (json.dumps(recorded_fields(config), indent=2, default=str) + "\n").encode()
    if not path.exists() or read_regular(path) != content:
        write_atomically(path, content)
