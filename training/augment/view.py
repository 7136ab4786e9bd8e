"""How training varies whole samples, so that the network does not learn these pictures by heart.

A sample may be mirrored, relit, blurred, made noisy, compressed and covered in part. bg and fg_bg change in
the same way, mask and depth follow. Parameters are drawn as a record, then applied.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from training.augment.effects import add_noise, blur, cut_out, moved, on_rows
from training.augment.jpeg import draw_quality, jpeg
from training.augment.keyed import DrawnWithNoise, around, between, chosen, draw_noise_seed, keyed_generator
from training.batches.prepare import Prepared
from training.models import Truth

MAX_LIGHT = 0.3
"""Largest change of exposure and contrast from 1, each way."""
MAX_CAST = 0.15
"""Largest difference between the gains of the channels."""
MAX_SATURATION = 0.6
"""Largest change of saturation from 1, each way."""
MAX_HUE = math.radians(45)
"""Largest turn of hue, each way."""
BLURS = (0.3, 1.2)
"""Standard deviation in pixels at the training resolution, lowest and highest."""
NOISES = (1 / 127.5, 8 / 127.5)
"""Standard deviation, lowest and highest: 1 to 8 of the 8-bit levels."""
COVERS = (0.05, 0.25)
"""Sides of the covered part as shares of the picture's sides, shortest and longest."""


@dataclass(frozen=True, kw_only=True)
class View(DrawnWithNoise):
    """How each sample of a batch is seen.

    Attributes:
        mirrored: (B,) bool.
        relit: (B,) bool, whether `colour` and `offset` are applied.
        colour: (B, 3, 3) float, maps the channels of a picture in [-1, 1].
        offset: (B, 3) float, added to them.
        blur: (B,) float, standard deviation in pixels; 0 is none.
        noise: (B,) float, standard deviation; 0 is none.
        quality: (B,) float, of JPEG; 0 is not compressed.
        covered: (B, 4) float, left, top, right and bottom of the covered part as shares of width and height.
            It may reach beyond the picture. All 0 where nothing is covered.
    """

    mirrored: Tensor
    relit: Tensor
    colour: Tensor
    offset: Tensor
    blur: Tensor
    noise: Tensor
    quality: Tensor
    covered: Tensor


def draw_view(seed: int, batch: int, count: int, shares: Mapping[str, float]) -> View:
    """Draw the views of one batch; a pure function of its arguments.

    Each effect is drawn apart, so the share of one does not change the others.

    Args:
        seed: of the run.
        batch: number of the batch since the run began.
        count: samples in the batch.
        shares: share of samples that get an effect, in [0, 1], by name: flip, light, noise, jpeg, blur,
            cutout. Effects that are left out get 0.
    """
    generator = keyed_generator(seed, batch, stream=1)

    def gets(name: str) -> Tensor:
        return chosen(shares.get(name, 0.0), generator, count)

    mirrored, relit = gets("flip"), gets("light")
    colour, offset = _draw_light(generator, count)
    return View(
        mirrored=mirrored,
        relit=relit,
        colour=colour,
        offset=offset,
        blur=gets("blur") * between(*BLURS, generator, count),
        noise=gets("noise") * between(*NOISES, generator, count),
        quality=draw_quality(shares.get("jpeg", 0.0), generator, count),
        covered=gets("cutout")[:, None] * _draw_boxes(generator, count),
        noise_seed=draw_noise_seed(generator),
    )


def apply_view(batch: Prepared, view: View) -> Prepared:
    """Change the view of a batch. Mask and depth are mirrored with it, and otherwise stay as they are.

    bg and fg_bg get the same effects, but each has its own noise, as two shots of a camera have.
    """
    noise = torch.Generator(batch.fg_bg.device).manual_seed(view.noise_seed)
    if batch.bg is None:
        # The noise that a background would get comes first.
        add_noise(torch.zeros_like(batch.fg_bg), view.noise, noise)

    def mirror(values: Tensor) -> Tensor:
        return on_rows(values, view.mirrored, lambda some: some.flip(-1))

    def spoil(some: Tensor, lens: Tensor, sensor: Tensor, file: Tensor, covered: Tensor) -> Tensor:
        return cut_out(jpeg(add_noise(blur(some, lens), sensor, noise), file), covered)

    # Rows are gathered once for all of these effects, as usually few rows have any.
    spoilt = (view.blur + view.noise + view.quality + view.covered.abs().sum(dim=1)) > 0

    def see(pictures: Tensor) -> Tensor:
        """In the order of a camera: light, lens, sensor, file; then the covered part."""
        pictures = on_rows(mirror(pictures), view.relit, _relight, view.colour, view.offset)
        return on_rows(pictures, spoilt, spoil, view.blur, view.noise, view.quality, view.covered)

    truth = batch.truth
    return Prepared(
        None if batch.bg is None else see(batch.bg),
        see(batch.fg_bg),
        Truth(mirror(truth.mask), mirror(truth.depth), mirror(truth.known)),
    )


def _draw_light(generator: torch.Generator, count: int) -> tuple[Tensor, Tensor]:
    """Colour (B, 3, 3) and offset (B, 3) of contrast, cast, saturation, hue and exposure."""
    contrast = 1 + around(MAX_LIGHT, generator, count)
    gain = contrast[:, None] * (1 + around(MAX_CAST, generator, count, 3))
    saturation = 1 + around(MAX_SATURATION, generator, count)
    # Saturation moves colours away from their grey, the mean of the channels, or towards it. Hue turns them
    # around it.
    grey = torch.full((3, 3), 1 / 3)
    cross = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    hue = around(MAX_HUE, generator, count)[:, None, None]
    turned = hue.cos() * (torch.eye(3) - grey) + hue.sin() * cross
    mix = grey + saturation[:, None, None] * turned
    return gain[:, :, None] * mix, around(MAX_LIGHT, generator, count)[:, None].repeat(1, 3)


def _draw_boxes(generator: torch.Generator, count: int) -> Tensor:
    """Boxes (B, 4) with their middle anywhere in the picture."""
    middle = between(0, 1, generator, count, 2)
    half = between(*COVERS, generator, count, 2) / 2
    return torch.cat([middle - half, middle + half], dim=1)


def _relight(pictures: Tensor, colour: Tensor, offset: Tensor) -> Tensor:
    device = pictures.device
    relit = torch.einsum("bij,bjhw->bihw", moved(colour, device), pictures)
    return relit.add_(moved(offset, device)[:, :, None, None]).clamp_(-1, 1)
