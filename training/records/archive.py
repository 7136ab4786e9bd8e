"""Reading torch's archives (.pt), which may be damaged or come from a stranger.

torch writes a CRC-32 with every record but never checks it. It also trusts the sizes in an archive, and its
reader of pickles makes more kinds of objects than a checkpoint holds. Everything is checked here.
"""

import pickletools
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from generator.errors import one_line
from generator.files import open_regular

_MOST_RECORDS = 100_000
_MOST_PICKLE = 2**25
_MOST_VALUES = 2_000_000
_MOST_BITS = 64
_MOST_TEXT = 10_000
_PIECE = 2**20
_ENCRYPTED = 0x1

_START = 16
_ZIP = b"PK"
_JSON_AT = 8
"""Where the header of a safetensors file begins, after its length."""
_ONNX = b"\x08"
"""The first field of an ONNX model, the version of its format (onnx.proto, ModelProto.ir_version)."""

_DTYPES = (
    torch.float32,
    torch.float64,
    torch.float16,
    torch.bfloat16,
    torch.int64,
    torch.int32,
    torch.uint8,
    torch.bool,
)
_STORAGES = ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Byte", "Bool")
_GLOBALS = {
    "torch._utils _rebuild_tensor_v2",
    "collections OrderedDict",
    *(f"torch {kind}Storage" for kind in _STORAGES),
}
"""Every name that a pickle of tensors and primitives refers to."""


class ArchiveError(Exception):
    """A file is not a whole archive of tensors and primitives; says why in a few words."""


class OtherKindError(ArchiveError):
    """A file is no archive at all; says what it seems to be."""


def read_archive(path: Path) -> Any:
    """Read primitives, dicts, lists, tuples and tensors that `torch.save` wrote, onto the CPU.

    The CRC-32 of every record is checked, which finds any damage of up to 32 bits in a row. Memory stays
    below twice the size of the file: nothing in it may be compressed, and every tensor must be stored whole.

    Raises:
        OtherKindError: the file is of another kind.
        ArchiveError: it is damaged, or holds something else.
        OSError: it cannot be read, or is not a file.
    """
    with open_regular(path) as file:
        _check_kind(file)
        try:
            sizes = _check_records(file)
            file.seek(0)
            content = torch.load(file, map_location="cpu", weights_only=True)
        except ArchiveError:
            raise
        except Exception as error:  # on damaged bytes both readers raise nearly anything
            reason = one_line(error).partition(". ")[0]
            raise ArchiveError(f"a damaged or foreign file ({reason[:120]})") from error
    _check_values(content, sizes)
    return content


def is_finite(tensor: Tensor) -> bool:
    """Whether no number of a tensor is NaN or infinite. The sum alone tells it, unless the sum overflows."""
    return bool(tensor.sum().isfinite()) or bool(tensor.isfinite().all())


def _check_kind(file: BinaryIO) -> None:
    """Check the first bytes; the formats of exported networks are told by theirs."""
    start = file.read(_START)
    if start.startswith(_ZIP):
        return
    if not start:
        raise OtherKindError("an empty file")
    if start[_JSON_AT : _JSON_AT + 1] == b"{":
        raise OtherKindError("a safetensors file")
    if start.startswith(_ONNX):
        raise OtherKindError("an ONNX file")
    raise OtherKindError("another kind of file")


def _check_records(file: BinaryIO) -> list[int]:
    """Check an archive from end to end; returns the bytes of each tensor's record."""
    size = file.seek(0, 2)
    with zipfile.ZipFile(file) as archive:
        records = archive.infolist()
        if not 0 < len(records) <= _MOST_RECORDS or archive.comment or records[0].header_offset:
            raise ArchiveError("another kind of archive")
        # To torch, upper and lower case are the same.
        if len({record.filename.lower() for record in records}) < len(records):
            raise ArchiveError("two records of one name")
        for record in records:
            is_plain = record.compress_type == zipfile.ZIP_STORED and not record.flag_bits & _ENCRYPTED
            if not is_plain or record.compress_size != record.file_size:
                raise ArchiveError("a compressed record, which torch never writes")
        if sum(record.file_size for record in records) > size:
            raise ArchiveError("records larger than the file")
        for record in records:
            with archive.open(record) as content:
                while content.read(_PIECE):  # checks the CRC at its end
                    pass
        for record in records:
            if record.filename.endswith(".pkl"):
                _check_pickle(archive, record)
        return [record.file_size for record in records if "/data/" in record.filename]


def _check_pickle(archive: zipfile.ZipFile, record: zipfile.ZipInfo) -> None:
    if record.file_size > _MOST_PICKLE:
        raise ArchiveError(f"{record.file_size:,} bytes that are no tensors")
    for operation, argument, _ in pickletools.genops(archive.read(record)):
        if operation.name.endswith("GLOBAL") and argument not in _GLOBALS:
            raise ArchiveError(f"more than tensors and primitives ({argument})")


def _check_values(content: Any, sizes: list[int]) -> None:
    """Check that everything is a primitive, a container of them, or a tensor that is stored whole."""
    left = Counter(sizes)
    seen: set[int] = set()
    for value in _values(content):
        if isinstance(value, Tensor):
            _check_tensor(value)
            storage = value.untyped_storage()
            if storage.nbytes() and storage.data_ptr() not in seen:
                seen.add(storage.data_ptr())
                if not left[storage.nbytes()]:
                    raise ArchiveError("a tensor of another size than what is stored of it")
                left[storage.nbytes()] -= 1
        elif isinstance(value, int) and value.bit_length() > _MOST_BITS:
            raise ArchiveError("a number that is too large")
        elif isinstance(value, str) and len(value) > _MOST_TEXT:
            raise ArchiveError("a text that is too long")


def _check_tensor(tensor: Tensor) -> None:
    if type(tensor) is not Tensor or tensor.layout is not torch.strided or tensor.dtype not in _DTYPES:
        raise ArchiveError(f"a tensor of another kind ({tensor.dtype})")
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise ArchiveError("a tensor larger than what is stored of it")


def _values(content: Any) -> Iterator[Any]:
    """Every value and key at any depth; one that is in several places comes several times."""
    waiting, count = [content], 0
    while waiting:
        value = waiting.pop()
        count += 1
        if count > _MOST_VALUES:
            raise ArchiveError("too many values")
        if isinstance(value, dict):
            waiting += value.keys()
            waiting += value.values()
        elif isinstance(value, list | tuple):
            waiting += value
        elif value is None or isinstance(value, Tensor | str | int | float | bool):
            yield value
        else:
            raise ArchiveError(f"more than tensors and primitives ({type(value).__name__})")
