"""Mask and depth for any picture, by a trained network."""

from fgbg.predictor.predictor import Predicted, Predictor

__all__ = ["Predicted", "Predictor"]
