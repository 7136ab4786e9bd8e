"""Comparing an exported network with the one in torch, before it is kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch
from torch import Tensor

from generator.drawing.backgrounds import draw_scene
from generator.drawing.objects import draw_object
from generator.format.pixels import OPAQUE
from generator.resize import scaled_size, stretch
from training.batches.prepare import to_network
from training.inference import infer
from training.models import Network
from training.resize import resize
from training.target import Target

if TYPE_CHECKING:
    from onnx import ModelProto

TOLERANCE = 1e-4
"""Largest difference of a mask or depth in [0, 1] that is allowed in float32."""

HALF_TOLERANCE = 0.05
"""The same in float16, for the largest difference; the mean may be a tenth of it."""

_DRAWN = 128
_MOST = 1024


@dataclass(frozen=True)
class Views:
    """Pictures and their backgrounds, (B, H, W, 3) uint8 each, and which backgrounds count, (B,) bool."""

    pictures: np.ndarray
    backgrounds: np.ndarray
    given: np.ndarray


def largest_difference(
    model: "ModelProto", network: Network, target: Target, res: int
) -> tuple[float, float]:
    """Run a model of fgbg's contract and the network in torch on drawn pictures of several sizes.

    Args:
        model: in the contract of fgbg.
        network: in torch, with the same weights in float32.
        target: what the mask means.
        res: longer side in pixels that the network looks at.

    Returns:
        The largest and the mean difference of all masks and depths.
    """
    session = open_session(model)
    names = [entry.name for entry in session.get_inputs()]
    differences = []
    for views in _views(res):
        tensors = dict(zip(("picture", "background", "has_background"), vars(views).values(), strict=True))
        answers = session.run(None, {name: tensors[name] for name in names})
        for answer, wanted in zip(answers, _answers(network, target, res, views), strict=True):
            differences.append(np.abs(answer - wanted))
    return _largest_and_mean(differences)


def largest_difference_in_rembg(
    model: "ModelProto", network: Network, target: Target, res: int
) -> tuple[float, float]:
    """As `largest_difference`, for a model of rembg's contract; its two marked pixels are left out."""
    session = open_session(model)
    (entry,) = session.get_inputs()
    side = entry.shape[-1]
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    differences = []
    for number in range(3):
        picture = stretch(_drawn(number)[0], (side, side))
        tensor = ((picture / 255 - mean) / deviation).transpose(2, 0, 1)[None].astype(np.float32)
        answer = session.run(None, {entry.name: tensor})[0]
        views = Views(picture[None], picture[None], np.array([False]))
        difference = np.abs(answer - next(_answers(network, target, res, views))).ravel()
        differences.append(np.sort(difference)[:-2])
    return _largest_and_mean(differences)


def open_session(model: "ModelProto") -> Any:
    """An ONNX Runtime session of a model, on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # errors are raised
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def _largest_and_mean(differences: list[np.ndarray]) -> tuple[float, float]:
    if not all(np.isfinite(difference).all() for difference in differences):
        return float("inf"), float("inf")
    sizes = sum(difference.size for difference in differences)
    largest = max(float(difference.max()) for difference in differences)
    return largest, sum(float(difference.sum(dtype=np.float64)) for difference in differences) / sizes


def _views(res: int) -> Iterator[Views]:
    """Pictures that are not scaled, scaled down, scaled up and very narrow, with and without backgrounds."""
    longer = min(2 * res + 37, max(res + 37, _MOST))
    for count, width, height in (
        (2, res, max(1, res * 2 // 3 + 1)),
        (3, longer * 3 // 4, longer),
        (1, max(1, res // 2), max(1, res // 3)),
        (2, res + 5, 3),
    ):
        drawn = [_drawn(number) for number in range(count)]
        pictures, backgrounds = (
            np.stack([stretch(pair[part], (width, height)) for pair in drawn]) for part in (0, 1)
        )
        yield Views(pictures, backgrounds, np.arange(count) % 2 == 0)


@cache
def _drawn(number: int) -> tuple[np.ndarray, np.ndarray]:
    """A drawn picture with an object, and its background: (h, w, 3) uint8 each."""
    background, _ = draw_scene(0, number, _DRAWN)
    rgba = draw_object(0, number, _DRAWN // 2)
    picture = background.copy()
    height, width = rgba.shape[:2]
    part = picture[_DRAWN // 4 :][:height, 8 * number + 8 :][:, :width]
    np.copyto(part, rgba[..., :3], where=rgba[..., 3:] >= OPAQUE)
    return cv2.GaussianBlur(picture, (3, 3), 0), background


@torch.inference_mode()
def _answers(network: Network, target: Target, res: int, views: Views) -> Iterator[np.ndarray]:
    """Mask and depth as prediction in torch has them, at the size of the pictures."""
    height, width = views.pictures.shape[1:3]
    size, small = (height, width), scaled_size(height, width, res)
    fg_bg, bg = (to_network(torch.from_numpy(array), small) for array in (views.pictures, views.backgrounds))
    parts: list[list[Tensor]] = [[], []]
    for number, given in enumerate(views.given):
        one = slice(number, number + 1)
        answer = infer(network, bg[one] if given else None, fg_bg[one])
        parts[0].append(target.shares(answer.mask_logits))
        if answer.depth is not None:
            parts[1].append(answer.depth)
    for part in filter(None, parts):
        yield resize(torch.cat(part), size).numpy()
