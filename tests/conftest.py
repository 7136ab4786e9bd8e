"""Fixtures of many tests: drawn sample pictures and small datasets made of them."""

import gc
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial, reduce
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

import numpy as np
import pytest
from blake3 import blake3
from onnx import TensorProto, helper, numpy_helper

from generator.config import GenerateConfig
from generator.drawing.write import DrawnSamples, write_samples
from generator.format.identity import hash_sources, labelled_id
from generator.format.journal import shard_file
from generator.format.labelled_shards import LabelledPixels, write_labelled_shard
from generator.format.manifest import (
    AlphaMask,
    ClassMask,
    DepthEntry,
    LabelledManifest,
    MaskEntry,
    SourceEntry,
)
from generator.format.moments import labelled_sums
from generator.format.pixels import OptionalField
from generator.format.records import ShardEntry, SplitEntry, Statistics, Sums
from generator.pipeline import generate
from generator.reading.batch import Batch
from generator.reading.dataset import open_dataset

if TYPE_CHECKING:
    from s3fs import S3FileSystem

CLASSES = ClassMask(
    names=["none", "left", "middle", "right"],
    colours=[[40, 40, 40], [200, 40, 40], [40, 200, 40], [40, 40, 200]],
)

LONGEST = {"test_processes", "test_quickstart", "test_end_to_end"}
"""Files with tests that take 10 to 25 s each."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep what is imported from the garbage collector: it would visit a million objects again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the longest tests, so that no process is left alone with one at the end."""
    items.sort(key=lambda item: item.path.stem not in LONGEST)


@pytest.fixture(scope="session", autouse=True)
def hears_ctrl_c() -> None:
    """Turn Ctrl-C on again: a background job ignores it, but some tests send it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def one_torch_thread() -> Iterator[None]:
    """Let torch use one thread: with such small arrays, several are slower."""
    import torch  # which tests of the generator do without

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def assets(tmp_path_factory: pytest.TempPathFactory) -> DrawnSamples:
    """12 foregrounds of 32 px and 12 backgrounds of 64 px with exact depth."""
    return write_samples(tmp_path_factory.mktemp("assets"), count=12, size=64, seed=3)


@pytest.fixture(scope="session")
def salient(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ONNX network as rembg runs them, 1 x 3 x 32 x 32: it finds what is more red than green."""
    shape = (1, 3, 32, 32)
    weights = np.array([10, -10, 0], np.float32).reshape(1, 3, 1, 1)
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["rgb", "weights", "bias"], ["logits"]),
            helper.make_node("Sigmoid", ["logits"], ["mask"]),
        ],
        "salient",
        [helper.make_tensor_value_info("rgb", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("mask", TensorProto.FLOAT, None)],
        [
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(np.array([-10], np.float32), "bias"),
        ],
    )
    path = tmp_path_factory.mktemp("salient") / "salient.onnx"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture(scope="session")
def request_fields(assets: DrawnSamples) -> dict[str, object]:
    """Fields of a small dataset: train has 8 fgs x 8 bgs x 2 flips x 2 positions; val and test have less."""
    return {
        "fg": assets.fg,
        "bg": assets.bg,
        "size": (32, 24),
        "fg_size": 16,
        "positions": 2,
        "split": (60, 20, 20),
        "seed": 5,
        "shard_samples": 100,
    }


@pytest.fixture(scope="session")
def unrendered(request_fields: dict[str, object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished dataset without pixels (render=False). Tests must not change it."""
    out = tmp_path_factory.mktemp("unrendered")
    generate(GenerateConfig(**request_fields, out=out, render=False))
    return out


@pytest.fixture(scope="session")
def rendered(request_fields: dict[str, object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same dataset with pixels. Tests must not change it."""
    out = tmp_path_factory.mktemp("rendered")
    generate(GenerateConfig(**request_fields, out=out))
    return out


@pytest.fixture(scope="session")
def crowded(request_fields: dict[str, object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset without pixels: zero to three overlapping objects with shadows. Tests must not change it."""
    out = tmp_path_factory.mktemp("crowded")
    several = {"objects": (1, 3), "overlap": 1, "truncate": 0.3, "empty": 0.1, "shadow": 0.7, "samples": 60}
    generate(GenerateConfig(**{**request_fields, **several}, out=out, render=False))
    return out


@pytest.fixture(scope="session")
def s3_variables() -> Iterator[dict[str, str]]:
    """The environment in which programs use a server like S3, on this machine."""
    from moto.server import ThreadedMotoServer  # slow, and few tests need it

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    keys = {"AWS_ACCESS_KEY_ID": "someone", "AWS_SECRET_ACCESS_KEY": "secret"}
    yield keys | {"AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_DEFAULT_REGION": "us-east-1"}
    server.stop()


@pytest.fixture
def bucket(
    s3_variables: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> "Iterator[S3FileSystem]":
    """The server has the empty bucket `bucket`, and the cache is empty."""
    import s3fs  # slow, and few tests need it

    for name, value in s3_variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FGBG_CACHE", str(tmp_path / "cache"))
    reset = f"{s3_variables['AWS_ENDPOINT_URL']}/moto-api/reset"
    urlopen(Request(reset, method="POST"), timeout=10).close()
    s3fs.S3FileSystem.clear_instance_cache()
    files = s3fs.S3FileSystem()
    files.mkdir("bucket")
    yield files
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture(scope="session")
def write_labelled(
    request_fields: dict[str, object], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """Writes labelled datasets of 60 generated samples, in shards of 16."""
    source = tmp_path_factory.mktemp("source")
    generate(GenerateConfig(**{**request_fields, "samples": 60, "objects": (1, 2)}, out=source, render=False))

    def write(
        out: Path,
        entry: MaskEntry,
        fields: Sequence[OptionalField] = (),
        label: Callable[[str, Batch], np.ndarray] = lambda split, batch: batch.mask,
    ) -> Path:
        splits, sources, sums = {}, [], []
        for split in open_dataset(source).splits.values():
            batch, entries = split[:], []
            names = [f"{split.name}/picture {number:04d}" for number in split.sample_ids]
            hashes = [blake3(name.encode()).digest() for name in names]
            sources += zip(names, hashes, strict=True)
            columns = vars(batch) | {
                "mask": label(split.name, batch),
                "source_hash": np.frombuffer(b"".join(hashes), np.uint8).reshape(-1, 32),
            }
            for number, start in enumerate(range(0, len(split), 16)):
                some = slice(start, min(start + 16, len(split)))
                rows = {name: array[some] for name, array in columns.items() if array is not None}
                file, ids = shard_file(split.name, number), split.sample_ids[some]
                fill = partial(_fill, rows)
                written = write_labelled_shard(out / file, ids, names[some], split.size, fields, fill, 1)
                entries.append(
                    ShardEntry(file=file, samples=len(ids), bytes=written.bytes, blake3=written.blake3)
                )
                pixels = LabelledPixels(
                    **{name: rows[name] for name in ("fg_bg", "mask", "source_hash", *fields)}
                )
                sums.append(labelled_sums(pixels, entry))
            splits[split.name] = SplitEntry(samples=len(split), shards=entries)
        config, sources_hash = {"fit": "crop"}, hash_sources(sorted(sources))
        manifest = LabelledManifest(
            id=labelled_id(config, sources_hash),
            size=(32, 24),
            config=config,
            libraries={},
            source=SourceEntry(
                format="folder", samples=len(sources), left_out=1, blake3=sources_hash, splits="drawn"
            ),
            fields=list(fields),
            splits=splits,
            mask=entry,
            depth=DepthEntry(sources=["files"] if "depth" in fields else [], pseudo=False),
            statistics=Statistics(
                samples=len(sources),
                fields={name: part.moments() for name, part in reduce(_add, sums).items()},
            ),
        )
        (out / "dataset.json").write_text(manifest.model_dump_json(indent=1))
        return out

    return write


def _fill(rows: dict[str, np.ndarray], block: slice, pixels: LabelledPixels) -> None:
    for name, array in pixels.items():
        array[...] = rows[name][block]


def _add(one: dict[str, Sums], other: dict[str, Sums]) -> dict[str, Sums]:
    return {name: one[name] + other[name] for name in one}


@pytest.fixture(scope="session")
def labelled(write_labelled: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A labelled dataset of classes: none, and left, middle or right, by thirds; with bg and depth.

    Soft edges of objects are ignored, and the whole first sample of val. Tests must not change it.
    """

    def label(split: str, batch: Batch) -> np.ndarray:
        alpha = batch.mask
        thirds = 1 + np.arange(alpha.shape[2]) * 3 // alpha.shape[2]
        labels = np.where(alpha == 255, thirds, np.where(alpha == 0, 0, 255)).astype(np.uint8)
        if split == "val":
            labels[0] = 255
        return labels

    return write_labelled(tmp_path_factory.mktemp("labelled"), CLASSES, ("bg", "depth"), label)


@pytest.fixture(scope="session")
def photos(write_labelled: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A labelled dataset of an alpha with void pixels, without backgrounds and depth: soft edges are void.

    Tests must not change it.
    """

    def label(split: str, batch: Batch) -> np.ndarray:
        return np.where((batch.mask > 0) & (batch.mask < 255), 127, batch.mask).astype(np.uint8)

    return write_labelled(tmp_path_factory.mktemp("photos"), AlphaMask(void=127), (), label)
