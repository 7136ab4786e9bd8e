"""What a few real labelled pictures add to a network that was trained on composites, and the other way round.

    python benchmarks/synthetic_to_real.py CHECKPOINT FORMAT SRC [--counts 1,2,4] [--samples 800]

Trains on N real pictures and tests on all others, without backgrounds: from random weights ("real only"), and
from the weights of CHECKPOINT ("composites, then real"). "composites only" is CHECKPOINT itself on the same
pictures. Every choice of pictures is repeated with others. Prints the mean IoU at 0.5 and its range.
"""

import statistics
import tempfile
from pathlib import Path
from typing import Any

import click
from short_training import absent_iou, train_briefly

from fgbg import open_dataset
from generator.importing.config import ImportConfig
from generator.importing.pipeline import import_labelled


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
        everything = divide(format_name, source, place / "all", res, (1, 0), 0)
        total = len(open_dataset(everything)["train"])
        print(f"{total} pictures; N of them trained on, the others tested; IoU at 0.5, no background")
        print(f"{'N':>3} {'composites only':>24} {'real only':>24} {'composites, then real':>24}", flush=True)
        for count in map(int, counts.split(",")):
            scores: dict[str, list[float]] = {"composites": [], "real": [], "both": []}
            for repeat in range(repeats):
                out = place / f"data-{count}-{repeat}"
                data = divide(format_name, source, out, res, (count, total - count), repeat)
                assert len(open_dataset(data)["train"]) == count, "near-duplicates stay in one split"
                scores["composites"].append(absent_iou(checkpoint, data))
                for kind, load in (("real", None), ("both", checkpoint)):
                    run = place / f"run-{count}-{repeat}-{kind}"
                    scores[kind].append(absent_iou(start(data, run, load, samples, res, lr), data))
            print(f"{count:>3}", *(f"{told(scores[kind]):>24}" for kind in scores), flush=True)


def told(values: list[float]) -> str:
    return f"{statistics.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def divide(format_name: str, source: Path, out: Path, res: int, shares: tuple[int, int], seed: int) -> Path:
    """A dataset with some pictures in train, and all others in val. Void pixels stay void."""
    split = (*map(float, shares), 0.0)
    import_labelled(
        ImportConfig(
            format=format_name, source=source, out=out, size=(res, res), mask="alpha", split=split, seed=seed
        )
    )
    return out


def start(data: Path, run: Path, load: Path | None, samples: int, res: int, lr: float) -> Path:
    """The last checkpoint of a training on real pictures."""
    fields: dict[str, Any] = {} if load is None else {"load": load, "lr": lr}
    # Weights that are averaged over 1,000 steps would still be those of the beginning.
    return train_briefly(data, run, [(res, 1)], samples, ema=0.95, warm_up=20, **fields)


if __name__ == "__main__":
    main()
