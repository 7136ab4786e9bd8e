import numpy as np

from fgbg.evaluation.samples import compared_masks, extremes
from generator.format.manifest import ClassMask
from training.target import AlphaTarget, ClassTarget


def test_worst_median_and_best_from_worst_to_best() -> None:
    values = np.array([0.5, 0.9, 0.1, 0.7, 0.3, 0.8, 0.2])
    kinds = extremes(values, each=1)
    assert kinds == [("worst", 2), ("median", 0), ("best", 1)]
    ranked = [place for _, place in extremes(values, each=2)]
    assert ranked == [2, 6, 4, 0, 5, 1]


def test_few_samples_are_shown_once() -> None:
    assert extremes(np.array([0.5]), each=3) == [("worst", 0)]
    assert extremes(np.array([0.5, 0.1, 0.2, 0.9]), each=3) == [
        ("worst", 1),
        ("worst", 2),
        ("worst", 0),
        ("best", 3),
    ]


def test_the_object_is_green_and_errors_are_blue_and_red() -> None:
    picture = np.full((1, 4, 3), (200, 100, 0), np.uint8)
    predicted, actual = np.uint8([[255, 255, 0, 0]]), np.uint8([[200, 0, 255, 90]])
    found, false, missed, nothing = compared_masks(picture, AlphaTarget(), predicted, actual)[0].astype(int)
    assert found.argmax() == 1 and (found < 255).all() and found[1] > found[0] + 40
    assert false.argmax() == 0 and false[0] > false[1] + 150
    assert missed.argmax() == 2 and missed[2] > missed[1] + 100
    assert len(set(nothing.tolist())) == 1


def test_a_wrong_class_is_blue_and_ignored_pixels_are_right() -> None:
    classes = ClassTarget(ClassMask(names=["a", "b", "c"], colours=[[0, 0, 0], [9, 9, 9], [8, 8, 8]]))
    picture = np.zeros((1, 3, 3), np.uint8)
    predicted, actual = np.uint8([[1, 1, 1]]), np.uint8([[1, 0, 255]])
    right, wrong, ignored = compared_masks(picture, classes, predicted, actual)[0].astype(int)
    assert wrong.argmax() == 2 and right.tolist() == ignored.tolist() == [96] * 3


def test_the_second_of_two_classes_is_the_object() -> None:
    classes = ClassTarget(ClassMask(names=["background", "bird"], colours=[[0, 0, 0], [9, 9, 9]]))
    picture = np.zeros((1, 5, 3), np.uint8)
    predicted, actual = np.uint8([[1, 1, 0, 0, 1]]), np.uint8([[1, 0, 1, 0, 255]])
    found, false, missed, nothing, ignored = compared_masks(picture, classes, predicted, actual)[0].astype(
        int
    )
    assert (found.argmax(), false.argmax(), missed.argmax()) == (1, 0, 2)
    assert nothing.tolist() == ignored.tolist() == [96] * 3
