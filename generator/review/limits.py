"""The numbers from which on a review reports a flaw."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Where a flaw begins.

    Attributes:
        size: canvas (width, height) of the planned dataset.
        fg_size: longer side of a pasted foreground in the planned dataset.
        bg_enlargement: largest factor by which a background may be enlarged to fill the canvas.
        least_opaque: a cut-out is nearly empty if a smaller share of its pixels is opaque.
        most_opaque: a cut-out is nearly full if at least this share of its pixels is opaque, and a box if
            opaque pixels fill at least this share of their bounding box.
        checkerboard: a picture shows a checkerboard above this (`flaws.checkerboard_share`).
        alternation: an outline shows a checkerboard above this (`flaws.outline_alternation`).
        detail: a picture was enlarged below this (`flaws.detail_share`).
        halo: a cut-out has a halo if one old background explains at least this share of the colours in its
            soft edge (`edges.old_background`) ...
        halo_shift: ... and these colours differ from the solid ones by at least this many levels.
        black: a picture is nearly black if its values stay within this level.
        black_of_16_bits: the same in 16-bit files, where cameras write 12 or 14 bits.
        cut_off: an object is cut off from this share on (`flaws.cut_off_share`).
        largest_part: an object is in pieces if its largest part has less than this share of it.
        solid: a cut-out is see-through if a smaller share of its visible pixels is at least half opaque.

    The limits of checkerboards, outlines, detail and halos were measured on 200 photographs and cut-outs of
    96 and 192 pixels, before and after the flaw was added. Checkerboards: 0.93, all else up to 0.49.
    Outlines: 0.12, all else up to 0.03. Detail: at least 0.23, and 0.05 to 0.21 after enlarging 1.5 to 3
    times. Halos, dark or white: found in 4 of 100 cut-outs, in 89 after white was mixed into the edges, in
    64 after green was. Objects that are cut off: 0.28 or more, all else up to 0.21. Largest parts: at least
    0.99 of objects in one piece, up to 0.89 of others.

    Example:
        >>> fgbg.Limits(size=(256, 192), fg_size=96).bg_enlargement
        1.5
    """

    size: tuple[int, int] = (192, 192)
    fg_size: int = 96
    bg_enlargement: float = 1.5
    least_opaque: float = 0.02
    most_opaque: float = 0.98
    checkerboard: float = 0.55
    alternation: float = 0.06
    detail: float = 0.2
    halo: float = 0.8
    halo_shift: float = 30
    black: int = 15
    black_of_16_bits: int = 63
    cut_off: float = 0.25
    largest_part: float = 0.9
    solid: float = 0.25
