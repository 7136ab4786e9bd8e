"""Statistics of a dataset: colours, coverage, positions, depth, and how much of each object is visible.

They are counted over samples that are spread evenly over a split.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from generator.files import refuse_existing, require_writable
from generator.format.moments import pixel_sums
from generator.format.pixels import FARTHEST, NEAREST, OPAQUE, UNKNOWN, Pixels, pixel_bytes
from generator.format.records import Moments, Sums
from generator.look.stats_chart import HeatMap, Histogram, draw_panels
from generator.own_results import mark_png, write_results
from generator.progress import Progress, show_progress
from generator.reading.batch import Batch
from generator.reading.dataset import Dataset, open_dataset
from generator.reading.seen_objects import instance_maps, seen_objects
from generator.reading.selection import filled_split, spread
from generator.reading.split import Split
from generator.splits import SplitName

STATS_FILE, CHART_FILE = "stats.json", "stats.png"

SAMPLES = 4096
"""Number of samples by default: the mean of a channel is then accurate to about 0.003."""

COVERAGE_BINS, DEPTH_BINS, VISIBLE_BINS = 100, 64, 20
_GRID = 16
_BLOCK_BYTES = 16 * 2**20


@dataclass(frozen=True)
class DatasetStats:
    """Statistics over samples of a split.

    Attributes:
        dataset: the dataset's id.
        subset: the split.
        total: number of samples in the split.
        size: canvas (width, height).
        fields: moments of `bg`, `fg_bg`, `mask`, `depth` in [0, 1]; depth over known pixels only.
        objects: (samples,) int64, number of objects in each, hidden ones too.
        coverage: (samples,) float64, the mean of each mask in [0, 1].
        positions: (H, W) float64, the mean over the masks of all samples, in [0, 1].
        depth: (65536,) int64, number of pixels with each value.
        visible: (objects,) float64, the visible share of each object's opaque pixels: those that neither
            another object nor the border hides; None in a dataset with one object per sample.
    """

    dataset: str
    subset: SplitName
    total: int
    size: tuple[int, int]
    fields: dict[str, Moments]
    objects: np.ndarray
    coverage: np.ndarray
    positions: np.ndarray
    depth: np.ndarray
    visible: np.ndarray | None

    @property
    def samples(self) -> int:
        """Number of samples counted."""
        return len(self.objects)

    @property
    def unknown_depth(self) -> float:
        """Share of pixels without depth, in [0, 1]."""
        return float(self.depth[UNKNOWN] / self.depth.sum())

    @property
    def depth_counts(self) -> np.ndarray:
        """(DEPTH_BINS,) int64, known pixels in equal parts of the depth, from farthest to nearest."""
        bins = np.arange(NEAREST - FARTHEST + 1) * DEPTH_BINS // (NEAREST - FARTHEST + 1)
        return np.bincount(bins, self.depth[FARTHEST:], DEPTH_BINS).astype(np.int64)

    def to_json(self) -> dict[str, Any]:
        """The content of stats.json, described in docs/look.md; numbers have 6 decimals."""
        document: dict[str, Any] = {
            "dataset": self.dataset,
            "subset": self.subset,
            "samples": self.total,
            "samples_measured": self.samples,
            "size": list(self.size),
            "fields": {name: moments.model_dump() for name, moments in self.fields.items()},
            "objects_per_sample": {
                "mean": self.objects.mean(),
                "counts": np.bincount(self.objects).tolist(),
            },
            "coverage": _summary(self.coverage, COVERAGE_BINS),
            "positions": _coarse(self.positions).tolist(),
            "depth": {"unknown": self.unknown_depth, "histogram": self.depth_counts.tolist()},
            "visible": None if self.visible is None else _summary(self.visible, VISIBLE_BINS),
        }
        rounded: dict[str, Any] = _rounded(document)
        return rounded

    def draw(self) -> bytes:
        """The chart as PNG."""
        width, height = self.size
        title = f"{self.subset}: {self.samples:,} of {self.total:,} samples, {width} x {height} pixels"
        positions = HeatMap("Where objects are", "mean mask over all samples in %", self.positions * 100)
        coverage = Histogram(
            "Coverage",
            "part of the picture that the mask covers, in %",
            "samples in %",
            *_trimmed(self.coverage, COVERAGE_BINS),
        )
        depth = Histogram(
            f"Depth ({self.unknown_depth:.1%} of pixels unknown)",
            "relative inverse depth: 0 farthest, 1 nearest",
            "known pixels in %",
            np.linspace(0, 1, DEPTH_BINS + 1),
            _percent(self.depth_counts),
        )
        return draw_panels(title, [positions, coverage, depth, self._objects()])

    def _objects(self) -> Histogram:
        """How much of each object is visible, or the number of objects where each sample has one."""
        if self.visible is not None:
            return Histogram(
                "Visible part of objects",
                "part of the object in %",
                "objects in %",
                np.linspace(0, 100, VISIBLE_BINS + 1),
                _percent(_histogram(self.visible, VISIBLE_BINS)),
            )
        counts = np.bincount(self.objects)
        return Histogram(
            "Objects",
            "objects in a sample",
            "samples in %",
            np.arange(len(counts) + 1) - 0.5,
            _percent(counts),
            counts=True,
        )


def write_stats(
    folder: str | Path,
    subset: SplitName,
    samples: int | None,
    out: str | Path,
    overwrite: bool = False,
    progress: bool = True,
) -> DatasetStats:
    """Measure a dataset, and write OUT/stats.json and OUT/stats.png.

    Args:
        folder: of the dataset.
        subset: the split.
        samples: number of samples, spread evenly over the split; None: all of them.
        out: folder of the results. It is made if it does not exist.
        overwrite: replace existing files of these names.
        progress: show a progress bar on stderr.

    Raises:
        UsageError: a result exists, and `overwrite` is False.
        DatasetError: the dataset is missing, unfinished, damaged, or without samples in this split.
    """
    out = Path(out)
    require_writable(out)
    refuse_existing([out / name for name in (STATS_FILE, CHART_FILE)], overwrite)
    with show_progress(progress):
        stats = measure(open_dataset(Path(folder)), subset, samples)
    numbers = json.dumps(stats.to_json(), indent=1).encode() + b"\n"
    write_results(out, {CHART_FILE: mark_png(stats.draw(), "stats"), STATS_FILE: numbers}, "stats")
    return stats


def measure(dataset: Dataset, subset: SplitName, samples: int | None = SAMPLES) -> DatasetStats:
    """Count over samples that are spread evenly over a split; None: over all of them.

    Raises:
        DatasetError: the split has no samples.
    """
    split = filled_split(dataset, subset)
    rows = spread(len(split), len(split) if samples is None else samples)
    manifest = dataset.manifest
    width, height = manifest.size
    sums: dict[str, Sums] = {}
    objects: list[int] = []
    coverage: list[float] = []
    positions = np.zeros((height, width), np.uint64)
    depth = np.zeros(NEAREST + 1, np.int64)
    visible: list[float] = []
    opaque = _OpaquePixels(dataset)
    with Progress("measuring", len(rows), "samples") as bar:
        for block, batch in _blocks(split, rows, manifest.size, manifest.has_instances):
            part = pixel_sums(batch.bg, Pixels(batch.fg_bg, batch.mask, batch.depth))
            sums = {name: sums[name] + part[name] if sums else part[name] for name in part}
            positions += batch.mask.sum(axis=0, dtype=np.uint64)
            coverage += (batch.mask.mean(axis=(1, 2), dtype=np.float64) / 255).tolist()
            depth += np.bincount(batch.depth.ravel(), minlength=len(depth))
            for row, instances, mask in zip(
                block.tolist(), instance_maps(batch, split.mask), batch.mask, strict=True
            ):
                seen = seen_objects(split, row, instances, mask)
                objects.append(len(seen))
                visible += [one.area / opaque[one.sprite] for one in seen if one.sprite is not None]
            bar.advance(len(block))
    return DatasetStats(
        dataset=manifest.id,
        subset=subset,
        total=len(split),
        size=manifest.size,
        fields={name: part.moments() for name, part in sums.items()},
        objects=np.array(objects),
        coverage=np.array(coverage),
        positions=positions / (255 * len(rows)),
        depth=depth,
        visible=np.array(visible) if manifest.has_instances else None,
    )


class _OpaquePixels(dict[int, int]):
    """Number of opaque pixels of each sprite, counted when it is first needed."""

    def __init__(self, dataset: Dataset) -> None:
        super().__init__()
        self._bank = dataset.bank

    def __missing__(self, sprite: int) -> int:
        assert self._bank is not None, "only generated samples have sprites"
        self[sprite] = int(np.count_nonzero(self._bank.sprite(sprite)[..., 3] >= OPAQUE))
        return self[sprite]


def _blocks(
    split: Split, rows: np.ndarray, size: tuple[int, int], instances: bool
) -> Iterator[tuple[np.ndarray, Batch]]:
    """Blocks of rows, each with its samples; the next block overwrites them."""
    samples = max(1, _BLOCK_BYTES // pixel_bytes(size, instances))
    buffer: Batch | None = None
    for start in range(0, len(rows), samples):
        block = rows[start : start + samples]
        if buffer is None or len(buffer.mask) != len(block):
            buffer = Batch.empty(len(block), size, instances)
        yield block, split.read(block, buffer)


def _histogram(shares: np.ndarray, bins: int) -> np.ndarray:
    return np.histogram(shares, bins, (0, 1))[0]


def _percent(counts: np.ndarray) -> np.ndarray:
    percent: np.ndarray = counts * (100 / max(counts.sum(), 1))
    return percent


def _trimmed(shares: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Edges and heights of a histogram in percent, up to its last bin that is not empty."""
    counts = _histogram(shares, bins)
    filled = int(np.flatnonzero(counts)[-1]) + 1
    return np.arange(filled + 1) * (100 / bins), _percent(counts[:filled])


def _summary(shares: np.ndarray, bins: int) -> dict[str, Any] | None:
    """Mean, spread and histogram; None where nothing was counted."""
    if not len(shares):
        return None
    return {
        "mean": shares.mean(),
        "std": shares.std(),
        "min": shares.min(),
        "max": shares.max(),
        "histogram": _histogram(shares, bins).tolist(),
    }


def _coarse(positions: np.ndarray) -> np.ndarray:
    """The heat map in cells, at most `_GRID` along the longer side."""
    height, width = positions.shape
    scale = min(1.0, _GRID / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    cells: np.ndarray = cv2.resize(positions, size, interpolation=cv2.INTER_AREA)
    return cells


def _rounded(value: Any) -> Any:
    """The same value with all floats rounded to 6 decimals."""
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_rounded(part) for part in value]
    return round(float(value), 6) if isinstance(value, float) else value
