"""Checks of cut-outs."""

from collections.abc import Iterator

import numpy as np

from generator.assets.edges import old_background
from generator.assets.flaws import (
    box_share,
    cut_off_share,
    inside_of,
    largest_part_share,
    looks_inverted,
    opaque_share,
    outline_alternation,
    solid_share,
)
from generator.assets.images import Traits
from generator.format.pixels import OPAQUE
from generator.resize import MAX_ENLARGEMENT, scale_sprite
from generator.review.finding import Flaw
from generator.review.limits import Limits
from generator.review.pictures import find_checkerboard, find_darkness, find_enlargement

_SOLID = 250


def flaws_of_cut_out(rgba: np.ndarray, traits: Traits, limits: Limits) -> Iterator[Flaw]:
    """The flaws of a cut-out (H, W, 4) uint8 that was stored as `traits` says."""
    alpha = rgba[..., 3]
    wanted, longer = limits.fg_size, max(alpha.shape)
    sprite = scale_sprite(rgba, min(wanted, longer))
    if (sprite[..., 3] >= OPAQUE).any():
        yield from _flaws_of_opacity(alpha, limits)
        if longer * MAX_ENLARGEMENT < wanted:
            size = f"{alpha.shape[1]} x {alpha.shape[0]} px"
            detail = f"{size}, less than {wanted} px even when enlarged {MAX_ENLARGEMENT:g} times"
            yield Flaw("warning", "tiny", detail, "use a larger picture, or lower `fg_size`")
        yield from find_checkerboard(rgba[..., :3], alpha >= _SOLID, limits)
        yield from _find_checkerboard_in_outline(rgba, limits)
        yield from _find_halo(rgba, limits)
        yield from find_enlargement(sprite[..., :3], inside_of(sprite[..., 3]), limits)
    else:
        detail = f"no opaque pixel is left at {wanted} px"
        yield Flaw("error", "empty", detail, "remove it, or raise `fg_size`")
    if traits.bits == 16:
        yield from find_darkness(rgba[alpha >= OPAQUE][None, :, :3], traits.bits, limits)


def _flaws_of_opacity(alpha: np.ndarray, limits: Limits) -> Iterator[Flaw]:
    """The flaws that the alpha channel (H, W) uint8 alone shows."""
    share = opaque_share(alpha)
    if share < limits.least_opaque:
        detail = f"{share:.1%} of its pixels are opaque"
        yield Flaw("warning", "nearly-empty", detail, "crop it to the object, or remove it")
    if share >= limits.most_opaque:
        detail = f"{share:.1%} of its pixels are opaque"
        yield Flaw("warning", "nearly-full", detail, "cut the object out, or remove it")
    elif looks_inverted(alpha):
        detail = "opaque along all four borders, transparent inside"
        yield Flaw("warning", "inverted", detail, "invert its alpha, or remove it")
    elif (filled := box_share(alpha)) >= limits.most_opaque:
        detail = f"the opaque part is a rectangle, {filled:.1%} filled"
        yield Flaw("warning", "opaque-box", detail, "cut the object out, or remove it")
    else:
        yield from _find_lost_parts(alpha, limits)
    if (solid := solid_share(alpha)) < limits.solid:
        detail = f"{solid:.0%} of the visible pixels are at least half opaque; the others get no depth"
        advice = "nothing for glass, smoke or hair; otherwise raise its alpha"
        yield Flaw("note", "see-through", detail, advice)


def _find_lost_parts(alpha: np.ndarray, limits: Limits) -> Iterator[Flaw]:
    """Signs that a part of the object is missing, or that something else is there too."""
    if (cut := cut_off_share(alpha)) >= limits.cut_off:
        detail = f"a border cuts the object off, along {cut:.0%} of its length"
        yield Flaw("note", "cut-off", detail, "use a photo of the whole object, if you have one")
    if (largest := largest_part_share(alpha)) < limits.largest_part:
        detail = f"it is in pieces; the largest has {largest:.0%} of it"
        yield Flaw("note", "in-pieces", detail, "look if all of them belong to the object")


def _find_checkerboard_in_outline(rgba: np.ndarray, limits: Limits) -> Iterator[Flaw]:
    alternation = outline_alternation(rgba)
    if alternation > limits.alternation:
        detail = f"{alternation:.0%} of its outline alternates between dark and light pixels"
        yield Flaw("warning", "checkerboard", detail, "cut it out again, without the squares around it")


def _find_halo(rgba: np.ndarray, limits: Limits) -> Iterator[Flaw]:
    old = old_background(rgba)
    if old is not None and old.explained >= limits.halo and old.shift >= limits.halo_shift:
        colour = ",".join(str(round(float(level))) for level in old.colour)
        detail = f"its soft edge contains the colour of an old background, about {colour}"
        advice = "clean it with 'fgbg cutout' and `clean_edges=True`"
        yield Flaw("warning", "halo", detail, advice)
