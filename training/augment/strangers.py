"""Strangers: objects of random shape and borrowed texture, which training pastes into its samples.

A network that sees one kind of object learns this kind, and with a background at hand leaves out whatever
else stands there. Strangers teach it that with a background everything new is foreground. They come more
often to samples whose background the network sees than to those whose background is withheld: without a
background, only the look of an object tells that it is one.

Parameters are drawn as a record, then applied. Textures come from the batch itself: its backgrounds and
pictures, moved and recoloured.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from training.augment.effects import blur, moved
from training.augment.keyed import Drawn, around, between, chosen, keyed_generator
from training.augment.silhouettes import draw_outlines, rasterise
from training.batches.prepare import Prepared
from training.models import Truth
from training.target import THRESHOLD

WITHHELD = 0.25
"""How often strangers come to samples without their background, relative to other samples."""

ALONE = 0.5
"""Share of the samples with strangers from which their own objects are taken away."""

MORE = 0.4
"""Share of the samples with a stranger that have a second one."""

SILHOUETTES = 0.25
"""Share of strangers with the shape of another sample's objects."""

CAMOUFLAGE = 0.3
"""Share of strangers whose texture is a part of the same background, moved, where it is not withheld."""

FLAT = 0.25
"""Share of strangers with little or no texture: one colour, or from one colour to another."""

MAX_GAIN = 0.5
"""Largest change of contrast of a texture from 1, each way."""
MAX_CAST = 0.5
"""Largest shift of a texture's colour in each channel; pictures span [-1, 1]."""
SCALES = (0.3, 2.5)
"""Size of the part of a picture that fills the canvas as a texture, smallest and largest."""
SOFT = (0.2, 0.6)
"""Standard deviation in pixels of the blur of edges, lowest and highest."""


@dataclass(frozen=True, kw_only=True)
class Strangers(Drawn):
    """A stranger for some samples of a batch.

    Attributes:
        there: (B,) bool, which samples get one.
        alone: (B,) bool, whether the sample's own objects are taken away first.
        points, thickness, hole: its outline, as `draw_outlines` returns it.
        middle: (B, 2) float, x and y of its middle as shares of width and height.
        silhouette: (B,) int64, how many rows further on the sample is whose objects lend their shape; 0 means
            the outline is used.
        soft: (B,) float, standard deviation in pixels of the blur of its edge.
        lender: (B,) int64, how many rows further on the sample is that lends its texture; 0 is the same one.
        from_bg: (B,) bool, whether its background is taken as texture, else its picture.
        warp: (B, 2, 3) float, affine map of texture to canvas coordinates in [-1, 1].
        gain: (B,) float, factor of the texture's contrast; 0 is one colour.
        colour: (B, 3) float, added to it.
        slope: (B, 3, 2) float, change of the colour from the middle to the right and the lower border.
    """

    there: Tensor
    alone: Tensor
    points: Tensor
    thickness: Tensor
    hole: Tensor
    middle: Tensor
    silhouette: Tensor
    soft: Tensor
    lender: Tensor
    from_bg: Tensor
    warp: Tensor
    gain: Tensor
    colour: Tensor
    slope: Tensor


def draw_strangers(seed: int, batch: int, share: float, withheld: Tensor) -> list[Strangers]:
    """Draw the strangers of one batch, one record after another; a pure function of its arguments.

    Args:
        seed: of the run.
        batch: number of the batch since the run began.
        share: of the samples that get strangers.
        withheld: (B,) bool, samples whose background the network does not see.
    """
    if share == 0:
        return []
    generator = keyed_generator(seed, batch, stream=2)
    count = len(withheld)
    wanted = torch.where(withheld, share * WITHHELD, share)
    there = torch.rand(count, generator=generator) < wanted
    alone = chosen(ALONE, generator, count)
    first = _draw(generator, there, alone, withheld)
    beside = torch.zeros(count, dtype=torch.bool)
    more = _draw(generator, there & chosen(MORE, generator, count), beside, withheld)
    return [first, more]


def _draw(generator: torch.Generator, there: Tensor, alone: Tensor, withheld: Tensor) -> Strangers:
    count = len(there)

    def another(low: int) -> Tensor:
        """How many rows further on another sample of the batch is."""
        return torch.randint(low, max(count, low + 1), (count,), generator=generator)

    points, thickness, hole = draw_outlines(generator, count)
    # Without the background nobody can tell a moved part of it.
    camouflaged = chosen(CAMOUFLAGE, generator, count) & ~withheld
    flat = chosen(FLAT, generator, count)
    gain = 1 + around(MAX_GAIN, generator, count)
    turn, scale = around(math.pi, generator, count), between(*SCALES, generator, count)
    turn, scale = torch.where(camouflaged, turn / 16, turn), torch.where(camouflaged, 1.0, scale)
    cos, sin, shift = scale * turn.cos(), scale * turn.sin(), around(0.6, generator, count, 2)
    graded = chosen(0.5, generator, count) & flat
    colour = around(MAX_CAST, generator, count, 3)
    any_colour = around(1, generator, count, 3)
    return Strangers(
        there=there,
        alone=alone,
        points=points,
        thickness=thickness,
        hole=hole,
        middle=between(0.1, 0.9, generator, count, 2),
        silhouette=another(1) * chosen(SILHOUETTES, generator, count),
        soft=between(*SOFT, generator, count),
        lender=torch.where(camouflaged, 0, another(1)),
        from_bg=chosen(0.5, generator, count) | camouflaged,
        warp=torch.stack(
            [torch.stack([cos, -sin, shift[:, 0]], 1), torch.stack([sin, cos, shift[:, 1]], 1)], 1
        ),
        gain=torch.where(camouflaged, 1.0, torch.where(flat, gain * graded * 0.2, gain)),
        colour=torch.where(flat[:, None], any_colour, torch.where(camouflaged[:, None], colour / 5, colour)),
        slope=around(0.8, generator, count, 3, 2) * graded[:, None, None],
    )


def paste_strangers(batch: Prepared, strangers: Strangers) -> Prepared:
    """Paste strangers into a batch with backgrounds and alpha masks.

    A stranger covers what is there. It is foreground, and takes the depth of the ground under its lowest row,
    as objects of datasets do. Where a sample's own objects are taken away, the depth behind them is unknown.
    """
    rows = strangers.there.nonzero()[:, 0]
    if len(rows) == 0:
        return batch
    assert batch.bg is not None
    strangers = strangers.part(rows)
    device, truth = batch.fg_bg.device, batch.truth
    place = moved(rows, device)
    alone = moved(strangers.alone, device)[:, None, None, None]
    mask, known = truth.mask[place], truth.known[place]
    picture = torch.where(alone, batch.bg[place], batch.fg_bg[place])
    known = known & ~(alone & (mask != 0))
    mask = torch.where(alone & (mask >= 0), 0.0, mask)
    alpha = _alpha(batch, strangers, rows)
    picture = torch.lerp(picture, _texture(batch, strangers, rows), alpha)
    opaque = alpha >= THRESHOLD
    depth = truth.depth[place] * known
    ground, has_ground = _ground(depth, known, opaque)
    covered = torch.where(mask >= 0, mask + (1 - mask) * alpha, torch.where(opaque, alpha, mask))
    return Prepared(
        batch.bg,
        batch.fg_bg.index_copy(0, place, picture),
        Truth(
            truth.mask.index_copy(0, place, covered),
            truth.depth.index_copy(0, place, torch.where(opaque, ground, depth)),
            truth.known.index_copy(0, place, torch.where(opaque, has_ground, known)),
        ),
    )


def _alpha(batch: Prepared, strangers: Strangers, rows: Tensor) -> Tensor:
    """The alpha of the strangers of some rows of a batch: (R, 1, h, w) float in [0, 1]."""
    device, (height, width) = batch.fg_bg.device, batch.fg_bg.shape[-2:]
    outline = (strangers.points, strangers.thickness, strangers.hole, strangers.middle)
    drawn = rasterise(*outline, size=(height, width))
    alpha = moved(torch.from_numpy(drawn), device)[:, None] / 255
    lent = strangers.silhouette
    if (borrowers := lent.nonzero()[:, 0]).numel():
        lenders = moved((rows + lent)[borrowers] % len(batch.fg_bg), device)
        shift = strangers.middle[borrowers] - 0.5
        pixels = (shift * torch.tensor([width, height])).round().long().tolist()
        shapes = batch.truth.mask[lenders].clamp(min=0).flip(-1)
        shapes = torch.stack(
            [shape.roll((y, x), (-2, -1)) for shape, (x, y) in zip(shapes, pixels, strict=True)]
        )
        alpha = alpha.index_copy(0, moved(borrowers, device), shapes)
    return blur(alpha, strangers.soft)


def _texture(batch: Prepared, strangers: Strangers, rows: Tensor) -> Tensor:
    """The textures of the strangers of some rows of a batch: (R, 3, h, w) float in [-1, 1]."""
    assert batch.bg is not None
    device, (height, width) = batch.fg_bg.device, batch.fg_bg.shape[-2:]
    lenders = moved((rows + strangers.lender) % len(batch.fg_bg), device)
    from_bg = moved(strangers.from_bg, device)[:, None, None, None]
    source = torch.where(from_bg, batch.bg[lenders], batch.fg_bg[lenders])
    grid = functional.affine_grid(moved(strangers.warp, device), list(source.shape), align_corners=False)
    texture = functional.grid_sample(source, grid, padding_mode="reflection", align_corners=False)
    along = torch.linspace(-1, 1, width, device=device), torch.linspace(-1, 1, height, device=device)
    slope = moved(strangers.slope, device)[..., None, None]
    texture = texture * moved(strangers.gain, device)[:, None, None, None]
    texture += moved(strangers.colour, device)[..., None, None]
    texture += slope[:, :, 0] * along[0] + slope[:, :, 1] * along[1][:, None]
    return texture.clamp_(-1, 1)


def _ground(depth: Tensor, known: Tensor, opaque: Tensor) -> tuple[Tensor, Tensor]:
    """The median of known depth under the lowest opaque row: (R, 1, 1, 1) float, and whether there is any."""
    height = depth.shape[-2]
    rows = torch.arange(height, device=depth.device)[:, None]
    lowest = torch.where(opaque.any(dim=-1, keepdim=True), rows, -1).amax(dim=-2, keepdim=True)
    under = opaque & known & (rows == lowest)
    median = torch.where(under, depth, torch.nan).flatten(1).nanmedian(dim=1).values[:, None, None, None]
    return median.nan_to_num(0.0), ~median.isnan()
