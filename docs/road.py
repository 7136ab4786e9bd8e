"""Show a network's predictions for validation samples that it has never seen.

    python docs/road.py --data data/shards --run outputs --out outputs/road

Writes OUT/pictures/val-N.png and val-N.bg.png, OUT/predictions/val-N.*.png, and OUT/road.jpg, then prints the
run's validation metrics and the paths.
"""

from pathlib import Path

import click
import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fgbg import Predictor, open_dataset
from fgbg.predictor.sinks import write_prediction
from generator.encode import encode_png
from generator.files import write_atomically
from generator.format.pixels import NEAREST
from training.checkpoint import load_checkpoint
from training.records.run_files import find_checkpoint

SAMPLES = 4
CELL = 128
GAP, HEAD, GROUP_GAP = 6, 46, 22
GROUPS = {
    "two folders of pictures": ("foreground", "background"),
    "fgbg generate": ("fg_bg", "mask", "depth"),
    "fgbg predict --bg": ("mask_pred", "depth_pred"),
    "fgbg predict": ("mask_pred", "depth_pred"),
}


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path("data/shards"))
@click.option("--run", type=click.Path(path_type=Path), default=Path("outputs"))
@click.option("--out", type=click.Path(path_type=Path), default=Path("outputs/road"))
def main(data: Path, run: Path, out: Path) -> None:
    dataset = open_dataset(data)
    split = dataset["val"]
    checkpoint = find_checkpoint(run)
    predictor = Predictor.load(checkpoint)
    rows, written = [], []
    # One sample of each of the first foregrounds.
    _, indices = np.unique(split.placements["sprite"][split.samples["first"]], return_index=True)
    for number, index in enumerate(indices[:SAMPLES]):
        batch = split.read([index])
        bg, fg_bg = batch.bg[0], batch.fg_bg[0]
        name = f"val-{number}"
        (out / "pictures").mkdir(parents=True, exist_ok=True)
        write_atomically(out / "pictures" / f"{name}.png", encode_png(fg_bg))
        write_atomically(out / "pictures" / f"{name}.bg.png", encode_png(bg))
        given, absent = predictor(fg_bg, bg), predictor(fg_bg)
        written += write_prediction(out / "predictions" / name, fg_bg, given, overwrite=True)
        sprite = dataset.bank.sprite(split.placements["sprite"][split.samples["first"][index]])
        rows.append(
            [
                _on_checker(sprite),
                bg,
                fg_bg,
                batch.mask[0],
                _coloured(batch.depth[0]),
                given.mask,
                _coloured(given.depth),
                absent.mask,
                _coloured(absent.depth),
            ]
        )
    _sheet(rows).save(out / "road.jpg", quality=85)
    metrics = load_checkpoint(checkpoint).metrics
    for path in (*written, out / "road.jpg"):
        print(path)
    print(
        f"validation IoU {metrics['val_iou']:.4f} with the background,"
        f" {metrics['val_iou_without_bg']:.4f} without; depth RMSE {metrics['val_depth_rmse']:.4f}"
    )


def _sheet(rows: list[list[np.ndarray]]) -> Image.Image:
    columns = sum(len(names) for names in GROUPS.values())
    width = columns * (CELL + GAP) + (len(GROUPS) - 1) * GROUP_GAP + GAP
    sheet = Image.new("RGB", (width, HEAD + len(rows) * (CELL + GAP)), "white")
    draw = ImageDraw.Draw(sheet)
    x, column = GAP, 0
    for title, names in GROUPS.items():
        draw.text((x, 4), title, "black", ImageFont.load_default(16))
        for name in names:
            draw.text((x, 26), name, (90, 90, 90), ImageFont.load_default(13))
            for row, cells in enumerate(rows):
                cell = Image.fromarray(cells[column]).convert("RGB").resize((CELL, CELL))
                sheet.paste(cell, (x, HEAD + row * (CELL + GAP)))
            x, column = x + CELL + GAP, column + 1
        x += GROUP_GAP
    return sheet


def _coloured(depth: np.ndarray) -> np.ndarray:
    bytes_ = (depth.astype(np.float32) * (255 / NEAREST)).astype(np.uint8)
    return cv2.cvtColor(cv2.applyColorMap(bytes_, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)


def _on_checker(sprite: np.ndarray) -> np.ndarray:
    side = max(sprite.shape[:2])
    top, left = (side - sprite.shape[0]) // 2, (side - sprite.shape[1]) // 2
    rgba = np.zeros((side, side, 4), np.uint8)
    rgba[top : top + sprite.shape[0], left : left + sprite.shape[1]] = sprite
    y, x = np.mgrid[:side, :side] * 12 // side
    checker = np.where((x + y) % 2, 225, 250)[..., None]
    alpha = rgba[..., 3:] / 255
    return np.rint(rgba[..., :3] * alpha + checker * (1 - alpha)).astype(np.uint8)


if __name__ == "__main__":
    main()
