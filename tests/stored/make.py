"""Makes the stored datasets of format version 1.

Run it only for a new format version: the datasets that are stored must stay readable as they are.

python tests/stored/make.py
"""

import shutil
import tempfile
from pathlib import Path

import numpy as np

from generator.config import GenerateConfig
from generator.drawing.write import write_samples
from generator.locks import LOCK_FILE
from generator.pipeline import generate
from generator.reading.dataset import open_dataset

HERE = Path(__file__).parent


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        drawn = write_samples(Path(folder), count=4, size=32, seed=11)
        for storage in ("rendered", "unrendered"):
            out = HERE / f"v1-{storage}"
            config = GenerateConfig(
                fg=drawn.fg,
                bg=drawn.bg,
                out=out,
                size=(16, 12),
                positions=1,
                flip=False,
                seed=11,
                render=storage == "rendered",
            )
            generate(config, overwrite=True)
            (out / LOCK_FILE).unlink(missing_ok=True)
            manifest = out / "dataset.json"
            manifest.write_text(manifest.read_text().replace(folder, "samples"))
    copy = Path(tempfile.mkdtemp())
    dataset = open_dataset(shutil.copytree(HERE / "v1-rendered", copy / "v1"))
    arrays = {}
    for name, split in dataset.splits.items():
        batch = split.read(np.arange(len(split)))
        arrays |= {f"{name}_{field}": getattr(batch, field) for field in ("bg", "fg_bg", "mask", "depth")}
    np.savez_compressed(HERE / "v1-expected.npz", **arrays)
    shutil.rmtree(copy)


if __name__ == "__main__":
    main()
