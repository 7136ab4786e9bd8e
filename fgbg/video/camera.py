"""A camera as a clip, through OpenCV."""

import time
from collections.abc import Generator
from fractions import Fraction

import cv2
import numpy as np

from fgbg.video.clip import Frame
from generator.errors import AssetError

_MILLISECONDS = Fraction(1, 1000)
_USUAL_RATE = Fraction(30)
_MOST_RATE = 1000


class Camera:
    """A camera as a `Clip` without an end; each frame has the time at which it was taken.

    Args:
        number: of the camera, from 0.

    Raises:
        AssetError: it cannot be opened.
    """

    def __init__(self, number: int) -> None:
        self.name = f"camera:{number}"
        self.time_base = _MILLISECONDS
        self.count, self.sound = None, None
        self.remarks: list[str] = []
        # OpenCV prints its own lines about a camera that is not there.
        level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        try:
            self._capture = cv2.VideoCapture(number)
        finally:
            cv2.utils.logging.setLogLevel(level)
        if not self._capture.isOpened():
            self._capture.release()
            fix = "connect it, end other programs that use it, or try another number"
            raise AssetError(self.name, "a camera", "none that can be opened", fix)
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.rate = Fraction(rate).limit_denominator(1001) if 0 < rate < _MOST_RATE else _USUAL_RATE

    def frames(self) -> Generator[Frame, None, None]:
        """Frames until the camera gives none; then it is closed.

        Raises:
            AssetError: it gives no frame at all.
        """
        usual = max(1, round(1 / (self.rate * self.time_base)))
        begin, last, read = 0.0, -1, 0
        try:
            while True:
                there, pixels = self._capture.read()
                if not there:
                    break
                now = time.monotonic()
                begin = begin or now
                last = max(last + 1, round((now - begin) / self.time_base))
                read += 1
                yield Frame(_rgb(pixels), last, usual)
        finally:
            self._capture.release()
        if not read:
            raise AssetError(self.name, "pictures", "none", "end other programs that use the camera")


def _rgb(pixels: np.ndarray) -> np.ndarray:
    """What OpenCV reads as (H, W, 3) uint8 sRGB."""
    code = cv2.COLOR_GRAY2RGB if pixels.ndim == 2 else cv2.COLOR_BGR2RGB
    rgb: np.ndarray = cv2.cvtColor(pixels, code)
    return rgb
