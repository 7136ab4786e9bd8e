"""The recipes on a few real pictures: whether each of them learns these pictures by heart.

    python benchmarks/recipes.py FOLDER [--only pets,roads] [--encoder NAME --encoder-weights FILE]

FOLDER has data sets in folders of their own: oxford_pet, cub_layout, kitti_road, camvid (for the drone).
Each recipe imports its data set without splits, trains on it without augmentation, and is measured on the
very same pictures. This shows that formats, losses and networks fit together, and nothing about other
pictures. Encoders need weights: ImageNet's are downloaded, or give a file and the name of its encoder. Up to
ten minutes for each recipe on two cores.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

RECIPES = Path(__file__).parents[1] / "recipes"
SOURCES = {
    "pets": ("oxford-pet", "oxford_pet", []),
    "pets-mobilenet": ("oxford-pet", "oxford_pet", []),
    "birds": ("cub200", "cub_layout", []),
    "roads": ("kitti-road", "kitti_road", ["--lane", "--size", "640x192"]),
    "drone": ("camvid", "camvid", ["--size", "320x240"]),
}
TRAINING = {
    "pets": (400, ["--res", "128", "--lr", "1e-2"]),
    "pets-mobilenet": (375, ["--res", "128"]),
    "birds": (150, ["--res", "128"]),
    "roads": (360, ["--res", "320", "--lr", "1e-3"]),
    "drone": (400, ["--res", "128"]),
}
"""Steps, and options in place of those of the recipe."""
BATCH = 5


def fgbg(recipe: str, *arguments: str) -> None:
    command = [sys.executable, "-m", "fgbg", "--config", str(RECIPES / f"{recipe}.toml"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
@click.option("--only", default=",".join(SOURCES), show_default=True)
@click.option("--encoder")
@click.option("--encoder-weights", type=click.Path(path_type=Path, exists=True))
@click.option("--more", type=float, default=1, show_default=True, help="Times the number of steps.")
def main(folder: Path, only: str, encoder: str | None, encoder_weights: Path | None, more: float) -> None:
    with tempfile.TemporaryDirectory(prefix="fgbg-recipes-") as place:
        for recipe in only.split(","):
            print(measured(recipe, folder, Path(place) / recipe, encoder, encoder_weights, more), flush=True)


def measured(
    recipe: str, folder: Path, place: Path, encoder: str | None, weights: Path | None, more: float
) -> str:
    """Import, train and evaluate; a line with the scores."""
    layout, name, options = SOURCES[recipe]
    # The dataset of the pets is described in the recipe of their first network.
    shards, run, out = (str(place / part) for part in ("shards", "run", "evaluation"))
    importing = "pets" if recipe == "pets-mobilenet" else recipe
    fgbg(importing, "import", layout, str(folder / name), "--out", shards, "--split", "none", *options)
    began = time.monotonic()
    steps = int(TRAINING[recipe][0] * more)
    training = ["--data", shards, "--out", run, "--augment", "none", "--ema", "0.98", "--epochs", "2"]
    training += ["--batch-size", str(BATCH), "--epoch-samples", str(steps * BATCH // 2), *TRAINING[recipe][1]]
    if encoder and recipe in ("pets-mobilenet", "roads"):
        training += ["--encoder", encoder, "--encoder-weights", str(weights)]
    fgbg(recipe, "train", *training)
    seconds = time.monotonic() - began
    # What was learnt by heart was not learnt in the mirror.
    measuring = ["--data", shards, "--checkpoint", run, "--out", out, "--subset", "train", "--no-mirror"]
    fgbg(recipe, "evaluate", *measuring)
    figures = json.loads((Path(out) / "metrics.json").read_text(encoding="utf-8"))
    line = f"{recipe}: IoU, mean over samples {figures['network']['absent']['iou']['mean']:.4f}"
    if figures["classes"]:
        part = figures["classes"]["absent"]
        ious = [f"{key} {found['iou']['mean']:.3f}" for key, found in part["by_class"].items() if found]
        line += (
            f", of classes {part['mean_iou']['mean']:.4f}, pixels right {part['pixel_accuracy']['mean']:.4f}"
        )
        line += f" ({', '.join(ious)})"
    return f"{line}; {figures['samples']} pictures, {steps} steps, {seconds:.0f} s"


if __name__ == "__main__":
    main()
