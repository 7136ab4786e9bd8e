"""The plate of a video: the view without the object, estimated from the video itself."""

from contextlib import closing
from pathlib import Path

import numpy as np

from fgbg.video.clip import VideoFile
from generator.errors import AssetError

MEDIAN_FRAMES = 25
"""Frames of the median, if they are not too large."""

_LEAST_FRAMES = 5
_BYTES = 2**27
"""Largest size of the frames of the median together; of large frames there are fewer."""
_ROWS = 64
"""Rows of which the median is taken at a time."""
_FAR = 10.0
"""Seconds from one frame of the median to the next from which on the file is searched instead of read
through: usual videos can be entered at least this often."""


def median_plate(path: Path) -> np.ndarray:
    """The median of frames spread over a video, in which an object that moves is not seen.

    Where the object covers a place most of the time, it stays in the plate.

    Args:
        path: of the video.

    Returns:
        (H, W, 3) uint8 sRGB.

    Raises:
        AssetError: the video has no frame that can be read.
    """
    clip = VideoFile(path)
    number = _most(3 * clip.pixels)
    if clip.seconds is not None and clip.seconds / number > _FAR:
        return _median(clip.spread(number))
    return _median(_read_through(clip, number))


def frame_plate(path: Path, number: int) -> np.ndarray:
    """One frame of a video as its plate.

    Args:
        path: of the video.
        number: of the frame, from 1.

    Returns:
        (H, W, 3) uint8 sRGB.

    Raises:
        AssetError: the video has fewer frames.
    """
    count = 0
    with closing(VideoFile(path).frames()) as frames:
        for count, frame in enumerate(frames, 1):
            if count == number:
                return frame.picture
    raise AssetError(path, f"at least {number:,} frames", f"{count:,}", "take a smaller N in `bg` frame:N")


def _most(size: int) -> int:
    """How many frames of this size in bytes the median takes: an odd number."""
    fitting = min(MEDIAN_FRAMES, max(_LEAST_FRAMES, _BYTES // size))
    return fitting - 1 + fitting % 2


def _read_through(clip: VideoFile, number: int) -> list[np.ndarray]:
    """About `number` pictures spread over the video, of which the length need not be known.

    Of all frames it keeps the first, second, ...; where these are too many, every second one, then every
    fourth, and so on.
    """
    kept: list[np.ndarray] = []
    step = 1
    with closing(clip.frames()) as frames:
        for place, frame in enumerate(frames):
            if place % step:
                continue
            kept.append(frame.picture)
            if len(kept) > 2 * number:
                kept, step = kept[::2], 2 * step
    places = np.linspace(0, len(kept) - 1, min(number, len(kept))).round().astype(int)
    return [kept[place] for place in places]


def _median(pictures: list[np.ndarray]) -> np.ndarray:
    """The median of each value: (H, W, 3) uint8; of an even number the upper one of the middle two."""
    plate, middle = np.empty_like(pictures[0]), len(pictures) // 2
    for top in range(0, len(plate), _ROWS):
        rows = slice(top, top + _ROWS)
        stack = np.stack([picture[rows] for picture in pictures])
        stack.partition(middle, axis=0)
        plate[rows] = stack[middle]
    return plate
