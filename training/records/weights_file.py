"""Weights and a description of their network in one safetensors file, which can hold no code."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.errors import one_line
from generator.files import open_regular

if TYPE_CHECKING:
    from torch import Tensor

SUFFIX = ".safetensors"
KEY = "fgbg"
"""The name of the metadata entry, whose value is JSON."""

FORMAT = "fgbg-network"
VERSION = 1

_MOST_METADATA = 2**20


class WeightsFileError(Exception):
    """A file holds no weights and description of fgbg; says why in a few words."""


def weights_bytes(weights: "Mapping[str, Tensor]", description: Mapping[str, Any]) -> bytes:
    """The content of a file.

    Args:
        weights: by name.
        description: JSON values; `format` and `version` are added.
    """
    from safetensors.torch import save

    text = json.dumps({"format": FORMAT, "version": VERSION, **description})
    return save({name: weight.contiguous() for name, weight in weights.items()}, {KEY: text})


def read_weights(path: Path) -> "tuple[dict[str, Tensor], dict[str, Any]]":
    """The weights in a file, on the CPU, and their description.

    Raises:
        WeightsFileError: the file is damaged, or of another program or release.
        OSError: it cannot be read, or is not a file.
    """
    from safetensors import safe_open

    open_regular(path).close()
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            text = (file.metadata() or {}).get(KEY, "")
            if not text or len(text) > _MOST_METADATA:
                raise WeightsFileError("weights without a description by fgbg")
            description = json.loads(text)
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (WeightsFileError, OSError):
        raise
    except Exception as error:  # the library's errors share no base, and JSON may be too deep
        raise WeightsFileError(f"a damaged or foreign file ({one_line(error)[:120]})") from error
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise WeightsFileError("weights without a description by fgbg")
    if description.get("version") != VERSION:
        raise WeightsFileError(f"version {str(description.get('version'))[:20]} instead of {VERSION}")
    return weights, description
