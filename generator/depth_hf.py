"""Depth networks of Hugging Face `transformers`, from a local folder or the hub, with torch."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from blake3 import blake3

from generator.errors import AssetError, ConfigError, one_line
from generator.files import hash_file

GPU_BATCH = 8
_HASHED_SUFFIXES = frozenset({".json", ".safetensors", ".bin"})


@dataclass(frozen=True)
class HuggingFaceNetwork:
    """A `DepthNetwork` of transformers, in float32, on CUDA where there is a GPU, else on the CPU."""

    id: str
    batch: int
    _name: str
    _processor: Any
    _model: Any

    def predict(self, pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
        """See `DepthNetwork`; neighbours that need the same input size share a batch."""
        import torch

        maps: list[np.ndarray] = []
        for first in range(0, len(pictures), self.batch):
            inputs = [self._input(rgb) for rgb in pictures[first : first + self.batch]]
            for _, group in groupby(inputs, key=lambda values: values.shape):
                alike = list(group)
                try:
                    with torch.inference_mode():
                        pixels = torch.cat(alike).to(self._model.device)
                        output = self._model(pixel_values=pixels).predicted_depth.float().cpu().numpy()
                except (RuntimeError, ValueError, TypeError, AttributeError) as error:
                    expected = f"a network that runs on {tuple(alike[0].shape)}"
                    raise AssetError(self._name, expected, one_line(error), "use another network") from error
                if output.size == 0 or output.ndim < 3 or output.shape[0] != len(alike):
                    found = f"shape {output.shape}"
                    raise AssetError(self._name, f"{len(alike)} depth maps", found, "use another network")
                maps += list(output.reshape(len(alike), *output.shape[-2:]))
        return maps

    def _input(self, rgb: np.ndarray) -> Any:
        """(1, 3, h, w): the whole picture, so without the padding or cropping that some processors add."""
        whole = {
            name: False for name in ("do_pad", "do_center_crop") if getattr(self._processor, name, False)
        }
        # A copy, for torch warns of arrays that cannot be written.
        inputs = self._processor(
            images=rgb.copy(), input_data_format="channels_last", return_tensors="pt", **whole
        )
        return inputs["pixel_values"]


def open_hf(name: str) -> HuggingFaceNetwork:
    """Load a depth-estimation model from a folder that `save_pretrained` wrote, or by its name on the hub.

    No code of the model's own is run.

    Raises:
        ConfigError: transformers is not installed.
        AssetError: the model is missing, out of reach, broken, or of another kind.
    """
    folder = Path(name).expanduser()
    local = folder.is_dir()
    if not local and (
        folder.exists() or folder.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1
    ):
        found = "a file" if folder.exists() else "nothing"
        raise AssetError(name, "a folder with a Hugging Face model", found, "check the path")
    try:
        import torch
        from transformers import AutoImageProcessor, AutoModelForDepthEstimation
    except ImportError as error:
        found = f"no package {error.name}"
        raise ConfigError("--depth", "transformers", found, "pip install 'fgbg[hf]'") from error

    source = str(folder) if local else name
    try:
        with _quiet(bars=not local):
            processor = AutoImageProcessor.from_pretrained(source, trust_remote_code=False)
            model, loading = AutoModelForDepthEstimation.from_pretrained(
                source, trust_remote_code=False, output_loading_info=True
            )
    except Exception as error:  # those of transformers, safetensors and the hub share no base
        fix = "check its files" if local else "check the name, or download it and give its folder"
        raise AssetError(name, "a Hugging Face depth-estimation model", one_line(error), fix) from error
    # Published models lack weights they never use, but a head without weights answers at random.
    untrained = sorted(key for key in loading["missing_keys"] if "head" in key)
    if untrained:
        raise AssetError(name, "weights of the depth head", f"none for {untrained[0]}", "use a trained model")
    revision = _hash_folder(folder) if local else getattr(model.config, "_commit_hash", None)
    if revision is None:
        raise AssetError(name, "a revision from the hub", "none", "download it and give its folder")
    on_gpu = torch.cuda.is_available()
    return HuggingFaceNetwork(
        id=f"hf:{folder.resolve().name if local else name}@{revision}",
        batch=GPU_BATCH if on_gpu else 1,
        _name=name,
        _processor=processor,
        _model=model.eval().float().to("cuda" if on_gpu else "cpu"),
    )


def _hash_folder(folder: Path) -> str:
    """One hash of a model's settings and weights, by name and content."""
    files = sorted(path for path in folder.iterdir() if path.suffix in _HASHED_SUFFIXES and path.is_file())
    return blake3("".join(f"{path.name}\0{hash_file(path)}\n" for path in files).encode()).hexdigest()


@contextmanager
def _quiet(bars: bool) -> Iterator[None]:
    """Keep transformers from reporting on what is checked here; bars stay for downloads."""
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
