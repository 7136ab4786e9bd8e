"""What a run leaves to look at: a CSV with a row per epoch, and TensorBoard scalars and pictures."""

import csv
import io
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from generator.files import write_atomically
from training.models import Prediction
from training.prepare import Prepared, Truth

CSV_FILE = "metrics.csv"
PICTURES = 8


class RunLog:
    """The log of a run in `folder`. A resumed run goes on where its checkpoint was: later rows are dropped.

    Args:
        folder: of the log.
        epoch: epochs done so far.
        step: batches done so far; TensorBoard counts in these.
    """

    def __init__(self, folder: Path, epoch: int, step: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._csv = folder / CSV_FILE
        self._rows = [row for row in _read_rows(self._csv) if int(row["epoch"]) <= epoch]
        self._board = SummaryWriter(str(folder), purge_step=step + 1 if step else None)

    def close(self) -> None:
        """Flush what TensorBoard holds back."""
        self._board.close()

    def training(self, step: int, terms: dict[str, float], lr: float) -> None:
        """Losses averaged over the last steps."""
        for name, value in terms.items():
            self._board.add_scalar(f"train/{name}", value, step)
        self._board.add_scalar("train/lr", lr, step)

    def epoch(self, step: int, row: dict[str, float | int]) -> None:
        """One epoch's row, in the CSV and as scalars."""
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
        for name, value in row.items():
            self._board.add_scalar(f"epoch/{name}", value, step)

    def pictures(self, step: int, prepared: Prepared, prediction: Prediction) -> None:
        """Samples as rows: bg, fg_bg, mask, mask_pred, depth, depth_pred; no depth without a depth head."""
        names = "bg, fg_bg, mask, mask_pred" + (", depth, depth_pred" if prediction.depth is not None else "")
        self._board.add_image(names, grid(prepared, prediction), step)
        self._board.flush()


def grid(prepared: Prepared, prediction: Prediction) -> Tensor:
    """A picture (3, rows * h, 6 * w) float in [0, 1] of at most `PICTURES` samples, a row each.

    Without a depth head it is 4 * w wide.
    """
    truth: Truth = prepared.truth
    columns = [
        (prepared.bg + 1) / 2,
        (prepared.fg_bg + 1) / 2,
        truth.mask,
        prediction.mask_logits.sigmoid(),
        *([truth.depth, prediction.depth] if prediction.depth is not None else []),
    ]
    cells = [column[:PICTURES].float().cpu() for column in columns]
    rows = torch.cat([cell.expand(-1, 3, -1, -1) for cell in cells], dim=3)
    return torch.cat(list(rows), dim=1).clamp(0, 1)


def _read_rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def clear_log(folder: Path) -> None:
    """Remove what `RunLog` wrote in an earlier run."""
    for path in (folder / CSV_FILE, *folder.glob("events.out.tfevents.*")):
        path.unlink(missing_ok=True)
