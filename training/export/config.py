"""The request for exporting a network, checked once and frozen."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from generator.errors import ConfigError
from generator.strict_config import StrictConfig, Switch

NetworkFormat = Literal["onnx", "safetensors"]
Contract = Literal["fgbg", "rembg"]


class NetworkExportConfig(StrictConfig):
    """The request for exporting one network.

    Raises:
        ConfigError: a field has a value that is not allowed, or does not go with the format.

    Example:
        >>> fgbg.NetworkExportConfig(checkpoint="outputs", format="onnx").contract
        'fgbg'
    """

    if TYPE_CHECKING:
        # Text is a path too: the values are converted.
        def __init__(self, /, **fields: Any) -> None: ...

    checkpoint: Path = Path("outputs")
    """A checkpoint, or the folder of a run: its best.pt, else its last.pt."""
    out: Path | None = None
    """File to write; None: beside the checkpoint, with its name and another ending."""
    format: NetworkFormat
    """onnx or safetensors."""
    contract: Contract = "fgbg"
    """Inputs and outputs of an ONNX file: as documented for fgbg, or as rembg needs them."""
    half: Switch = False
    """Whether an ONNX file stores and computes in float16."""
    licence: Annotated[str, Field(min_length=1, max_length=10_000)] | None = None
    """Text about the licence in the metadata; None: the facts that fgbg knows."""

    @model_validator(mode="after")
    def _check(self) -> "NetworkExportConfig":
        if self.format == "safetensors":
            for field, given in (("`contract`", self.contract != "fgbg"), ("`half`", self.half)):
                if given:
                    problem = "goes with `format=onnx` only"
                    raise ConfigError(field, "", problem, "leave it out")
        return self

    def target(self, checkpoint: Path) -> Path:
        """The file to write, for the checkpoint file."""
        marks = [name for name, given in (("rembg", self.contract == "rembg"), ("half", self.half)) if given]
        return self.out or checkpoint.with_name(".".join([checkpoint.stem, *marks, self.format]))
