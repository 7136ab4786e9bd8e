"""Which options of `fgbg generate` help on real photos.

    python benchmarks/realism.py FG BG REAL... [--out realism.json] [--seeds 0,1] [--only plain,again]

REAL are datasets of labelled photos from `fgbg import ... --mask alpha`. For each seed, a dataset is made of
the cut-outs FG and the photos BG: plain, with each option alone, and with the preset. A network that sees
only the picture is trained on the same number of samples of each. Its mean IoU at 0.5 is measured on all
photos of REAL, on unseen composites of its own dataset ("own"), and on unseen plain composites ("plain
val").

"again" is plain with another seed of the training. A gain that is not larger than that of "again" says
nothing. "all object" is the score of a mask that covers the whole picture.

One training takes about 70 seconds of one core, with preparation and measurement. Each result is stored in
--out, and a second call continues there. Prints the means over the seeds, and how much all photos together
gain on plain with each seed.
"""

import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

import click
import numpy as np
from short_training import absent_iou, train_briefly

from fgbg import GenerateConfig, generate, open_dataset
from generator.importing.fit import VOID_LEVEL
from generator.presets import PRESETS

OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "again": {},
    "scale 0.5-2": {"scale": (0.5, 2.0)},
    "scale 1-2": {"scale": (1.0, 2.0)},
    "rotate 20": {"rotate": 20.0},
    "colour 0.3": {"brightness": 0.3, "contrast": 0.3, "saturation": 0.3},
    "blend mixed": {"blend": "mixed"},
    "objects 1-3": {"objects": (1, 3)},
    "truncate 0.5": {"truncate": 0.5},
    "empty 0.1": {"empty": 0.1},
    "shadow 0.5": {"shadow": 0.5},
    "harmonise 0.5": {"harmonise": 0.5},
    "preset photo": PRESETS["photo"],
}
AGAIN = 1000
"""Added to the seed of the training of "again"."""
SIDE = 96
"""Of the canvas. Small cut-outs stay sharp on it, also at twice the usual size."""
STAGES = [(48, 2), (64, 1)]
NETWORK: dict[str, Any] = {"inputs": 3, "depth_head": False, "ema": 0.99}

Scores = dict[str, float]


@click.command()
@click.argument("fg", type=click.Path(path_type=Path, exists=True))
@click.argument("bg", type=click.Path(path_type=Path, exists=True))
@click.argument("real", type=click.Path(path_type=Path, exists=True), nargs=-1, required=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("realism.json"), show_default=True)
@click.option("--seeds", default="0,1", show_default=True)
@click.option("--only", default=",".join(OPTIONS), help="Names of rows of the table.  [default: all]")
@click.option("--samples", default=1600, show_default=True, help="Samples of each of three epochs.")
@click.option("--composites", default=256, show_default=True, help="Composites of val that are measured.")
def main(
    fg: Path,
    bg: Path,
    real: tuple[Path, ...],
    out: Path,
    seeds: str,
    only: str,
    samples: int,
    composites: int,
) -> None:
    results: dict[str, dict[str, Scores]] = json.loads(out.read_text()) if out.exists() else {}
    for seed in map(int, seeds.split(",")):
        with tempfile.TemporaryDirectory(prefix="fgbg-realism-") as folder:
            plain = make(fg, bg, Path(folder) / "plain", seed, {})
            for number, name in enumerate(only.split(",")):
                if str(seed) in results.setdefault(name, {}):
                    continue
                own = (
                    make(fg, bg, Path(folder) / f"own-{number}", seed, OPTIONS[name])
                    if OPTIONS[name]
                    else plain
                )
                training_seed = seed + (AGAIN if name == "again" else 0)
                run = Path(folder) / f"run-{number}"
                checkpoint = train_briefly(own, run, STAGES, samples, seed=training_seed, **NETWORK)
                scores = {data.name: over_photos(data, checkpoint) for data in real}
                scores["own"] = absent_iou(checkpoint, own, samples=composites)
                scores["plain val"] = absent_iou(checkpoint, plain, samples=composites)
                results[name][str(seed)] = scores
                out.write_text(json.dumps(results, indent=1))
                print(name, seed, {column: round(score, 3) for column, score in scores.items()}, flush=True)
    asked = {
        name: {seed: runs[seed] for seed in seeds.split(",") if seed in runs}
        for name, runs in results.items()
    }
    show({name: runs for name, runs in asked.items() if runs}, real)


def make(fg: Path, bg: Path, out: Path, seed: int, fields: dict[str, Any]) -> Path:
    """A dataset without pixels: only some of its samples are read."""
    size = (SIDE, SIDE)
    config = GenerateConfig(
        fg=fg, bg=bg, out=out, size=size, positions=4, seed=seed, render=False, workers=1, **fields
    )
    generate(config)
    return out


def over_photos(data: Path, checkpoint: Path) -> float:
    """The mean IoU over all photos of a dataset, whichever split they are in."""
    splits = {name: len(split) for name, split in open_dataset(data).splits.items() if len(split)}
    return float(
        np.average([absent_iou(checkpoint, data, name) for name in splits], weights=list(splits.values()))
    )


def all_object(data: Path) -> float:
    """The mean IoU of a mask that covers the whole picture, where void pixels count nowhere."""
    shares = []
    for split in open_dataset(data).splits.values():
        for sample in split:
            known = sample.mask[sample.mask != VOID_LEVEL]
            shares.append((known >= 128).mean())
    return float(np.mean(shares))


def show(results: dict[str, dict[str, Scores]], real: tuple[Path, ...]) -> None:
    counts = {data.name: sum(map(len, open_dataset(data).splits.values())) for data in real}

    def photos(scores: Scores) -> float:
        return sum(scores[name] * count for name, count in counts.items()) / sum(counts.values())

    heads = ["option", *(f"{name} ({count})" for name, count in counts.items())]
    heads += ["all photos", "gain with each seed", "own", "plain val"]
    print("|", " | ".join(heads), "|")
    print("|---" * len(heads) + "|")
    trivial = {data.name: all_object(data) for data in real}
    cells = [f"{trivial[name]:.3f}" for name in counts] + [f"{photos(trivial):.3f}", "", "", ""]
    print("|", " | ".join(["all object", *cells]), "|")
    for name, runs in results.items():
        columns = [*counts, "own", "plain val"]
        means = {column: statistics.mean(scores[column] for scores in runs.values()) for column in columns}
        plain = results.get("plain", {})
        gains = [photos(scores) - photos(plain[seed]) for seed, scores in runs.items() if seed in plain]
        cells = [f"{means[column]:.3f}" for column in counts] + [f"{photos(means):.3f}"]
        cells += ["" if name == "plain" else ", ".join(f"{gain:+.3f}" for gain in gains)]
        cells += [f"{means['own']:.3f}", f"{means['plain val']:.3f}"]
        print("|", " | ".join([name, *cells]), "|")


if __name__ == "__main__":
    main()
