"""A trained network as a function from pictures to mask and depth."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from fgbg.predictor.picture_input import Picture, as_rgb
from fgbg.predictor.predicted import Predicted
from fgbg.predictor.resize_input import NetworkInput, prepare
from fgbg.predictor.restore_size import restore
from generator.errors import ConfigError
from training.batches.prepare import join
from training.checkpoint import load_checkpoint, model_of
from training.errors import DeviceMemoryError
from training.models import Network, Prediction
from training.process.devices import choose_accelerator
from training.process.memory import is_out_of_memory
from training.records.run_files import find_checkpoint
from training.target import AlphaTarget, Target


@dataclass(frozen=True)
class Predictor:
    """A network ready to predict: `predictor(picture)` gives its mask and depth.

    A call has three steps, which other loops can take one by one: `prepare` resizes a picture to the
    network's resolution, `see` runs the network on a batch, and `restore` resizes an answer to the picture's
    own size.

    Attributes:
        network: with averaged weights, in evaluation mode.
        res: longer side in pixels of the network's input.
        device: where the network runs.
        mirror: whether it also looks at mirror images, which takes twice as long.
        align: whether a background is moved to match the picture first (fgbg.predictor.align_background).
        dataset_id: of the dataset that it was trained on; empty if that is not known.
        target: what the mask means.

    Example:
        >>> predictor = fgbg.Predictor.load("outputs/best.pt", device="cpu")
        >>> predictor("photo.png").mask.shape
        (64, 64)
    """

    network: Network
    res: int
    device: torch.device
    mirror: bool = True
    align: bool = True
    dataset_id: str = ""
    target: Target = field(default_factory=AlphaTarget)

    @classmethod
    def load(
        cls,
        checkpoint: str | Path,
        res: int | None = None,
        device: str = "auto",
        mirror: bool = True,
        align: bool = True,
    ) -> "Predictor":
        """Load a checkpoint.

        Args:
            checkpoint: a file, or a run's folder, of which best.pt is taken, else last.pt.
            res: longer side in pixels of the network's input; None: its last training resolution.
            device: auto (the best there is), cpu, cuda or mps.
            mirror: look at mirror images too.
            align: move a background to match the picture first.

        Raises:
            CheckpointError: it cannot be used.
            ConfigError: this machine has no such device.
        """
        place = torch.device(choose_accelerator(device))
        path = find_checkpoint(Path(checkpoint))
        loaded = load_checkpoint(path)
        network = model_of(path, loaded).to(place)
        return cls(network, res or loaded.res, place, mirror, align, loaded.dataset_id, loaded.target)

    def __call__(self, picture: Picture, bg: Picture | None = None) -> Predicted:
        """Predict one picture.

        Args:
            picture: (H, W, 3) uint8 sRGB, of any size; or one of the other kinds that `as_rgb` converts.
            bg: the same view without the object, of the same aspect; None: there is none.

        Raises:
            ImageError, ArrayError: `picture` or `bg` is no picture.
            AssetError: `bg` has another aspect.
            ConfigError: the network takes no background.
            DeviceMemoryError: there is not enough memory.
        """
        given = self.prepare(picture, bg)
        with self._memory_errors():
            return restore(self.see(given.bg, given.fg_bg), self.target, given)

    def prepare(self, picture: Picture, bg: Picture | None = None, name: str = "picture") -> NetworkInput:
        """Read a picture and resize it for the network; arguments and errors as of a call.

        Args:
            picture: as of a call.
            bg: as of a call.
            name: of the picture in errors, if it is no path.
        """
        if bg is not None and self.network.inputs == 3:
            found = "one trained with `inputs=3`"
            raise ConfigError("`bg`", "a network that sees backgrounds", found, "leave `bg` out")
        fg_bg, behind = as_rgb(picture, name), None if bg is None else as_rgb(bg, "bg")
        with self._memory_errors():
            return prepare(fg_bg, behind, self.res, self.device, self.align)

    @torch.inference_mode()
    def see(self, bg: Tensor | None, fg_bg: Tensor) -> Prediction:
        """Run the network on a batch; with `mirror`, also on its mirror image, and take the mean.

        Args:
            bg: (B, 3, h, w) float in [-1, 1]; None if there is none.
            fg_bg: (B, 3, h, w) float in [-1, 1].
        """
        inputs = join(bg, fg_bg, self.network.inputs)
        straight: Prediction = self.network(inputs)
        if not self.mirror:
            return straight
        mirrored: Prediction = self.network(inputs.flip(-1))
        back = mirrored.each(lambda answer: answer.flip(-1))
        depth = None
        if straight.depth is not None and back.depth is not None:
            depth = (straight.depth + back.depth) / 2
        return Prediction((straight.mask_logits + back.mask_logits) / 2, depth)

    @contextmanager
    def _memory_errors(self) -> Iterator[None]:
        """Turn any sign that memory ran out into one error that says what to do."""
        try:
            yield
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise DeviceMemoryError(self.device, self.res) from error
