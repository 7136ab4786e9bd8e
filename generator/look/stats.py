"""Statistics of a dataset: colours, coverage, positions, depth, classes, and how much of objects is visible.

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
from generator.format.moments import array_sums
from generator.format.pixels import FARTHEST, NEAREST, OPAQUE, UNKNOWN, pixel_bytes
from generator.format.records import Moments, Sums
from generator.look.class_shares import ClassCounter, ClassShare
from generator.look.stats_chart import Bars, HeatMap, Histogram, draw_panels
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
        samples: number of samples counted.
        fields: moments of `bg`, `fg_bg`, `mask`, `depth` in [0, 1], of what the dataset has; depth over known
            pixels only. The mask of classes has a channel for each, whose mean is the share of its pixels.
        objects: (samples,) int64, number of objects in each, hidden ones too; None for classes without
            instances.
        coverage: (samples,) float64, the mean of each mask in [0, 1]; None for classes.
        positions: (H, W) float64, the mean over the masks of all samples, in [0, 1]; None for classes.
        depth: (65536,) int64, number of pixels with each value; None where the dataset has no depth.
        classes: how often each class is there; None for an alpha.
        void: share of pixels whose mask says nothing.
        visible: (objects,) float64, the visible share of each object's opaque pixels: those that neither
            another object nor the border hides; None in a dataset with one object per sample.
    """

    dataset: str
    subset: SplitName
    total: int
    samples: int
    size: tuple[int, int]
    fields: dict[str, Moments]
    objects: np.ndarray | None
    coverage: np.ndarray | None
    positions: np.ndarray | None
    depth: np.ndarray | None
    visible: np.ndarray | None
    classes: list[ClassShare] | None
    void: float

    @property
    def unknown_depth(self) -> float:
        """Share of pixels without depth, in [0, 1]."""
        return 1.0 if self.depth is None else float(self.depth[UNKNOWN] / self.depth.sum())

    @property
    def depth_counts(self) -> np.ndarray:
        """(DEPTH_BINS,) int64, known pixels in equal parts of the depth, from farthest to nearest."""
        if self.depth is None:
            return np.zeros(DEPTH_BINS, np.int64)
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
            "objects_per_sample": None
            if self.objects is None
            else {"mean": self.objects.mean(), "counts": np.bincount(self.objects).tolist()},
            "coverage": None if self.coverage is None else _summary(self.coverage, COVERAGE_BINS),
            "positions": None if self.positions is None else _coarse(self.positions).tolist(),
            "depth": None
            if self.depth is None
            else {"unknown": self.unknown_depth, "histogram": self.depth_counts.tolist()},
            "classes": None if self.classes is None else [vars(one) for one in self.classes],
            "void": self.void,
            "visible": None if self.visible is None else _summary(self.visible, VISIBLE_BINS),
        }
        rounded: dict[str, Any] = _rounded(document)
        return rounded

    def draw(self) -> bytes:
        """The chart as PNG."""
        width, height = self.size
        title = f"{self.subset}: {self.samples:,} of {self.total:,} samples, {width} x {height} pixels"
        panels: list[Histogram | HeatMap | Bars] = []
        if self.classes is not None:
            shares = {one.name: one.share * 100 for one in self.classes}
            panels.append(Bars(f"Classes ({self.void:.1%} of pixels void)", "pixels in %", shares))
        if self.positions is not None:
            label = "mean mask over all samples in %"
            panels.append(HeatMap("Where objects are", label, self.positions * 100))
        if self.coverage is not None:
            covered = _trimmed(self.coverage, COVERAGE_BINS)
            label = "part of the picture that the mask covers, in %"
            panels.append(Histogram("Coverage", label, "samples in %", *covered))
        if self.depth is not None:
            depth = Histogram(
                f"Depth ({self.unknown_depth:.1%} of pixels unknown)",
                "relative inverse depth: 0 farthest, 1 nearest",
                "known pixels in %",
                np.linspace(0, 1, DEPTH_BINS + 1),
                _percent(self.depth_counts),
            )
            panels.append(depth)
        if self.objects is not None:
            panels.append(self._objects(self.objects))
        return draw_panels(title, panels)

    def _objects(self, objects: np.ndarray) -> Histogram:
        """How much of each object is visible, or the number of objects."""
        if self.visible is not None:
            return Histogram(
                "Visible part of objects",
                "part of the object in %",
                "objects in %",
                np.linspace(0, 100, VISIBLE_BINS + 1),
                _percent(_histogram(self.visible, VISIBLE_BINS)),
            )
        counts = np.bincount(objects)
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
        stats = measure(open_dataset(folder), subset, samples)
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
    counted = _Counted(dataset, split)
    with Progress("measuring", len(rows), "samples") as bar:
        for block, batch in _blocks(split, rows, split.size, split.has_instances):
            counted.add(block, batch)
            bar.advance(len(block))
    return DatasetStats(
        dataset=dataset.manifest.id,
        subset=subset,
        total=len(split),
        samples=len(rows),
        size=split.size,
        fields={name: part.moments() for name, part in counted.sums.items()},
        objects=np.array(counted.objects) if split.mask.kind == "alpha" or split.has_instances else None,
        coverage=np.array(counted.coverage) if split.mask.kind == "alpha" else None,
        positions=counted.positions / np.maximum(counted.seen, 1) if split.mask.kind == "alpha" else None,
        depth=counted.depth if split.has_depth else None,
        visible=np.array(counted.visible) if split.has_instances and split.shares_scenes else None,
        classes=None if counted.classes is None else counted.classes.shares(),
        void=counted.void(),
    )


class _Counted:
    """What is counted over samples of a split, block by block."""

    def __init__(self, dataset: Dataset, split: Split) -> None:
        width, height = split.size
        self._split, self._opaque = split, _OpaquePixels(dataset)
        self.sums: dict[str, Sums] = {}
        self.objects: list[int] = []
        self.coverage: list[float] = []
        self.positions, self.seen = np.zeros((height, width)), np.zeros((height, width), np.int64)
        self.depth = np.zeros(NEAREST + 1, np.int64)
        self.visible: list[float] = []
        self.classes = ClassCounter(split.mask.names) if split.mask.kind == "classes" else None
        self._pixels = 0

    def add(self, rows: np.ndarray, batch: Batch) -> None:
        """Count samples, given by their rows in the split and their arrays."""
        split = self._split
        arrays = {"fg_bg": batch.fg_bg, "mask": batch.mask}
        arrays |= ({"bg": batch.bg} if split.has_bg else {}) | (
            {"depth": batch.depth} if split.has_depth else {}
        )
        part = array_sums(arrays, split.mask)
        self.sums = {name: self.sums[name] + part[name] if self.sums else part[name] for name in part}
        self._pixels += batch.mask.size
        if self.classes is not None:
            self.classes.add(batch.mask)
        else:
            self._add_alpha(batch.mask)
        if split.has_depth:
            self.depth += np.bincount(batch.depth.ravel(), minlength=len(self.depth))
        maps = instance_maps(batch, split.mask)
        for row, instances, mask in zip(rows.tolist(), maps, batch.mask, strict=True):
            seen = seen_objects(split, row, instances, mask)
            self.objects.append(len(seen))
            self.visible += [one.area / self._opaque[one.sprite] for one in seen if one.sprite is not None]

    def void(self) -> float:
        """The share of pixels whose mask says nothing."""
        return 1 - self.sums["mask"].count / self._pixels

    def _add_alpha(self, masks: np.ndarray) -> None:
        entry = self._split.mask
        void = entry.void if entry.kind == "alpha" else None
        counts = np.ones_like(masks) if void is None else (masks != void).view(np.uint8)
        pixels = counts.sum(axis=(1, 2), dtype=np.int64)
        levels = masks * counts
        self.positions += levels.sum(axis=0, dtype=np.uint64) / 255
        self.seen += counts.sum(axis=0, dtype=np.int64)
        self.coverage += (levels.sum(axis=(1, 2), dtype=np.int64) / 255 / np.maximum(pixels, 1)).tolist()


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
