"""Numbers as colours: depth, instances, shares."""

import cv2
import numpy as np
from PIL import ImageFont

from generator.format.manifest import MaskEntry
from generator.format.pixels import FARTHEST, IGNORED, NEAREST, UNKNOWN

Colour = tuple[int, int, int]

INSTANCE_COLOURS: tuple[Colour, ...] = (
    (230, 60, 60),
    (60, 180, 75),
    (65, 105, 230),
    (255, 200, 25),
    (200, 60, 220),
    (70, 220, 240),
    (245, 130, 48),
    (190, 255, 90),
)
"""RGB of instances 1, 2, ... from back to front; after the last colour the first one follows."""

_STRIPE = 3
"""Pixels of a stripe."""


def colour_depth(depth: np.ndarray) -> np.ndarray:
    """Depth (H, W) uint16 as (H, W, 3) uint8: violet is farthest, yellow is nearest, black is unknown."""
    nearness = np.maximum(depth, FARTHEST).astype(np.float32) - FARTHEST
    return np.where(
        (depth == UNKNOWN)[..., None], np.uint8(0), colour_shares(nearness / (NEAREST - FARTHEST))
    )


def colour_instances(instances: np.ndarray) -> np.ndarray:
    """An instance map (H, W) uint8 as (H, W, 3) uint8; black where there is no object."""
    table = np.zeros((256, 3), np.uint8)
    table[1:] = np.resize(INSTANCE_COLOURS, (255, 3))
    colours: np.ndarray = table[instances]
    return colours


def colour_mask(mask: np.ndarray, entry: MaskEntry) -> np.ndarray:
    """A mask (H, W) uint8 as (H, W, 3) uint8: alpha in grey, classes in their colours.

    Void pixels are striped black and white, which no class is.
    """
    if entry.kind == "alpha":
        void, table = entry.void, np.arange(256, dtype=np.uint8)[:, None].repeat(3, axis=1)
    else:
        void, table = IGNORED, np.zeros((256, 3), np.uint8)
        table[: len(entry.colours)] = entry.colours
    colours: np.ndarray = table[mask]
    if void is None:
        return colours
    down, along = (np.arange(side) for side in mask.shape)
    stripes = ((down[:, None] + along) // _STRIPE % 2 * 255).astype(np.uint8)
    return np.where((mask == void)[..., None], stripes[..., None], colours)


def colour_shares(shares: np.ndarray) -> np.ndarray:
    """Shares (H, W) in [0, 1] as (H, W, 3) uint8 by Viridis, violet to yellow, perceptually uniform."""
    steps = np.rint(shares * 255).astype(np.uint8)
    colours: np.ndarray = cv2.cvtColor(cv2.applyColorMap(steps, cv2.COLORMAP_VIRIDIS), cv2.COLOR_BGR2RGB)
    return colours


def depth_scale(width: int = 96, height: int = 12) -> np.ndarray:
    """The colours of depth from farthest to nearest, for a legend: (height, width, 3) uint8."""
    return colour_shares(np.linspace(0, 1, width)[None].repeat(height, axis=0))


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's built-in font at a height in pixels."""
    return ImageFont.load_default(size)
