"""Compositing on the GPU, from a bank that stays there; bit-equal to `generator.reading.composite`."""

import math
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from generator.format.bank import Bank
from generator.format.pixels import OPAQUE
from generator.format.tables import OBJECT, PLAIN_GAIN
from generator.reading.generated_split import GeneratedSplit
from generator.reading.split import Split
from training.batches.batch import IntegerBatch

# Largest share of the device's free memory that a bank may take.
_SHARE = 0.25
# Pixels rendered at a time; each takes about 70 bytes meanwhile.
_BLOCK_PIXELS = 2**22
# Below every pixel number.
_OUTSIDE = -(2**48)

_residents: WeakKeyDictionary[Bank, dict[torch.device, "ResidentBank"]] = WeakKeyDictionary()


class ResidentBank:
    """A bank on the device.

    Attributes:
        sprites: (1 + n h w,) int32, red in the lowest bits, alpha in the highest; the first is transparent.
        sprite_shape: h and w with their padding.
        sprite_size: (n, 2) height and width of each, on the CPU.
        bg: (m, H, W, 3) uint8.
        bg_depth: (m, H, W) int16 that holds the bits of uint16.
    """

    def __init__(self, bank: Bank, device: torch.device) -> None:
        packed = np.zeros(1 + bank.sprite_pixels.size // 4, "<i4")
        packed[1:].view(np.uint8)[...] = bank.sprite_pixels.reshape(-1)
        self.sprites = torch.from_numpy(packed.astype(np.int32, copy=False)).to(device)
        self.sprite_shape = bank.sprite_pixels.shape[1:3]
        self.sprite_size = np.array(bank.sprite_size)
        # Copied first, as torch takes no read-only memory maps.
        self.bg = torch.from_numpy(np.array(bank.bg)).to(device)
        self.bg_depth = torch.from_numpy(np.array(bank.bg_depth).view(np.int16)).to(device)


class DeviceRenderer:
    """Renders samples of one split.

    Args:
        split: with or without stored pixels; its tables stay on the CPU, which selects the rows of a batch.
        bank: of the split, on the device.
        device: where to render.
    """

    def __init__(self, split: GeneratedSplit, bank: ResidentBank, device: torch.device) -> None:
        width, height = split.size
        self._split, self._bank, self._device = split, bank, device
        self._rows = torch.arange(height, device=device)
        self._columns = torch.arange(width, device=device)
        self._shifts = torch.tensor([0, 8, 16, 24], dtype=torch.int32, device=device)

    def render(self, rows: np.ndarray) -> IntegerBatch:
        """Render samples (B,) int64 without waiting for the device.

        Raises:
            IndexError: one is out of range.
        """
        bgs, layers = self._upload(*_tables(self._split, self._bank, rows))
        (height, width), count = (len(self._rows), len(self._columns)), len(rows)
        bg = self._bank.bg[bgs]
        depth = self._bank.bg_depth[bgs]
        fg_bg = torch.empty_like(bg)
        mask = torch.empty((count, height, width), dtype=torch.uint8, device=self._device)
        step = max(1, _BLOCK_PIXELS // (height * width))
        for start in range(0, count, step):
            block = slice(start, start + step)
            # The mask is a fourth channel, on which objects are white.
            canvas = torch.zeros((*mask[block].shape, 4), dtype=torch.int32, device=self._device)
            canvas[..., :3] = bg[block]
            for layer in layers:
                self._paste(layer[:, block], canvas, depth[block])
            fg_bg[block] = canvas[..., :3]
            mask[block] = canvas[..., 3]
        return IntegerBatch(bg, fg_bg, mask, depth)

    def _upload(self, *tables: np.ndarray) -> list[Tensor]:
        tensors = [torch.from_numpy(table) for table in tables]
        if self._device.type == "cuda":
            tensors = [tensor.pin_memory() for tensor in tensors]
        return [tensor.to(self._device, non_blocking=True) for tensor in tensors]

    def _paste(self, layer: Tensor, canvas: Tensor, depth: Tensor) -> None:
        """Paste one layer of every sample: (11, b) int64 onto (b, H, W, 4) int32 and (b, H, W) int16."""
        first, height, width, x, y, flip, is_object, layer_depth = layer[:8, :, None]
        gain = torch.nn.functional.pad(layer[8:].T, (0, 1), value=PLAIN_GAIN)[:, None, None].int()
        down, along = self._rows - y, self._columns - x
        beside = (along < 0) | (along >= width)
        along = torch.where(flip != 0, width - 1 - along, along).masked_fill_(beside, _OUTSIDE)
        above = (down < 0) | (down >= height)
        down = (first + down * self._bank.sprite_shape[1]).masked_fill_(above, _OUTSIDE)
        pixels = self._bank.sprites[(down[:, :, None] + along[:, None]).clamp_(min=0)]
        colours = (pixels[..., None] >> self._shifts) & 255
        alpha = colours[..., 3:].clone()
        colours[..., 3] = 255
        colours.mul_(gain).add_(128).bitwise_right_shift_(8).clamp_(max=255)
        # fg * a + bg * (255 - a) = bg * 255 + (fg - bg) * a. A shadow does not change the mask.
        colours.sub_(canvas).mul_(alpha)
        colours[..., 3].mul_(is_object[:, None])
        canvas.mul_(255).add_(colours)
        # (v + 127) // 255 for v up to 65025, as in composite.py.
        canvas.add_(128).add_((canvas - 1).bitwise_right_shift_(8)).bitwise_right_shift_(8)
        opaque = (alpha[..., 0] >= OPAQUE) & (is_object != 0)[:, None]
        depth.copy_(torch.where(opaque, layer_depth[:, None].to(torch.int16), depth))


def resident_renderer(split: Split, device: torch.device) -> DeviceRenderer | None:
    """A renderer for a split without stored pixels, if its bank fits on a CUDA device; else None.

    The bank is copied to the device once, and stays there while the dataset is open.
    """
    if not isinstance(split, GeneratedSplit) or split.is_rendered:
        return None
    residents = _residents.setdefault(split.bank, {})
    if device not in residents:
        free, _ = torch.cuda.mem_get_info(device)
        if _bank_bytes(split.bank) > _SHARE * free:
            return None
        residents[device] = ResidentBank(split.bank, device)
    return DeviceRenderer(split, residents[device], device)


def _bank_bytes(bank: Bank) -> int:
    return bank.sprite_pixels.nbytes + bank.bg.nbytes + bank.bg_depth.nbytes


def _tables(split: GeneratedSplit, bank: ResidentBank, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The tables of samples (B,) that the device renders from.

    Returns:
        (B,) int64, the background of each sample, and (L, 11, B) int64, its layers back to front: index of
        the sprite's first pixel, height and width (0 where a sample has no such layer), x, y, flip, whether
        it is an object, depth as int16 bits, and three gains (0 for shadows, which are black).
    """
    samples = split.samples[split.rows(rows)]
    first, counts = samples["first"].astype(np.int64), samples["count"].astype(np.int64)
    most = int(counts.max(initial=0))
    table = np.zeros((most, 11, len(rows)), np.int64)
    for number in range(most):
        there = np.flatnonzero(counts > number)
        layers = split.placements[first[there] + number]
        sprites = layers["sprite"].astype(np.int64)
        is_object = layers["kind"] == OBJECT
        table[number][:, there] = [
            1 + sprites * math.prod(bank.sprite_shape),
            *bank.sprite_size[sprites].T,
            layers["x"],
            layers["y"],
            layers["flip"],
            is_object,
            layers["depth"].astype(np.uint16).view(np.int16),
            *(layers["gain"].T * is_object),
        ]
    return samples["bg"].astype(np.int64), table
