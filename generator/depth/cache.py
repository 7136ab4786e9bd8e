"""The answers of depth networks, kept between runs."""

import io
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from blake3 import blake3

from generator.cache_folder import cache_folder

VERSION = 2
"""Raised when networks get other pixels than before, so that older maps are not used."""

_DIGEST_BYTES = 32


def default_cache_folder() -> Path:
    """The folder for depth maps in the user's cache, such as ~/.cache/fgbg/depth."""
    return cache_folder("depth")


@dataclass(frozen=True)
class DepthCache:
    """Raw maps (h, w) float32 by picture and network: `FOLDER/NETWORK/PICTURE.map`, 4 bytes a value.

    Each file begins with the BLAKE3 hash of the map; a file that does not match counts as missing. Several
    processes may share a folder. Nothing is ever removed: delete the folder, or the folder of one network,
    when it grows too large.
    """

    folder: Path = field(default_factory=default_cache_folder)

    def read(self, picture: str, network: str) -> np.ndarray | None:
        """The map of a picture (by its hash) from a network (by its id); None if it is missing or damaged."""
        try:
            return decode_map(self.path(picture, network).read_bytes())
        except OSError:
            return None

    def write(self, picture: str, network: str, values: np.ndarray) -> None:
        """Keep a map (h, w) float32; an earlier or damaged one is replaced.

        The file gets its name when it is complete. It is not fsynced: if a power cut damages it, its hash
        does not match, and the network runs again.
        """
        path = self.path(picture, network)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".tmp", delete=False) as file:
            temporary = Path(file.name)
            try:
                file.write(encode_map(values))
                file.close()  # Windows renames only closed files
                temporary.replace(path)
            except BaseException:
                file.close()
                temporary.unlink(missing_ok=True)
                raise

    def path(self, picture: str, network: str) -> Path:
        """Path of the map of a picture from a network."""
        of_network, of_picture = (blake3(name.encode()).hexdigest()[:32] for name in (network, picture))
        return self.folder / f"v{VERSION}-{of_network}" / f"{of_picture}.map"


def encode_map(values: np.ndarray) -> bytes:
    """A map (h, w) float32 as its BLAKE3 hash and an .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, values.astype("<f4", copy=False), allow_pickle=False)
    content = buffer.getvalue()
    return blake3(content).digest() + content


def decode_map(content: bytes) -> np.ndarray | None:
    """The map that `encode_map` wrote; None if the content is damaged."""
    digest, content = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    if blake3(content).digest() != digest:
        return None
    try:
        values: np.ndarray = np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError, OSError):
        return None
    return values if values.ndim == 2 and values.dtype == np.float32 and values.size else None
