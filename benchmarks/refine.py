"""How good the edges of large pictures are, with and without refinement: IoU and boundary F-score.

    python benchmarks/refine.py [--checkpoint RUN] [--fg FOLDER --bg FOLDER] [--res 96,192] [--count 12]

Pastes each cut-out onto a background of --size pixels, saves both as noisy JPEG, and predicts the mask by a
network that sees --res pixels. Without --checkpoint, the answer is the true alpha at --res pixels, displaced
by a smooth random field of --off pixels: a stand-in for a trained network. The default is drawn pictures.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import cv2
import numpy as np
import torch

from fgbg.predictor import Predictor
from fgbg.predictor.engine import Answer
from fgbg.predictor.resize_input import prepare
from fgbg.predictor.restore_size import restore
from generator.assets.images import read_rgb, read_rgba
from generator.drawing.write import write_samples
from generator.format.manifest import AlphaMask
from generator.resize import fit_picture, scale_sprite
from training.measures import BOUNDARY_TOLERANCE, boundary_f_per_sample


class Scene(NamedTuple):
    fg_bg: np.ndarray
    bg: np.ndarray
    alpha: np.ndarray


@click.command()
@click.option("--checkpoint", type=click.Path(path_type=Path))
@click.option("--fg", type=click.Path(path_type=Path))
@click.option("--bg", type=click.Path(path_type=Path))
@click.option("--res", default="96,192")
@click.option("--size", default=1024)
@click.option("--count", default=12)
@click.option("--off", default=0.7)
def main(
    checkpoint: Path | None, fg: Path | None, bg: Path | None, res: str, size: int, count: int, off: float
) -> None:
    with tempfile.TemporaryDirectory(prefix="fgbg-") as folder:
        if fg is None or bg is None:
            drawn = write_samples(folder, count, size, seed=0, progress=False)
            fg, bg = drawn.fg, drawn.bg
        scenes = list(compose(fg, bg, size, count))
    near = f"{BOUNDARY_TOLERANCE} px"
    print(f"{len(scenes)} scenes of {size} px: IoU / boundary F-score ({near}), CPU seconds a picture")
    for side in map(int, res.split(",")):
        predictor = None if checkpoint is None else Predictor.load(checkpoint, side, "cpu")
        for with_bg in (False, True):
            for refine in (False, True):
                rows, start = [], time.process_time()
                for number, scene in enumerate(scenes):
                    plate = scene.bg if with_bg else None
                    given = prepare(scene.fg_bg, plate, side, True, refine)
                    seen = (
                        displaced(scene.alpha, side, off, number)
                        if predictor is None
                        else predictor.see(given.fg_bg[None], None if given.bg is None else given.bg[None])
                    )
                    mask = restore(seen, AlphaMask(), given).mask
                    rows.append((iou(mask / 255, scene.alpha), boundary_f(mask / 255, scene.alpha)))
                seconds = (time.process_time() - start) / len(scenes)
                score, edge = np.mean(rows, axis=0)
                kind = f"{side} px, {'with' if with_bg else 'without'} background"
                how = "refined" if refine else "scaled"
                print(f"{kind:28s} {how:8s} {score:.3f} / {edge:.3f}  {seconds:.2f} s", flush=True)


def compose(fg: Path, bg: Path, size: int, count: int) -> Iterator[Scene]:
    """Cut-outs of 3/5 of the picture, each on its own background, seen by a camera twice."""
    fgs, bgs = (sorted(path for path in folder.rglob("*") if usable(path)) for folder in (fg, bg))
    rng = np.random.default_rng(0)
    for number, path in enumerate(fgs[:count]):
        plate = fit_picture(read_rgb(bgs[number % len(bgs)]), (size, size)).astype(np.float32)
        sprite = scale_sprite(read_rgba(path), size * 3 // 5)
        height, width = sprite.shape[:2]
        top, left = rng.integers(0, size - height + 1), rng.integers(0, size - width + 1)
        place = slice(top, top + height), slice(left, left + width)
        alpha = np.zeros((size, size), np.float32)
        alpha[place] = sprite[..., 3] / np.float32(255)
        picture = plate * (1 - alpha[..., None])
        picture[place] += sprite[..., :3] * alpha[place][..., None]
        yield Scene(photo(picture, rng, 92), photo(plate, rng, 88), alpha)


def usable(path: Path) -> bool:
    return path.suffix.lower() in {".png", ".jpg", ".jpeg"} and ".depth." not in path.name


def photo(picture: np.ndarray, rng: np.random.Generator, quality: int) -> np.ndarray:
    """A picture with noise, after JPEG."""
    noisy = np.clip(picture + rng.normal(0, 2.5, picture.shape), 0, 255).astype(np.uint8)
    _, encoded = cv2.imencode(".jpg", noisy[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR)[..., ::-1])


def displaced(alpha: np.ndarray, res: int, off: float, seed: int) -> Answer:
    """The true alpha at `res` pixels, each moved by about `off` pixels, and blurred."""
    small = cv2.resize(alpha, (res, res), interpolation=cv2.INTER_AREA)
    rng = np.random.default_rng(seed)
    fields = [cv2.GaussianBlur(rng.normal(0, 1, (res, res)).astype(np.float32), (0, 0), 4) for _ in "yx"]
    rows, columns = np.mgrid[:res, :res].astype(np.float32)
    down, right = (field / field.std() * off for field in fields)
    moved = cv2.remap(small, columns + right, rows + down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return Answer(cv2.GaussianBlur(moved, (0, 0), 0.6)[None, None], None)


def iou(mask: np.ndarray, alpha: np.ndarray) -> float:
    one, other = mask >= 0.5, alpha >= 0.5
    return float((one & other).sum() / max(1, (one | other).sum()))


def boundary_f(mask: np.ndarray, alpha: np.ndarray) -> float:
    """As `fgbg evaluate` measures it, here at the size of the picture."""
    found, true = (torch.from_numpy(values >= 0.5)[None, None] for values in (mask, alpha))
    return float(boundary_f_per_sample(found, true))


if __name__ == "__main__":
    main()
