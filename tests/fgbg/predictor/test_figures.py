import numpy as np

from fgbg.predictor import Predicted
from fgbg.predictor.figures import measure
from generator.format.manifest import ClassMask


def test_coverage_boxes_and_depth_of_two_objects() -> None:
    mask = np.zeros((10, 20), np.uint8)
    mask[2:4, 1:4] = 255  # 3 x 2
    mask[5:9, 10:15] = 255  # 5 x 4
    mask[4, 15] = 255  # touches the second one at a corner
    mask[0, 19] = 127  # less than half covered
    depth = np.full((10, 20), 1, np.uint16)
    depth[2:4, 1:4] = 65535
    depth[5:9, 10:15] = 32768
    depth[4, 15] = 32768
    figures = measure(Predicted(mask, depth))
    assert figures.size == (20, 10)
    assert figures.coverage == round((27 + 127 / 255) / 200, 6)
    assert figures.boxes == [[10, 4, 6, 5], [1, 2, 3, 2]]
    assert figures.depth == {
        "picture": {"min": 0.0, "median": 0.0, "max": 1.0},
        "object": {"min": 0.5, "median": 0.5, "max": 1.0},
    }
    assert str(figures) == (
        "mask covers 13.7%, 2 objects, depth of the picture 0.00 to 1.00, depth of the object 0.50 to 1.00"
    )


def test_an_empty_mask_has_no_box_and_no_depth() -> None:
    figures = measure(Predicted(np.zeros((2, 2), np.uint8), np.ones((2, 2), np.uint16)))
    assert figures.coverage == 0 and figures.boxes == []
    assert figures.depth == {"picture": {"min": 0.0, "median": 0.0, "max": 0.0}, "object": None}
    assert measure(Predicted(np.zeros((1, 1), np.uint8), None)).depth is None


def test_specks_are_no_objects() -> None:
    mask = np.zeros((200, 200), np.uint8)
    mask[0, :3] = 255  # 3 of 40,000 pixels
    mask[9, :4] = 255
    assert measure(Predicted(mask, None)).boxes == [[0, 9, 4, 1]]


def test_classes_have_a_coverage_and_boxes_each() -> None:
    classes = ClassMask(names=["sky", "road"], colours=[[0, 0, 0], [9, 9, 9]])
    mask = np.array([[0, 0, 1, 0]], np.uint8)
    figures = measure(Predicted(mask, None, classes=classes))
    assert figures.coverage == {"sky": 0.75, "road": 0.25}
    assert figures.boxes == {"sky": [[0, 0, 2, 1], [3, 0, 1, 1]], "road": [[2, 0, 1, 1]]}
    assert str(figures) == "sky 75.0%, road 25.0%"
