"""An engine that runs a network which finds the object of any photo, as rembg runs it, without training."""

from dataclasses import dataclass

import numpy as np

from fgbg.predictor.engine import Answer
from generator.assets.salient import SalientNetwork
from generator.format.manifest import AlphaMask, MaskEntry
from generator.networks.onnx_runtime import CUDA, providers_here


@dataclass(frozen=True)
class SalientEngine:
    """An `Engine` of a file that `SalientNetwork.open` takes. It sees no backgrounds and no depth."""

    network: SalientNetwork

    @classmethod
    def open(cls, network: str) -> "SalientEngine":
        """Open a network, as `SalientNetwork.open`."""
        return cls(SalientNetwork.open(network))

    @property
    def res(self) -> int:
        """Longer side in pixels of what the network sees."""
        return self.network.res

    @property
    def stride(self) -> int:
        """Pictures are stretched to what the network sees, and never padded."""
        return 1

    @property
    def entry(self) -> MaskEntry:
        """The mask is an alpha."""
        return AlphaMask()

    @property
    def takes_bg(self) -> bool:
        """The network sees the picture alone."""
        return False

    @property
    def has_depth(self) -> bool:
        """The network has no depth head."""
        return False

    @property
    def dataset_id(self) -> str:
        """It was not trained on a dataset of fgbg."""
        return ""

    @property
    def device(self) -> str:
        """Where it runs, which ONNX Runtime decides."""
        return "cuda" if CUDA in providers_here() else "cpu"

    def see(self, pictures: np.ndarray, bgs: np.ndarray | None = None, mirror: bool = False) -> Answer:
        """See `Engine`.

        Raises:
            AssetError: the network fails.
        """
        assert bgs is None
        shares = np.stack([self.network.share(picture) for picture in pictures])
        if mirror:
            turned = np.stack([self.network.share(picture[:, ::-1]) for picture in pictures])
            shares = (shares + turned[:, :, ::-1]) / 2
        return Answer(shares[:, None], None)
