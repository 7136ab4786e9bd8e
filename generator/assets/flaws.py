"""Measures of flaws in the pixels of an asset: each returns a number that grows or falls with its flaw."""

import cv2
import numpy as np

from generator.format.pixels import OPAQUE

_TILE = 32
_LARGEST_LOOKED_AT = 1024
_NEUTRAL_CHROMA = 24
_LEAST_BRIGHT = 150
_LEAST_CONTRAST = 2.5
_DETAIL_FACTOR = 1.5
_MOST_DETAIL = 2048
_COARSE_SIGMA = 2.5
_FEWEST_PIXELS = 800
_LEAST_OF_A_BORDER = 0.3
_LEAST_OF_OTHERS = 0.95
_VISIBLE = 13
_STRIP = 256
_OUTLINE = 5
_BRIGHT_QUANTILE = 0.999


def opaque_share(alpha: np.ndarray) -> float:
    """The share of pixels of (H, W) uint8 alpha that are at least half opaque."""
    return float((alpha >= OPAQUE).mean())


def box_share(alpha: np.ndarray) -> float:
    """The share of their bounding box that the opaque pixels of (H, W) uint8 fill; 1 is a filled rectangle.

    0 if nothing is opaque.
    """
    opaque = alpha >= OPAQUE
    rows, columns = np.flatnonzero(opaque.any(axis=1)), np.flatnonzero(opaque.any(axis=0))
    if not len(rows):
        return 0.0
    return float(opaque[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].mean())


def solid_share(alpha: np.ndarray) -> float:
    """The share of the visible pixels of (H, W) uint8 alpha that are at least half opaque; 1 if none is."""
    visible = int(np.count_nonzero(alpha >= _VISIBLE))
    return int(np.count_nonzero(alpha >= OPAQUE)) / visible if visible else 1.0


def cut_off_share(alpha: np.ndarray) -> float:
    """How much of an object the border of the picture cuts off, for (H, W) uint8 alpha.

    The longest run of opaque pixels along a border, as a share of the object's length in that direction: near
    0 for an object that touches the border with its tip.
    """
    opaque = alpha >= OPAQUE
    rows, columns = np.flatnonzero(opaque.any(axis=1)), np.flatnonzero(opaque.any(axis=0))
    if not len(rows):
        return 0.0
    height, width = int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1
    lines = ((opaque[0], width), (opaque[-1], width), (opaque[:, 0], height), (opaque[:, -1], height))
    return max(_longest_run(line) / length for line, length in lines)


def largest_part_share(alpha: np.ndarray) -> float:
    """The share of the opaque pixels of (H, W) uint8 alpha in their largest connected part; 1 without any."""
    _, _, sizes, _ = cv2.connectedComponentsWithStats((alpha >= OPAQUE).astype(np.uint8), connectivity=8)
    areas = sizes[1:, cv2.CC_STAT_AREA]
    return float(areas.max() / areas.sum()) if len(areas) else 1.0


def brightest_level(rgb: np.ndarray) -> int:
    """The level, 0 to 255, that 99.9 % of the values of (H, W, 3) uint8 do not exceed."""
    step = -(-max(rgb.shape[:2]) // _LARGEST_LOOKED_AT)
    counts = np.bincount(rgb[::step, ::step].ravel(), minlength=256).cumsum()
    return int(np.searchsorted(counts, _BRIGHT_QUANTILE * counts[-1]))


def looks_inverted(alpha: np.ndarray) -> bool:
    """Whether alpha (H, W) uint8 is opaque along all four borders and in every corner, but not everywhere.

    That is typical of a mask with a black object. A cut-out that fills its picture usually leaves the corners
    free. Along one of the borders, less may be opaque.
    """
    opaque = alpha >= OPAQUE
    sides = sorted(side.mean() for side in (opaque[0], opaque[-1], opaque[:, 0], opaque[:, -1]))
    corners = opaque[0, 0] and opaque[0, -1] and opaque[-1, 0] and opaque[-1, -1]
    enclosed = corners and sides[0] >= _LEAST_OF_A_BORDER and sides[1] >= _LEAST_OF_OTHERS
    return bool(enclosed) and not opaque.all()


def checkerboard_share(rgb: np.ndarray, opaque: np.ndarray | None = None) -> tuple[float, int]:
    """How much the bright, colourless parts look like the squares that stand for transparency.

    The measure is taken in tiles of 32 pixels that are bright, neutral and opaque everywhere: the share of
    the contrast in one pair of spatial frequencies (fx, fy) and (fx, -fy). A checkerboard has (8 / pi^2)^2 =
    0.66 of its energy there, and more if its squares are blurred; natural texture is spread over many
    frequencies. The picture is reduced to 1024 pixels and then halved repeatedly, so squares of any size from
    1.5 pixels are found.

    Args:
        rgb: (H, W, 3) uint8.
        opaque: (H, W) bool, where to look; everywhere by default.

    Returns:
        The share of the second-best tile, 0 to 1, at the size where it is largest (a single tile could be
        chance), and the longer side of the picture at that size.
    """
    factor, best = min(1.0, _LARGEST_LOOKED_AT / max(rgb.shape[:2])), (0.0, 0)
    picture = _scaled(np.ascontiguousarray(rgb), factor)
    looked_at = np.ones(picture.shape[:2], np.float32)
    if opaque is not None:
        looked_at = _scaled(opaque.astype(np.float32), factor)
    while min(picture.shape[:2]) >= _TILE:
        grey = picture.mean(axis=2, dtype=np.float32)
        chroma = picture.max(axis=2) - picture.min(axis=2)
        light = (grey > _LEAST_BRIGHT) & (chroma <= _NEUTRAL_CHROMA) & (looked_at > 0.9)
        shares = _tile_shares(_tiles(grey)[_tiles(light).mean(axis=(1, 2)) >= 0.95])
        if len(shares) >= 2:
            best = max(best, (float(np.sort(shares)[-2]), max(picture.shape[:2])))
        picture, looked_at = _scaled(picture, 0.5), _scaled(looked_at, 0.5)
    return best


def outline_alternation(rgba: np.ndarray) -> float:
    """The share of the outermost 3 pixels of a cut-out (H, W, 4) uint8 that flips between dark and light.

    That is, colourless pixels below 80 beside others above 190, in squares of one or two pixels. A reduced
    checkerboard that was cut away leaves them along an outline.
    """
    band, alternating = 0, 0
    for start in range(0, len(rgba), _STRIP):
        first = max(0, start - _OUTLINE)
        strip = rgba[first : start + _STRIP + _OUTLINE]
        counted = slice(start - first + _OUTLINE, min(start + _STRIP, len(rgba)) - first + _OUTLINE)
        in_band, flips = _outline(strip)
        band += int(np.count_nonzero(in_band[counted]))
        alternating += int(np.count_nonzero(flips[counted]))
    return alternating / band if band else 0.0


def _outline(rgba: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Masks of the outermost 3 pixels, and of those that flip; both padded by 5 on every side."""
    padded = np.pad(rgba, ((_OUTLINE, _OUTLINE), (_OUTLINE, _OUTLINE), (0, 0)))
    opaque = (padded[..., 3] >= OPAQUE).astype(np.uint8)
    band = (opaque > 0) & (cv2.distanceTransform(opaque, cv2.DIST_L2, 3) <= 3)
    rgb = np.ascontiguousarray(padded[..., :3])
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    red, green, blue = cv2.split(rgb)
    lightest, darkest = cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue)
    neutral = band & (lightest - darkest < 40)
    light, dark = neutral & (grey > 190), neutral & (grey < 80)
    return band, (light & _beside(dark)) | (dark & _beside(light))


def detail_share(rgb: np.ndarray, inside: np.ndarray | None = None) -> float | None:
    """How much of a picture's fine contrast is lost when it is reduced 1.5 times and enlarged again.

    The root mean square of the loss, divided by that of the picture minus its blur (sigma 2.5 pixels).
    Measured on 200 photographs and cut-outs: 0.23 to 0.56 for pictures that had been reduced; at most 0.21
    for pictures that had been enlarged 1.5 to 3 times, below 0.2 for 98 of 100. Uses at most the middle 2048
    pixels per side.

    Args:
        rgb: (H, W, 3) uint8.
        inside: (H, W) bool, where to look; everywhere by default.

    Returns:
        0 to about 1; None if there are too few pixels or too little contrast to tell.
    """
    rgb = _middle(rgb)
    inside = np.ones(rgb.shape[:2], bool) if inside is None else _middle(inside)
    height, width = rgb.shape[:2]
    grey = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY).astype(np.float32)
    small = max(1, round(width / _DETAIL_FACTOR)), max(1, round(height / _DETAIL_FACTOR))
    weight = inside.astype(np.float32)
    near = cv2.GaussianBlur(weight, (0, 0), _COARSE_SIGMA)
    smooth = cv2.GaussianBlur(grey * weight, (0, 0), _COARSE_SIGMA) / np.maximum(near, 1e-3)
    fine = np.where(inside, grey - smooth, 0)  # so that hidden colours outside do not count
    reduced = cv2.resize(fine, small, interpolation=cv2.INTER_AREA)
    lost = fine - cv2.resize(reduced, (width, height), interpolation=cv2.INTER_CUBIC)
    # The border of the examined area is no detail either: keep a distance from it.
    core = cv2.erode(weight, np.ones((5, 5), np.uint8)) > 0
    if core.sum() < _FEWEST_PIXELS:
        return None
    contrast = float(np.sqrt(np.mean(fine[core] ** 2)))
    if contrast < _LEAST_CONTRAST:
        return None
    return float(np.sqrt(np.mean(lost[core] ** 2))) / contrast


def inside_of(alpha: np.ndarray) -> np.ndarray:
    """(H, W) bool: the opaque pixels of (H, W) uint8 alpha that are at least 3 pixels from the outline."""
    opaque = np.pad((alpha >= OPAQUE).astype(np.uint8), 2)
    eroded: np.ndarray = cv2.erode(opaque, np.ones((5, 5), np.uint8))[2:-2, 2:-2] > 0
    return eroded


def _longest_run(line: np.ndarray) -> int:
    """Length of the longest run of True in (n,) bool."""
    ends = np.flatnonzero(np.diff(np.concatenate([[False], line, [False]])))
    return int((ends[1::2] - ends[::2]).max(initial=0))


def _middle(plane: np.ndarray) -> np.ndarray:
    top, left = (max(0, side - _MOST_DETAIL) // 2 for side in plane.shape[:2])
    return plane[top : top + _MOST_DETAIL, left : left + _MOST_DETAIL]


def _scaled(plane: np.ndarray, factor: float) -> np.ndarray:
    if factor == 1:
        return plane
    size = max(1, round(plane.shape[1] * factor)), max(1, round(plane.shape[0] * factor))
    scaled: np.ndarray = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    return scaled


def _tiles(plane: np.ndarray) -> np.ndarray:
    """All tiles of (H, W), half overlapping: (n, 32, 32)."""
    windows = np.lib.stride_tricks.sliding_window_view(plane, (_TILE, _TILE))
    return windows[:: _TILE // 2, :: _TILE // 2].reshape(-1, _TILE, _TILE)


def _tile_shares(tiles: np.ndarray) -> np.ndarray:
    """For each tile (n, 32, 32) float32 with contrast, the share of its energy in one mirrored pair."""
    window = np.outer(*[np.hanning(_TILE + 2)[1:-1]] * 2)
    window /= window.sum()
    centred = tiles - (tiles * window).sum(axis=(1, 2), keepdims=True)
    contrast = np.sqrt((centred**2 * window).sum(axis=(1, 2)))
    centred = centred[contrast > _LEAST_CONTRAST]
    energy = np.abs(np.fft.fft2(centred * window)) ** 2
    # The window spreads a frequency over its neighbours: sum 3 x 3 of them.
    steps = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    around = np.sum([np.roll(energy, step, (1, 2)) for step in steps], axis=0)
    half = _TILE // 2
    falling, rising = around[:, 2:half, 2:half], around[:, 2:half, -2:-half:-1]
    strongest = 4 * np.minimum(falling, rising).max(axis=(1, 2), initial=0)
    shares: np.ndarray = strongest / np.maximum(energy.sum(axis=(1, 2)), 1e-9)
    return shares


def _beside(where: np.ndarray) -> np.ndarray:
    near: np.ndarray = cv2.dilate(where.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return near
