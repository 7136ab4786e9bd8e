"""What every depth network can do, whatever runs it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from generator.config import DepthConvention


@dataclass(frozen=True)
class Told:
    """What a network's numbers tell, and by what the model says so."""

    convention: DepthConvention
    by: str


class DepthNetwork(Protocol):
    """A network that sees depth in one picture."""

    @property
    def id(self) -> str:
        """Kind, name and BLAKE3 hash (or hub revision) of the weights: the same id, the same network."""

    @property
    def batch(self) -> int:
        """How many pictures it takes at once with profit: 1 on a processor, more on a GPU."""

    @property
    def told(self) -> Told | None:
        """What the model says of its own numbers; None where it says nothing."""

    def predict(self, pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Raw depth of pictures.

        Args:
            pictures: each (H, W, 3) uint8 sRGB, of any size.

        Returns:
            For each picture a map of the whole of it: (h, w) float32 in the network's own scale and size.

        Raises:
            AssetError: the network fails.
        """
