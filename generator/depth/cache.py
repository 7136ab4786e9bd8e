"""What a depth network once said about a picture, kept between runs."""

import io
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import platformdirs
from blake3 import blake3

VERSION = 2
"""Raised when networks are given other pixels than before, so that older maps are not found."""

_DIGEST_BYTES = 32


def default_cache_folder() -> Path:
    """Where the system keeps what can be made again, such as ~/.cache/fgbg/depth."""
    return platformdirs.user_cache_path("fgbg", appauthor=False) / "depth"


@dataclass(frozen=True)
class DepthCache:
    """Raw maps (h, w) float32 by picture and network: `FOLDER/NETWORK/PICTURE.map`, 4 bytes a value.

    A map stands behind its BLAKE3 hash; what does not match it is not there. Several processes may share
    a folder. Nothing is ever removed: delete the folder, or a network's part of it, when it grows too large.
    """

    folder: Path = field(default_factory=default_cache_folder)

    def read(self, picture: str, network: str) -> np.ndarray | None:
        """The map of a picture (its hash) by a network (its id), or None when there is no whole one."""
        try:
            return decode_map(self.path(picture, network).read_bytes())
        except OSError:
            return None

    def write(self, picture: str, network: str, values: np.ndarray) -> None:
        """Keep a map (h, w) float32, replacing an earlier or damaged one.

        The file is renamed into place from a name that no other process has. It is not fsynced: after a
        power cut its hash tells, and it is made again.
        """
        path = self.path(picture, network)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".tmp", delete=False) as file:
            temporary = Path(file.name)
            try:
                file.write(encode_map(values))
                file.close()  # Windows renames closed files only
                temporary.replace(path)
            except BaseException:
                file.close()
                temporary.unlink(missing_ok=True)
                raise

    def path(self, picture: str, network: str) -> Path:
        """Where the map of a picture by a network is kept."""
        of_network, of_picture = (blake3(name.encode()).hexdigest()[:32] for name in (network, picture))
        return self.folder / f"v{VERSION}-{of_network}" / f"{of_picture}.map"


def encode_map(values: np.ndarray) -> bytes:
    """A map (h, w) float32 as its BLAKE3 hash and an .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, values.astype("<f4", copy=False), allow_pickle=False)
    content = buffer.getvalue()
    return blake3(content).digest() + content


def decode_map(content: bytes) -> np.ndarray | None:
    """What `encode_map` wrote, or None when it is not whole."""
    digest, content = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    if blake3(content).digest() != digest:
        return None
    try:
        values: np.ndarray = np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError, OSError):
        return None
    return values if values.ndim == 2 and values.dtype == np.float32 and values.size else None
