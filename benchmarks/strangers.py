"""What objects of random shape and borrowed texture (strangers) bring on other people's pictures.

    python benchmarks/strangers.py HOME AWAY... [--only none,default] [--res 48:6] [--seeds 1,2,3]

On a GPU, with the original's network:

    python benchmarks/strangers.py HOME AWAY... --only default --res 96:1,192:2 --epoch-samples 60000 \
        --batch-size 64 --widths 64,128,256,512,1024

HOME is a dataset: networks train on its train split and are measured on its val split. AWAY are datasets
whose foregrounds and backgrounds nobody trains on; all of their samples are in train (`fgbg generate --split
none`). Each arm trains one network for each seed, with a part of the strangers left out, or their share
changed. Its IoU is measured with a clean background, a perturbed one and none, without mirror images. Prints
the median over seeds. One training at 48 px takes three minutes of one core, one with `--res 48:6,96:4`
twelve.
"""

import statistics
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import click

from fgbg import TrainConfig, evaluate, train
from training.augment import strangers

ARMS: dict[str, tuple[dict[str, Any], dict[str, float]]] = {
    "none": ({"strangers": 0.0}, {}),
    "default": ({}, {}),
    "share 0.8": ({"strangers": 0.8}, {}),
    "as often without a background": ({}, {"WITHHELD": 1.0}),
    "never without a background": ({}, {"WITHHELD": 0.0}),
    "beside own objects only": ({}, {"ALONE": 0.0}),
    "alone only": ({}, {"ALONE": 1.0}),
    "one at a time": ({}, {"MORE": 0.0}),
    "no silhouettes": ({}, {"SILHOUETTES": 0.0}),
    "no camouflage": ({}, {"CAMOUFLAGE": 0.0}),
    "no flat colours": ({}, {"FLAT": 0.0}),
}
"""By name: fields of TrainConfig, and other values for constants of `training.augment.strangers`."""
CONDITIONS = ("clean", "perturbed", "absent")


@click.command()
@click.argument("home", type=click.Path(path_type=Path, exists=True))
@click.argument("away", type=click.Path(path_type=Path, exists=True), nargs=-1, required=True)
@click.option("--only", default=",".join(ARMS), show_default=True)
@click.option("--res", default="48:6", show_default=True)
@click.option("--epoch-samples", default=2150, show_default=True)
@click.option("--widths", default="32,32,64,128", show_default=True)
@click.option("--batch-size", default=8, show_default=True)
@click.option("--seeds", default="1", show_default=True)
@click.option("--samples", default=400, show_default=True, help="Samples to measure on in each dataset.")
def main(
    home: Path,
    away: tuple[Path, ...],
    only: str,
    res: str,
    epoch_samples: int,
    widths: str,
    batch_size: int,
    seeds: str,
    samples: int,
) -> None:
    places = [(home, "val"), *((place, "train") for place in away)]
    print("IoU clean, perturbed, absent:", *(str(place) for place, _ in places), sep="  ")
    for arm in only.split(","):
        fields, constants = ARMS[arm]
        found = []
        for seed in map(int, seeds.split(",")):
            with tempfile.TemporaryDirectory() as out, mock.patch.dict(vars(strangers), constants):
                config = TrainConfig(
                    data=home,
                    out=Path(out) / "run",
                    stages=[tuple(map(int, stage.split(":"))) for stage in res.split(",")],
                    epoch_samples=epoch_samples,
                    batch_size=batch_size,
                    widths=tuple(map(int, widths.split(","))),
                    schedule="cosine",
                    seed=seed,
                    val_samples=256,
                    **fields,
                )
                train(config, progress=False)
                found.append([score(config.out, place, subset, samples) for place, subset in places])
        medians = [
            " ".join(f"{statistics.median(scores):.3f}" for scores in zip(*ious, strict=True))
            for ious in zip(*found, strict=True)
        ]
        print(f"{arm:>30}", *medians, sep="  ", flush=True)


def score(run: Path, data: Path, subset: Any, samples: int) -> list[float]:
    """The mean IoU in each condition."""
    figures = evaluate(run, data, subset=subset, samples=samples, mirror=False, progress=False)
    return [figures["network"][condition]["iou"]["mean"] for condition in CONDITIONS]


if __name__ == "__main__":
    main()
