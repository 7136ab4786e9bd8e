"""How well a checkpoint segments a split, beside the best threshold on |fg_bg - bg|.

    python benchmarks/segmentation.py --data data/shards --checkpoint outputs/best.pt
        [--subset val] [--no-mirror]

Everything is measured at the checkpoint's resolution and on the same samples: the network with the background
given clean and absent, depth RMSE, and the threshold that gives the baseline its best mean IoU on this very
subset (which favours the baseline). The constant that gives depth its best RMSE stands beside the depth head.
"""

from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import torch

from fgbg.predictor import Predictor
from generator.dataset import Split, open_dataset
from training.batches import read_batches
from training.metrics import THRESHOLD, Scores
from training.prepare import Prepared, prepare

BATCH = 64
THRESHOLDS = np.arange(1, 128)


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path("data/shards"))
@click.option("--checkpoint", type=click.Path(path_type=Path), default=Path("outputs/best.pt"))
@click.option("--subset", type=click.Choice(["val", "test"]), default="val")
@click.option("--mirror/--no-mirror", default=True)
@torch.inference_mode()
def main(data: Path, checkpoint: Path, subset: str, mirror: bool) -> None:
    split = open_dataset(data)[subset]
    predictor = Predictor.load(checkpoint, mirror=mirror)
    given, absent = Scores(predictor.device), Scores(predictor.device)
    baseline = np.zeros(len(THRESHOLDS))
    depth = np.zeros(3)
    for batch in prepared(split, predictor):
        for scores, bg in ((given, batch.bg), (absent, None)):
            scores.update(predictor.see(bg, batch.fg_bg), batch.truth)
        baseline += threshold_ious(batch)
        known = batch.truth.depth[batch.truth.known].double()
        depth += [float(known.sum()), float((known**2).sum()), known.numel()]
    best = int(baseline.argmax())
    baseline_iou = baseline[best] / len(split)
    spread = np.sqrt(depth[1] / depth[2] - (depth[0] / depth[2]) ** 2)
    seen = " with mirror images" if mirror else ""
    print(f"{len(split):,} samples of {subset} at {predictor.res} px{seen}, {checkpoint}")
    print(f"threshold |fg_bg - bg| >= {THRESHOLDS[best]}: IoU {baseline_iou:.4f}")
    print(f"network, background given:  IoU {given.iou():.4f}, depth RMSE {given.depth_rmse():.4f}")
    print(f"network, background absent: IoU {absent.iou():.4f}, depth RMSE {absent.depth_rmse():.4f}")
    print(f"(1 - IoU) against the threshold: {(1 - given.iou()) / (1 - baseline_iou):.3f}")
    print(f"best constant depth: RMSE {spread:.4f}")


def prepared(split: Split, predictor: Predictor) -> Iterator[Prepared]:
    """The whole split in batches at the network's resolution."""
    order = (np.arange(start, min(start + BATCH, len(split))) for start in range(0, len(split), BATCH))
    for integers in read_batches(split, order, predictor.device):
        yield prepare(integers, predictor.res)


def threshold_ious(batch: Prepared) -> np.ndarray:
    """Sum over samples of the IoU at each threshold on the largest difference of the channels (0 to 255)."""
    difference = ((batch.fg_bg - batch.bg).abs().amax(dim=1) * 127.5).round().int().flatten(1).cpu().numpy()
    actual = (batch.truth.mask >= THRESHOLD).flatten(1).cpu().numpy()
    total = np.zeros(len(THRESHOLDS))
    for values, truth in zip(difference, actual, strict=True):
        inside, outside = (np.bincount(values[where], minlength=256) for where in (truth, ~truth))
        # How many pixels are at or above each threshold.
        hits, false_alarms = (counts[::-1].cumsum()[::-1][THRESHOLDS] for counts in (inside, outside))
        total += hits / np.maximum(truth.sum() + false_alarms, 1)
    return total


if __name__ == "__main__":
    main()
