"""The interface of every depth network."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np

from generator.config import DepthConvention
from generator.errors import AssetError


@dataclass(frozen=True)
class Told:
    """What the numbers of a network mean, and which setting of the model says so."""

    convention: DepthConvention
    by: str


class DepthNetwork(Protocol):
    """A network that estimates depth from one picture. Its pickle is only its name: others open it again."""

    @property
    def id(self) -> str:
        """Kind, name and BLAKE3 hash (or hub revision) of the weights; it identifies the network."""

    @property
    def batch(self) -> int:
        """How many pictures it should get at once: 1 on a CPU, more on a GPU."""

    @property
    def told(self) -> Told | None:
        """What the model says about its numbers; None if it says nothing."""

    @property
    def files(self) -> Sequence[Path]:
        """The file or folder that another machine needs to open it again."""

    @property
    def libraries(self) -> Sequence[str]:
        """Packages whose versions decide its numbers."""

    @property
    def threads(self) -> int:
        """How many the process that runs it has, also after pickling; 1 if they do not decide its numbers."""

    def predict(self, pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Raw depth of pictures.

        Args:
            pictures: each (H, W, 3) uint8 sRGB, of any size.

        Returns:
            For each picture a map of the whole picture: (h, w) float32, in the scale and size of the network.

        Raises:
            AssetError: the network fails.
        """


Network = TypeVar("Network", bound=DepthNetwork)


def require_same(network: Network, id: str, where: str | Path) -> Network:
    """A network that was opened again, on another machine.

    Raises:
        AssetError: it has another id.
    """
    if network.id != id:
        fix = "copy the same files to every machine"
        raise AssetError(where, id, f"{network.id} on {platform.node()}", fix)
    return network
