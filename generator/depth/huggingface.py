"""Depth networks of Hugging Face `transformers`, from a local folder or the hub, with torch."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from blake3 import blake3

from generator.config import DepthConvention
from generator.depth.network_protocol import Told, require_same
from generator.errors import AssetError, ConfigError, one_line
from generator.files import hash_file
from generator.process.quiet_hub import quiet_hub
from generator.resize import stretch

GPU_BATCH = 8

MOST_PIXELS = 1_000_000
"""Largest input of a network whose processor does not resize; larger pictures are scaled down."""

_HASHED_SUFFIXES = frozenset({".json", ".safetensors", ".bin"})


@dataclass(frozen=True)
class HuggingFaceNetwork:
    """A `DepthNetwork` of transformers, in float32, on CUDA if there is a GPU, else on the CPU."""

    libraries: ClassVar[tuple[str, ...]] = ("torch", "transformers")
    id: str
    batch: int
    told: Told | None
    threads: int
    _name: str
    _processor: Any
    _model: Any
    _multiple: int

    @property
    def files(self) -> list[Path]:
        """See `DepthNetwork`."""
        folder = Path(self._name).expanduser()
        return [folder] if folder.is_dir() else []

    def predict(self, pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
        """See `DepthNetwork`; consecutive pictures with the same input size share a batch."""

        maps: list[np.ndarray] = []
        for first in range(0, len(pictures), self.batch):
            inputs = [self._input(rgb) for rgb in pictures[first : first + self.batch]]
            for _, group in groupby(inputs, key=lambda values: values.shape):
                maps += self._run(list(group))
        return maps

    def _run(self, alike: Sequence[Any]) -> list[np.ndarray]:
        """The maps of inputs (1, 3, h, w) of one size."""
        import torch

        try:
            with torch.inference_mode():
                pixels = torch.cat(list(alike)).to(self._model.device)
                output = self._model(pixel_values=pixels).predicted_depth.float().cpu().numpy()
        except Exception as error:  # models and torch kernels raise any error
            expected = f"a network that runs on {tuple(alike[0].shape)}"
            raise AssetError(self._name, expected, one_line(error), "use another network") from error
        if output.size == 0 or output.ndim < 3 or output.size != len(alike) * math.prod(output.shape[-2:]):
            found = f"shape {output.shape}"
            raise AssetError(self._name, f"{len(alike)} depth maps", found, "use another network")
        return list(output.reshape(len(alike), *output.shape[-2:]))

    def _input(self, rgb: np.ndarray) -> Any:
        """(1, 3, h, w): the whole picture, with sides that are multiples of the network's patch.

        Processors that would pad or crop are told not to. A network answers only for whole patches, so the
        rest of the picture would be lost, or the map of the padding would be stretched over the picture.
        """
        try:
            return self._scaled(self._processed(rgb))
        except Exception as error:  # processors raise any error
            expected = f"a processor that takes {rgb.shape[1]} x {rgb.shape[0]} pixels"
            raise AssetError(self._name, expected, one_line(error), "use another network") from error

    def _scaled(self, pixels: Any) -> Any:
        from torch.nn.functional import interpolate

        sides = tuple(pixels.shape[-2:])
        whole = tuple(max(1, round(side / self._multiple)) * self._multiple for side in sides)
        if whole == sides:
            return pixels
        return interpolate(pixels, whole, mode="bilinear", antialias=True)

    def _processed(self, rgb: np.ndarray) -> Any:
        divisor = getattr(self._processor, "size_divisor", None)
        pads = getattr(self._processor, "do_pad", False)
        if (
            isinstance(divisor, int) and not pads and min(rgb.shape[:2]) < divisor
        ):  # the side would be rounded to 0
            rgb = stretch(rgb, (max(rgb.shape[1], divisor), max(rgb.shape[0], divisor)))
        if not getattr(self._processor, "do_resize", True):
            shrink = min(1.0, math.sqrt(MOST_PIXELS / (rgb.shape[0] * rgb.shape[1])))
            rgb = stretch(rgb, (max(1, round(rgb.shape[1] * shrink)), max(1, round(rgb.shape[0] * shrink))))
        whole = {
            name: False for name in ("do_pad", "do_center_crop") if getattr(self._processor, name, False)
        }
        # A copy, because torch warns about read-only arrays.
        inputs = self._processor(
            images=rgb.copy(), input_data_format="channels_last", return_tensors="pt", **whole
        )
        return inputs["pixel_values"]

    def __reduce__(self) -> tuple[Callable[..., "HuggingFaceNetwork"], tuple[str, str, int]]:
        return _open_again, (self._name, self.id, self.threads)


def _open_again(name: str, id: str, threads: int) -> HuggingFaceNetwork:
    """Open a network in another process. With another number of threads, torch adds in another order."""
    import torch

    torch.set_num_threads(threads)
    return require_same(open_hf(name), id, name)


def open_hf(name: str) -> HuggingFaceNetwork:
    """Load a depth-estimation model from a folder that `save_pretrained` wrote, or by its name on the hub.

    Code that comes with the model is not run.

    Raises:
        ConfigError: transformers is not installed.
        AssetError: the model is missing, cannot be reached, is broken, or is no depth model.
    """
    folder = Path(name).expanduser()
    local = folder.is_dir()
    if not local and (
        folder.exists() or folder.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1
    ):
        problem = "is a file, not a folder" if folder.exists() else "does not exist"
        raise AssetError(name, "", problem, "give a folder with a Hugging Face model, or a name on the hub")
    try:
        import torch
        from transformers import AutoImageProcessor, AutoModelForDepthEstimation
    except ImportError as error:
        problem = f"needs {error.name}, which is not installed"
        raise ConfigError("`depth=hf:...`", "", problem, "run: pip install 'fgbg[hf]'") from error

    source = str(folder) if local else name
    try:
        with quiet_hub(), _quiet(bars=not local):
            processor = AutoImageProcessor.from_pretrained(source, trust_remote_code=False)
            model, loading = AutoModelForDepthEstimation.from_pretrained(
                source, trust_remote_code=False, output_loading_info=True
            )
    except Exception as error:  # errors of transformers, safetensors and the hub share no base class
        fix = "check its files" if local else "check the name, or download it and give its folder"
        raise AssetError(name, "a Hugging Face depth-estimation model", one_line(error), fix) from error
    # Published models lack weights that they never use, but a head without weights gives random answers.
    untrained = sorted(key for key in loading["missing_keys"] if "head" in key)
    if untrained:
        raise AssetError(name, "weights of the depth head", f"none for {untrained[0]}", "use a trained model")
    revision = _hash_folder(folder) if local else getattr(model.config, "_commit_hash", None)
    if revision is None:
        raise AssetError(name, "a revision from the hub", "none", "download it and give its folder")
    on_gpu = torch.cuda.is_available()
    return HuggingFaceNetwork(
        id=f"hf:{folder.resolve().name if local else name}@{revision}",
        batch=GPU_BATCH if on_gpu and not votes(model.config) else 1,
        told=told_by(model.config),
        threads=1 if on_gpu else torch.get_num_threads(),
        _name=name,
        _processor=processor,
        _model=model.eval().float().to("cuda" if on_gpu else "cpu"),
        _multiple=_multiple_of(model.config, processor),
    )


_ESTIMATION_TYPES: dict[str, DepthConvention] = {"relative": "inverse", "metric": "metric"}

# For the raw output, predicted_depth. Depth Pro's is inverse; its post-processing converts it to metres.
# CHMv2 estimates heights from above, so larger is nearer.
_KINDS: dict[str, DepthConvention] = {
    "chmv2": "inverse",
    "depth_pro": "inverse",
    "dpt": "inverse",
    "glpn": "metric",
    "tipsv2_dpt": "metric",
    "zoedepth": "metric",
}


def told_by(config: Any) -> Told | None:
    """What the numbers of a model with this config mean; None for an unknown kind."""
    kind = getattr(config, "model_type", "")
    backbone = getattr(getattr(config, "backbone_config", None), "model_type", "")
    if kind in ("depth_anything", "prompt_depth_anything"):
        estimated = str(getattr(config, "depth_estimation_type", ""))
        convention = _ESTIMATION_TYPES.get(estimated)
        return Told(convention, f"depth_estimation_type {estimated}") if convention else None
    if kind == "dpt" and backbone == "dinov2":
        return Told("metric", "dpt over dinov2, which is trained on metres")
    convention = _KINDS.get(kind)
    return Told(convention, f"model_type {kind}") if convention else None


def votes(config: Any) -> bool:
    """Whether the batch as a whole decides which head answers, as in ZoeDepth with several heads."""
    return len(getattr(config, "bin_configurations", None) or ()) > 1


def _multiple_of(config: Any, processor: Any) -> int:
    """The number that the sides of an input must be multiples of: the patch, else the processor's padding."""
    for part in (getattr(config, "backbone_config", None), config):
        patch = getattr(part, "patch_size", None)
        if isinstance(patch, int) and patch > 0:
            return patch
    divisor = getattr(processor, "size_divisor", None) if getattr(processor, "do_pad", False) else None
    return divisor if isinstance(divisor, int) and divisor > 0 else 1


def _hash_folder(folder: Path) -> str:
    """One hash of the names and contents of a model's settings and weights."""
    files = sorted(path for path in folder.iterdir() if path.suffix in _HASHED_SUFFIXES and path.is_file())
    return blake3("".join(f"{path.name}\0{hash_file(path)}\n" for path in files).encode()).hexdigest()


@contextmanager
def _quiet(bars: bool) -> Iterator[None]:
    """Silence the reports of transformers about what is checked here; bars for downloads can stay."""
    from transformers.utils import logging

    verbosity, shown = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    if not bars:
        logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if shown:
            logging.enable_progress_bar()
