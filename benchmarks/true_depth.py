"""How close estimated depth is to measured depth: the plane and a depth network beside true disparity.

    python benchmarks/true_depth.py FOLDER --depth onnx:fast_depth_224.onnx --depth-convention metric

FOLDER holds pictures and their true depth beside them, named as for `fgbg generate` (docs/depth.md). Debian
has two such pictures: motorcycle_left.png with motorcycle_disp.npz (package python3-skimage), and aloeL.jpg
with aloeGT.png (package opencv-doc). Copy them as motorcycle.png, motorcycle.depth.npz, aloe.jpg,
aloe.depth.png.

Truth and estimate are compared at 256 px. RMSE is in [0, 1] over pixels of known truth, after the
least-squares scale and shift of the estimate, because relative depth has neither. The rank correlation does
not depend on the scale at all: 1 is the same order of all pixels.
"""

from pathlib import Path

import click
import cv2
import numpy as np
from scipy import stats

from generator.assets.images import read_rgb
from generator.config import GenerateConfig
from generator.depth.choice import choose_depth
from generator.depth.networks import depth_of_backgrounds
from generator.depth.pairing import depth_files_of
from generator.depth.sources import plane_depth, read_depth
from generator.files import hash_file
from generator.format.pixels import FARTHEST, NEAREST
from generator.resize import fit_depth, scaled_size

MOST = 50
SIDE = 256
SUFFIXES = {".png", ".jpg", ".jpeg"}


def compare(truth: np.ndarray, estimate: np.ndarray) -> str:
    """The figures of one estimate (h, w) uint16 beside the truth (h, w) uint16, 0 unknown."""
    known = (truth > 0) & (estimate > 0)
    right, found = (
        (depth[known].astype(float) - FARTHEST) / (NEAREST - FARTHEST) for depth in (truth, estimate)
    )
    scale, shift = np.polyfit(found, right, 1)
    rmse = np.sqrt(np.mean((scale * found + shift - right) ** 2))
    order = stats.spearmanr(found, right).statistic
    return f"RMSE {rmse:.3f}, rank correlation {order:+.2f}"


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--depth", default="plane", help="onnx:PATH or hf:MODEL")
@click.option("--depth-convention", default="auto", type=click.Choice(["auto", "inverse", "metric"]))
def main(folder: Path, depth: str, depth_convention: str) -> None:
    """Print a line for each picture and source."""
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    with_truth = [
        (path, truth)
        for path, truth in zip(paths, depth_files_of(paths), strict=True)
        if truth is not None and ".depth" not in path.name
    ][:MOST]
    if not with_truth:
        raise click.UsageError(f"{folder} holds no picture with its true depth beside it")
    config = GenerateConfig.model_validate({"depth": depth, "depth_convention": depth_convention})
    choice = choose_depth(config, [path for path, _ in with_truth])
    for path, file in with_truth:
        rgb = read_rgb(path)
        height, width = rgb.shape[:2]
        size = scaled_size(height, width, SIDE)[::-1]
        truth = fit_depth(read_depth(file, (width, height), "inverse", (0,), coarse=True), size)
        known = truth[truth > 0].astype(float) / NEAREST
        print(f"{path.name}: {known.size / truth.size:.0%} known, a constant: RMSE {known.std():.3f}")
        print(f"  plane: {compare(truth, plane_depth(size))}")
        if choice.network is not None:
            assets = [(path, hash_file(path))]
            maps = depth_of_backgrounds(choice.network, None, choice.convention, size, assets, read_rgb)
            print(f"  {depth}: {compare(truth, next(maps)[1])}")


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()
