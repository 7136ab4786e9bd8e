import numpy as np

from fgbg.evaluation.samples import extremes, mask_errors


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


def test_errors_have_colours_and_the_rest_is_grey() -> None:
    picture = np.full((1, 4, 3), (200, 100, 0), np.uint8)
    predicted, actual = np.array([[True, True, False, False]]), np.array([[True, False, True, False]])
    right, false, missed, nothing = mask_errors(picture, actual & ~predicted, predicted & ~actual)[0].tolist()
    assert right == nothing and len(set(right)) == 1
    assert false[2] > 200 > false[0] and missed[0] > 200 > missed[2]
