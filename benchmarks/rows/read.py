"""A shuffled epoch: fgbg, the usual ways to store training data, and memory alone."""

import io
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np
import torch
from PIL import Image
from torch.nn import functional
from torch.utils.data import DataLoader

from generator.reading.batch import Batch
from generator.reading.split import Split
from rows.contest import Contest, Contestant, Result, needing, rate
from rows.setting import SIZE, Setting
from training.batches.batch import IntegerBatch
from training.batches.batches import read_batches
from training.batches.prepare import prepare
from training.target import target_of

BATCH = 32
FIELDS = ("bg", "fg_bg", "mask", "depth")
GATHER = "bare gather from a memory map"

Loaded = dict[str, torch.Tensor]
Epoch = Callable[[], Iterable[Loaded]]
"""Starts an epoch: batches of bg, fg_bg, mask, depth."""


class Stored:
    """The first samples of a dataset in memory and in every other format, in a folder."""

    def __init__(self, split: Split, count: int, folder: Path) -> None:
        self.count, self.folder, self.samples = count, folder, split.read(np.arange(count))
        folder.mkdir()

    def fields(self, number: int) -> dict[str, np.ndarray]:
        return {name: getattr(self.samples, name)[number] for name in FIELDS}

    def order(self) -> Iterator[np.ndarray]:
        """The numbers of each batch of a shuffled epoch."""
        numbers = np.random.default_rng().permutation(self.count)
        for start in range(0, self.count - BATCH + 1, BATCH):
            yield numbers[start : start + BATCH]


def run(setting: Setting) -> Iterator[Result]:
    count = setting.some(1024, 2 * BATCH)
    fixed = setting.rendered["train"]
    stored = Stored(fixed, min(count, len(fixed)), setting.place / "stored")
    seconds = setting.some(1.0, 0.01)
    formats = others(stored)
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    yield setting.hold(
        Contest(
            "read, to uint8 tensors",
            "samples/s",
            f"a shuffled epoch of {stored.count:,} samples of {SIZE} px (bg, fg_bg, mask, depth), batches of "
            f"{BATCH}, page cache warm; whole epochs until {seconds:g} s are over",
            budget=130,
        ),
        [
            *(contestant(name, package, epoch, seconds) for name, package, epoch in formats),
            *integer_readers(setting, stored, seconds),
        ],
    )
    cv2.setNumThreads(threads)
    for res in (SIZE // 2, SIZE):
        yield setting.hold(
            Contest(
                f"read, to floats of {res} px",
                "samples/s",
                "the same epoch, scaled and converted to float on the CPU as a training needs it",
                budget=75,
            ),
            [
                *(
                    contestant(name, package, floats(epoch, res), setting.some(0.7, 0.01))
                    for name, package, epoch in formats
                    if name not in (JPEG_ONE, GZIP)
                ),
                *float_readers(setting, stored, res, setting.some(0.7, 0.01)),
            ],
        )


JPEG_ONE, GZIP = "JPEG folder + DataLoader, no worker", "h5py, chunks, gzip, one process"


def others(stored: Stored) -> list[tuple[str, str, Epoch]]:
    """The name, the package and the epochs of everything that is not fgbg."""
    jpegs = JpegFolder(stored)
    return [
        (JPEG_ONE, "torch", lambda: DataLoader(jpegs, BATCH, shuffle=True)),
        ("JPEG folder + DataLoader, two workers", "torch", two_workers(jpegs)),
        ("WebDataset of JPEGs, two workers", "webdataset", first_then(web_dataset, stored)),
        ("litdata, arrays, two workers", "litdata", first_then(litdata_chunks, stored)),
        ("LMDB, arrays, one process", "lmdb", first_then(lmdb_records, stored)),
        ("h5py, chunks, one process", "h5py", first_then(h5py_chunks, stored, None)),
        (GZIP, "h5py", first_then(h5py_chunks, stored, "gzip")),
    ]


def first_then(make: Callable[..., Epoch], *arguments: Any) -> Epoch:
    """Epochs of data that are written when the first one starts."""
    made: list[Epoch] = []

    def epoch() -> Iterable[Loaded]:
        if not made:
            made.append(make(*arguments))
        return made[0]()

    return epoch


def contestant(name: str, package: str, epoch: Epoch, seconds: float) -> Contestant:
    return needing(
        package, Contestant(name, lambda: rate(lambda: (len(batch["mask"]) for batch in epoch()), seconds))
    )


class JpegFolder(torch.utils.data.Dataset[dict[str, np.ndarray]]):
    """Samples of four JPEGs each (depth in 8 bits), opened by Pillow when they are read."""

    def __init__(self, stored: Stored) -> None:
        self.folder, self._count = stored.folder / "jpegs", stored.count
        self.folder.mkdir()
        for number in range(stored.count):
            for field, pixels in stored.fields(number).items():
                pixels = (pixels >> 8).astype(np.uint8) if field == "depth" else pixels
                Image.fromarray(pixels).save(self.folder / f"{number}.{field}.jpg")

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int) -> dict[str, np.ndarray]:
        return {field: np.array(Image.open(self.folder / f"{number}.{field}.jpg")) for field in FIELDS}


def two_workers(dataset: torch.utils.data.Dataset[Any]) -> Epoch:
    loader = DataLoader(dataset, BATCH, shuffle=True, num_workers=2, persistent_workers=True)
    return lambda: loader


def web_dataset(stored: Stored) -> Epoch:
    import webdataset

    folder, jpegs = stored.folder / "webdataset", stored.folder / "jpegs"
    folder.mkdir()
    parts = np.array_split(np.arange(stored.count), 4)
    for part, numbers in enumerate(parts):
        with webdataset.TarWriter(str(folder / f"{part}.tar")) as tar:
            for number in numbers:
                files = {f"{field}.jpg": (jpegs / f"{number}.{field}.jpg").read_bytes() for field in FIELDS}
                tar.write({"__key__": f"{number:06}", **files})

    def decoded(sample: dict[str, Any]) -> dict[str, np.ndarray]:
        return {field: np.array(Image.open(io.BytesIO(sample[f"{field}.jpg"]))) for field in FIELDS}

    urls = sorted(map(str, folder.iterdir()))
    dataset = webdataset.WebDataset(urls, shardshuffle=len(urls)).shuffle(500).map(decoded)
    loader = webdataset.WebLoader(dataset, batch_size=BATCH, num_workers=2, persistent_workers=True)
    # Names of samples are in the batches, too.
    return lambda: ({field: batch[field] for field in FIELDS} for batch in loader)


def litdata_chunks(stored: Stored) -> Epoch:
    import litdata
    from litdata.streaming.writer import BinaryWriter

    folder = stored.folder / "litdata"
    writer = BinaryWriter(str(folder), chunk_bytes="64MB")
    for number in range(stored.count):
        writer[number] = stored.fields(number)
    writer.done()
    writer.merge()
    dataset = litdata.StreamingDataset(str(folder), shuffle=True)
    loader = litdata.StreamingDataLoader(dataset, batch_size=BATCH, num_workers=2, persistent_workers=True)
    return lambda: loader


def lmdb_records(stored: Stored) -> Epoch:
    import lmdb

    path = stored.folder / "lmdb"
    shapes = {name: (pixels.shape, pixels.dtype) for name, pixels in stored.fields(0).items()}
    size = 2 * stored.count * sum(pixels.nbytes for pixels in stored.fields(0).values()) + 2**24
    with lmdb.open(str(path), map_size=size) as written, written.begin(write=True) as transaction:
        for number in range(stored.count):
            content = b"".join(pixels.tobytes() for pixels in stored.fields(number).values())
            transaction.put(b"%06d" % number, content)
    opened = lmdb.open(str(path), readonly=True, lock=False, readahead=False)

    def epoch() -> Iterator[Loaded]:
        with opened.begin(buffers=True) as transaction:
            for numbers in stored.order():
                records = [transaction.get(b"%06d" % number) for number in numbers]
                batch, first = {}, 0
                for name, (shape, dtype) in shapes.items():
                    count = int(np.prod(shape))
                    arrays = [np.frombuffer(record, dtype, count, first).reshape(shape) for record in records]
                    batch[name] = torch.from_numpy(np.stack(arrays))
                    first += count * dtype.itemsize
                yield batch

    return epoch


def h5py_chunks(stored: Stored, compression: str | None) -> Epoch:
    path = stored.folder / f"{compression}.h5"
    with h5py.File(path, "w") as file:
        for name in FIELDS:
            pixels = getattr(stored.samples, name)
            file.create_dataset(name, data=pixels, chunks=(1, *pixels.shape[1:]), compression=compression)
    opened = h5py.File(path)

    def epoch() -> Iterator[Loaded]:
        for numbers in stored.order():
            yield {
                name: torch.from_numpy(np.stack([opened[name][number] for number in numbers]))
                for name in FIELDS
            }

    return epoch


def gatherer(stored: Stored) -> Callable[[np.ndarray], np.ndarray]:
    """A function that copies whole samples out of a memory map, into memory that is used again."""
    path, width = stored.folder / "bytes", SIZE * SIZE * 9
    np.random.default_rng(0).integers(0, 256, (stored.count, width), np.uint8).tofile(path)
    mapped = np.memmap(path, np.uint8, "r", shape=(stored.count, width))
    memory = np.empty((BATCH, width), np.uint8)
    return lambda numbers: np.take(mapped, numbers, axis=0, out=memory, mode="clip")


def integer_readers(setting: Setting, stored: Stored, seconds: float) -> list[Contestant]:
    gather = gatherer(stored)
    memory = Batch.empty(BATCH, (SIZE, SIZE), instances=False)

    def read(split: Split) -> Iterator[int]:
        for numbers in stored.order():
            batch = split.read(numbers, memory)
            {name: torch.from_numpy(getattr(batch, name)) for name in FIELDS}
            yield len(numbers)

    def gathered() -> Iterator[int]:
        for numbers in stored.order():
            torch.from_numpy(gather(numbers))
            yield len(numbers)

    with_pixels, without = setting.rendered["train"], setting.unrendered["train"]
    return [
        Contestant(
            "fgbg, rendered, one process", lambda: rate(lambda: read(with_pixels), seconds), "fgbg", GATHER
        ),
        Contestant(
            "fgbg, --no-render, one process",
            lambda: rate(lambda: read(without), seconds),
            "fgbg",
            GATHER,
            "it makes each sample when it is read; others copy stored pixels, on 8000 times the disk space",
        ),
        Contestant(GATHER, lambda: rate(gathered, seconds), "limit"),
    ]


def floats(epoch: Epoch, res: int) -> Epoch:
    """The epochs as floats, converted as people do it: one operation of torch for a whole batch."""

    def scaled(pixels: torch.Tensor) -> torch.Tensor:
        planes = pixels.permute(0, 3, 1, 2) if pixels.ndim == 4 else pixels[:, None]
        planes = planes.float() / (255 if planes.dtype == torch.uint8 else 65535)
        if res == planes.shape[-1]:
            return planes
        return functional.interpolate(planes, (res, res), mode="bilinear", antialias=True)

    return lambda: ({name: scaled(pixels) for name, pixels in batch.items()} for batch in epoch())


def float_readers(setting: Setting, stored: Stored, res: int, seconds: float) -> list[Contestant]:
    gather, device, cells = gatherer(stored), torch.device("cpu"), SIZE * SIZE

    def read(split: Split) -> Iterator[int]:
        target = target_of(split.mask)
        for batch in read_batches(split, stored.order(), device):
            prepare(batch, target, res)
            yield len(batch.mask)

    def gathered() -> Iterator[int]:
        target = target_of(setting.rendered["train"].mask)
        for numbers in stored.order():
            pixels = torch.from_numpy(gather(numbers)).view(len(numbers), -1)
            shape = (len(numbers), SIZE, SIZE)
            bg, fg_bg = (pixels[:, first : first + 3 * cells].view(*shape, 3) for first in (0, 3 * cells))
            mask = pixels[:, 6 * cells : 7 * cells].view(shape)
            depth = pixels[:, 7 * cells :].view(torch.int16).view(shape)
            prepare(IntegerBatch(bg, fg_bg, mask, depth), target, res)
            yield len(numbers)

    limit = f"{GATHER}, then the same conversion"
    cause = "converting is most of the time of all; fgbg also tells which depth is known"
    return [
        *(
            Contestant(
                f"fgbg, {name}",
                lambda split=split: rate(lambda: read(split), seconds),
                "fgbg",
                limit,
                cause,
            )
            for name, split in (
                ("rendered", setting.rendered["train"]),
                ("--no-render", setting.unrendered["train"]),
            )
        ),
        Contestant(limit, lambda: rate(gathered, seconds), "limit"),
    ]
