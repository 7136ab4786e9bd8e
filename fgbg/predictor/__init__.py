"""Mask and depth for any picture, by a trained network.

`Predictor` and `Predicted` are imported when first used, so that importing the files that find pictures and
name results does not import torch.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fgbg.predictor.predicted import Predicted
    from fgbg.predictor.predictor import Predictor

__all__ = ["Predicted", "Predictor"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (PEP 562)."""
    if name == "Predictor":
        from fgbg.predictor.predictor import Predictor

        return Predictor
    if name == "Predicted":
        from fgbg.predictor.predicted import Predicted

        return Predicted
    raise AttributeError(f"module 'fgbg.predictor' has no attribute {name!r}")
