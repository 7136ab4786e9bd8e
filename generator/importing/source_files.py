"""The files of a labelled picture: a hash of what they hold, and a cheap sign that they have not changed."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from blake3 import blake3

from generator.errors import AssetError
from generator.files import hash_file
from generator.format.identity import encode_name
from generator.label_formats.items import Item


def source_hash(item: Item) -> bytes:
    """A BLAKE3 hash (32 bytes) of all that a sample is made of: its files, and its labels without file.

    Raises:
        AssetError: a file cannot be read.
    """
    digest = blake3()
    for kind, path in _files(item):
        try:
            digest.update(kind + bytes.fromhex(hash_file(path, threads=1)))
        except FileNotFoundError as error:
            raise AssetError(path, "", "does not exist", "check the path") from error
        except OSError as error:
            found = f"cannot be read: {error.strerror or error}"
            raise AssetError(path, "", found, "give access to it, or move it away") from error
    if item.content is not None:
        digest.update(b"content" + repr(item.content).encode("utf-8", "surrogatepass"))
    return digest.digest()


def hash_or_none(item: Item) -> str | None:
    """`source_hash` in hex; None if a file cannot be read."""
    try:
        return source_hash(item).hex()
    except AssetError:
        return None


def hash_listing(items: Iterable[Item]) -> str:
    """A hash of the names of pictures, their splits, and which files each has."""
    digest = blake3()
    for item in items:
        name = encode_name(item.name)
        kinds = b"".join(kind[:1] for kind, _ in _files(item))
        digest.update(len(name).to_bytes(4, "little") + name + kinds + str(item.split).encode() + b"\0")
    return digest.hexdigest()


def stamp_of(items: Sequence[Item]) -> str:
    """A hash of the names, sizes and modification times of pictures, which changes when one of them does."""
    digest = blake3()
    for item in items:
        try:
            found = item.picture.stat()
            mark = f"{found.st_size} {found.st_mtime_ns}"
        except OSError:
            mark = "none"
        digest.update(encode_name(item.name) + b"\0" + mark.encode() + b"\0")
    return digest.hexdigest()


def _files(item: Item) -> Iterator[tuple[bytes, Path]]:
    yield b"picture", item.picture
    others = ((b"label", item.label), (b"objects", item.objects), (b"bg", item.bg), (b"depth", item.depth))
    for kind, path in others:
        if path is not None:
            yield kind, path
