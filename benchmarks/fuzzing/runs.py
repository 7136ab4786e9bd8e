"""Checkpoints from strangers: flipped bits, changed fields, changed archives; and damaged run folders."""

import contextlib
import io
import random
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from fuzzing.mutate import mutate_bytes, mutate_text, mutate_tree
from fuzzing.odd_files import put_odd_file
from fuzzing.watch import run

_SMALL = ("--epoch-samples", "4", "--val-samples", "2", "--batch-size", "2", "--device", "cpu")


def prepare(seeds: Path) -> None:
    """Train a tiny network for a few steps."""
    fields = ("--widths", "2,4", "--res", "16:1", *_SMALL)
    assert run("train", "--data", seeds / "unrendered", "--out", seeds / "run", *fields) == "accepted"


def trial(rng: random.Random, seeds: Path, case: Path) -> Callable[[], str]:
    """Mutate last.pt or best.pt; return a command that loads it."""
    folder = case / "run"
    shutil.copytree(seeds / "run", folder)
    what = rng.choice(("predict", "predict", "evaluate", "resume", "resume", "summary", "compare"))
    path = folder / ("last.pt" if what in ("resume", "summary") else "best.pt")
    _change(rng, path)
    if rng.random() < 0.1:
        other = folder / rng.choice(("config.json", "log/metrics.csv"))
        other.write_text(mutate_text(rng, other.read_text()), errors="surrogatepass")
    data = ("--data", seeds / "unrendered")
    picture = seeds / "assets" / "bg" / "bg000.png"
    network = ("--checkpoint", path)
    if what == "predict":
        return lambda: run("predict", picture, *network, "--out", case / "out")
    if what == "evaluate":
        return lambda: run("evaluate", *data, *network, "--samples", "2", "--out", case / "out")
    if what == "compare":
        return lambda: run("compare", folder, *data, "--pictures", "1", "--out", case / "out")
    if what == "summary":
        return lambda: run("train", *data, "--out", folder, "--resume", "--summary")
    return lambda: run("train", *data, "--out", folder, "--resume", "--res", "16:2", *_SMALL)


def _change(rng: random.Random, path: Path) -> None:
    what = rng.random()
    if what < 0.03:
        put_odd_file(rng, path)
    elif what < 0.3:
        path.write_bytes(mutate_bytes(rng, path.read_bytes()))
    elif what < 0.5:
        path.write_bytes(_rezipped(rng, path.read_bytes()))
    else:
        content = torch.load(path, weights_only=True)
        for _ in range(rng.choice((1, 1, 2))):
            content = _mutated(rng, content)
        with contextlib.suppress(Exception):
            torch.save(content, path)


def _rezipped(rng: random.Random, data: bytes) -> bytes:
    """Change, compress, repeat or remove one member of the archive; its checksum is right."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(out, "w") as new:
        names = archive.namelist()
        victim = rng.choice(names)
        deflate = rng.random() < 0.3
        for name in names:
            content = archive.read(name)
            if name == victim:
                what = rng.random()
                if what < 0.1:
                    continue
                if what < 0.8:
                    content = mutate_bytes(rng, content)
                else:
                    content = bytes(2**28) if what < 0.85 and deflate else content * 2
            new.writestr(name, content, zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED)
    return out.getvalue()


def _mutated(rng: random.Random, content: Any) -> Any:
    """Change one field of the checkpoint: of its config, its position or its tensors."""
    if not isinstance(content, dict) or rng.random() < 0.4:
        return mutate_tree(rng, content)
    name = rng.choice(("config", "config", "position", "metrics", "ema", "model", "optimizer", "rng", "sums"))
    part = content.get(name)
    if name in ("ema", "model") and isinstance(part, dict) and part:
        key = rng.choice(list(part))
        tensor = part[key]
        if isinstance(tensor, torch.Tensor) and rng.random() < 0.8:
            return {**content, name: {**part, key: _tensor(rng, tensor)}}
    return {**content, name: mutate_tree(rng, part)}


def _tensor(rng: random.Random, tensor: torch.Tensor) -> torch.Tensor:
    odd = (
        lambda: tensor.double(),
        lambda: tensor.reshape(-1)[:1],
        lambda: tensor[None],
        lambda: torch.full_like(tensor.float(), float("nan")),
        lambda: torch.full_like(tensor.float(), float("inf")),
        lambda: torch.zeros(1).expand(2**40),
        lambda: tensor.to_sparse(),
        lambda: tensor.to(torch.complex64),
        lambda: torch.empty(tensor.shape, device="meta"),
        lambda: tensor.bool(),
        lambda: torch.zeros(0),
    )
    return rng.choice(odd)()
