"""What a few real labelled pictures add to a network that was trained on composites, and the other way round.

    python benchmarks/synthetic_to_real.py CHECKPOINT FORMAT SRC [--counts 1,2,4] [--samples 800]

Trains on N real pictures and tests on all others, without backgrounds: from random weights ("real only"), and
from the weights of CHECKPOINT ("composites, then real"). "composites only" is CHECKPOINT itself on the same
pictures. Every choice of pictures is repeated with others. Prints the mean IoU at 0.5 and its range.
"""

import csv
import statistics
import tempfile
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np

from fgbg import TrainConfig, evaluate, open_dataset, train
from generator.importing.config import ImportConfig
from generator.importing.pipeline import import_labelled

VOID = 127


@click.command()
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.argument("format_name", metavar="FORMAT")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--counts", default="1,2,4", show_default=True)
@click.option("--repeats", default=3, show_default=True)
@click.option("--samples", default=800, show_default=True, help="Samples of one training.")
@click.option("--res", default=96, show_default=True)
@click.option("--lr", default=1e-3, show_default=True, help="Of Muon, after composites.")
def main(
    checkpoint: Path,
    format_name: str,
    source: Path,
    counts: str,
    repeats: int,
    samples: int,
    res: int,
    lr: float,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        names = copy_pictures(format_name, source, place, res)
        print(f"{len(names)} pictures; N of them trained on, the others tested; IoU at 0.5, no background")
        print(f"{'N':>3} {'composites only':>24} {'real only':>24} {'composites, then real':>24}", flush=True)
        for count in map(int, counts.split(",")):
            scores: dict[str, list[float]] = {"composites": [], "real": [], "both": []}
            for repeat in range(repeats):
                order = np.random.default_rng(repeat).permutation(len(names))
                data = make_dataset(place, names, order[:count].tolist(), res)
                scores["composites"].append(score(checkpoint, data))
                for kind, load in (("real", None), ("both", checkpoint)):
                    run = place / f"run-{count}-{repeat}-{kind}"
                    start(data, run, load, samples, res, lr)
                    scores[kind].append(score(run / "last.pt", data))
            print(f"{count:>3}", *(f"{told(scores[kind]):>24}" for kind in scores), flush=True)


def told(values: list[float]) -> str:
    return f"{statistics.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def copy_pictures(format_name: str, source: Path, place: Path, res: int) -> list[str]:
    """Write each picture and its alpha as PNG, at the size of the network; the names."""
    config = ImportConfig(
        format=format_name, source=source, out=place / "all", size=(res, res), mask="alpha", split=None
    )
    import_labelled(config)
    (place / "pictures").mkdir()
    (place / "masks").mkdir()
    names = []
    for number, sample in enumerate(open_dataset(place / "all")["train"]):
        names.append(f"{number:03}.png")
        cv2.imwrite(str(place / "pictures" / names[-1]), sample.fg_bg[..., ::-1])
        cv2.imwrite(str(place / "masks" / names[-1]), sample.mask)
    return names


def make_dataset(place: Path, names: list[str], chosen: list[int], res: int) -> Path:
    """A dataset with the chosen pictures in train, and all others in val."""
    out = place / f"data-{'-'.join(map(str, chosen))}"
    table = place / "pairs.csv"
    with table.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["picture", "mask", "split"])
        for number, name in enumerate(names):
            rows.writerow([f"pictures/{name}", f"masks/{name}", "train" if number in chosen else "val"])
    import_labelled(
        ImportConfig(format="folder", source=place, out=out, size=(res, res), pairs=table, mask="alpha")
    )
    return out


def start(data: Path, run: Path, load: Path | None, samples: int, res: int, lr: float) -> None:
    fields: dict[str, Any] = {} if load is None else {"load": load, "lr": lr}
    # Weights that are averaged over 1,000 steps would still be those of the beginning.
    fields |= {"ema": 0.95, "warm_up": 20, "schedule": "cosine", "augment": {"flip": 0.5, "light": 1.0}}
    fields |= {"widths": (32, 32, 64, 128), "batch_size": 8, "epoch_samples": samples, "device": "cpu"}
    train(TrainConfig(data=data, out=run, stages=[(res, 1)], **fields))


def score(checkpoint: Path, data: Path) -> float:
    figures = evaluate(checkpoint, data, subset="val", device="cpu", progress=False)
    return float(figures["network"]["absent"]["iou"]["mean"])


if __name__ == "__main__":
    main()
