import numpy as np

from fgbg.predictor.predicted import Predicted
from fgbg.video.views import view_of
from generator.format.manifest import ClassMask


def test_frames_side_by_side_have_one_size_whatever_classes_they_show() -> None:
    names = [f"a class with a long name {number}" for number in range(6)]
    classes = ClassMask(names=names, colours=[[number, 0, 0] for number in range(6)])
    frame = np.zeros((64, 64, 3), np.uint8)
    view = view_of("side-by-side", numbers=False, over=None)
    one, all_six = np.zeros((64, 64), np.uint8), np.arange(64 * 64, dtype=np.int64).reshape(64, 64) % 6
    shown = [view(frame, Predicted(mask.astype(np.uint8), None, classes=classes)) for mask in (one, all_six)]
    assert shown[0].shape == shown[1].shape and len(shown[0]) > 64 + 2 * 24
