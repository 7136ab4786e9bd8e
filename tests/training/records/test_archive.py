import io
import os
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from training.records.archive import ArchiveError, is_finite, read_archive

Differences = Callable[[Any, Any], list[str]]

CONTENT: dict[str, Any] = {
    "weights": {"a": torch.arange(400.0).view(20, 20), "b": torch.zeros((), dtype=torch.int64)},
    "half": torch.ones(3, dtype=torch.bfloat16),
    "numbers": [1, 2.5, True, None, "text", (3, 4)],
    "empty": torch.zeros(0),
}


def saved(content: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def rewritten(change: Callable[[bytes], bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """An archive with a changed pickle and correct CRCs."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(saved({"a": torch.arange(4.0)}))) as source,
        zipfile.ZipFile(out, "w", compression) as archive,
    ):
        for record in source.infolist():
            content = source.read(record)
            archive.writestr(record.filename, change(content) if record.filename.endswith("pkl") else content)
    return out.getvalue()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "some.pt").write_bytes(saved(CONTENT))
    return tmp_path / "some.pt"


def test_what_was_saved_comes_back(path: Path, differences: Differences) -> None:
    assert differences(read_archive(path), CONTENT) == []


def test_every_flipped_byte_is_refused_or_harmless(path: Path, differences: Differences) -> None:
    """Changes are harmless in the padding between records, in repeated fields and in unused fields."""
    whole, draw, refused = path.read_bytes(), random.Random(7), 0
    for _ in range(600):
        content = bytearray(whole)
        content[draw.randrange(len(whole))] ^= draw.randrange(1, 256)
        path.write_bytes(content)
        try:
            assert differences(read_archive(path), CONTENT) == []
        except ArchiveError:
            refused += 1
    assert refused > 400


@pytest.mark.parametrize("name", ["weights", "numbers"])
def test_every_byte_of_a_record_counts(path: Path, name: str) -> None:
    with zipfile.ZipFile(path) as archive:
        record = max(archive.infolist(), key=lambda record: record.file_size * (name == "weights"))
    content = bytearray(path.read_bytes())
    for place in range(record.header_offset + 200, record.header_offset + 200 + record.file_size // 4, 7):
        content[place] ^= 1
        path.write_bytes(content)
        with pytest.raises(ArchiveError):
            read_archive(path)
        content[place] ^= 1


def test_what_unfolds_is_refused(path: Path) -> None:
    path.write_bytes(rewritten(lambda pickle: pickle))
    read_archive(path)
    path.write_bytes(rewritten(lambda pickle: pickle, zipfile.ZIP_DEFLATED))
    with pytest.raises(ArchiveError, match="a compressed record, which torch never writes"):
        read_archive(path)


def test_a_tensor_is_no_larger_than_what_is_stored_of_it(path: Path) -> None:
    def expanded(pickle: bytes) -> bytes:
        size, stride = pickle.rindex(b"K\x04"), pickle.rindex(b"K\x01\x85")
        assert size < stride
        return pickle[:size] + b"J\0\0\x10\0" + pickle[size + 2 : stride] + b"K\0\x85" + pickle[stride + 3 :]

    path.write_bytes(rewritten(expanded))
    assert torch.load(path, weights_only=True)["a"].numel() == 2**20, "torch takes it"
    with pytest.raises(ArchiveError, match="larger than what is stored"):
        read_archive(path)
    # The tensor claims 2 ** 20 numbers, but its record has only four.
    path.write_bytes(rewritten(lambda pickle: pickle.replace(b"K\x04", b"J\0\0\x10\0")))
    with pytest.raises(ArchiveError):
        read_archive(path)


def test_values_that_stand_in_each_other_without_end_are_refused(path: Path) -> None:
    nested: list[Any] = [0] * 10
    for _ in range(9):
        nested = [nested] * 10
    path.write_bytes(saved(nested))
    with pytest.raises(ArchiveError, match="too many values"):
        read_archive(path)


@pytest.mark.parametrize(
    "content",
    [
        {1, 2},
        b"bytes",
        bytearray(4),
        1 + 2j,
        torch.float32,
        torch.nn.Parameter(torch.ones(2)),
        torch.ones(2).to_sparse(),
        torch.empty(2, device="meta"),
        2**70,
        "x" * 20_000,
    ],
    ids=lambda content: type(content).__name__,
)
@pytest.mark.filterwarnings("ignore")
def test_more_than_tensors_and_primitives_is_refused(path: Path, content: Any) -> None:
    path.write_bytes(saved({"a": content}))
    with pytest.raises(ArchiveError):
        read_archive(path)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_a_sum_that_overflows_is_finite_all_the_same(dtype: torch.dtype) -> None:
    most = torch.full((8,), torch.finfo(dtype).max, dtype=dtype)
    assert is_finite(most) and is_finite(torch.zeros(0))
    for value in (float("nan"), float("inf")):
        spoilt = torch.ones(8, dtype=dtype)
        spoilt[3] = value
        assert not is_finite(spoilt)
    spoilt[4] = -value
    assert not is_finite(spoilt)


def test_other_archives_are_refused(path: Path) -> None:
    whole = path.read_bytes()
    for content in (b"", b"PK", b"x" + whole, whole + whole, saved(CONTENT)[:-1]):
        path.write_bytes(content)
        with pytest.raises(ArchiveError):
            read_archive(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", b"N.")
        archive.writestr("a/DATA.pkl", b"N.")
    with pytest.raises(ArchiveError, match="two records of one name"):
        read_archive(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are of POSIX")
def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pt")
    for path in (tmp_path / "pipe.pt", tmp_path, Path("/dev/zero")):
        with pytest.raises(OSError, match="not a file"):
            read_archive(path)
