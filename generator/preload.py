"""Importing this module loads all that rendering needs, so that processes forked later share it.

Otherwise each process would load the compiled loops by itself: about 60 MB and 0.1 s.
"""

import numpy as np

from generator.format.bank import Bank
from generator.format.pixels import Pixels
from generator.format.tables import PLACEMENT, SAMPLE
from generator.make_shard import ShardWriter
from generator.reading.composite import Renderer

__all__ = ["ShardWriter"]


def _render_one_pixel() -> None:
    bank = Bank(
        np.zeros(0, np.uint8),
        np.full((1, 1, 1, 4), 255, np.uint8),
        np.ones((1, 2), np.uint16),
        np.zeros(1, np.uint32),
        np.zeros((1, 1, 1, 3), np.uint8),
        np.zeros((1, 1, 1), np.uint16),
    )
    sample = np.array([(0, 0, 0, 1)], SAMPLE)
    Renderer(bank).render(sample, np.zeros(1, PLACEMENT), Pixels.empty(1, (1, 1), instances=False))


_render_one_pixel()
