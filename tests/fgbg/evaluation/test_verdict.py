from typing import Any

from fgbg.evaluation.verdict import verdict


def around(mean: float, half: float = 0.01) -> dict[str, float]:
    return {"mean": mean, "low": mean - half, "high": mean + half}


def figures(clean: float = 0.93, threshold: float = 0.9, **changed: Any) -> dict[str, Any]:
    document = {
        "network": {
            "clean": {"iou": around(clean), "depth_rmse": around(0.05)},
            "absent": {"iou": around(0.7)},
        },
        "classes": {},
        "before_training": None,
        "baselines": {
            "threshold": {"clean": {"threshold": 20, "iou": around(threshold)}},
            "bg_depth": {"depth_rmse": around(0.09)},
        },
    }
    return document | changed


def test_better_worse_and_alike_are_told_apart_by_their_intervals() -> None:
    assert verdict(figures()) == [
        "With the background given, the network finds the object better than the plain threshold:"
        " IoU 0.93 against 0.90.",
        "Without a background, it reaches IoU 0.70.",
        "Its depth is closer to the truth than the background's own depth: RMSE 0.05 against 0.09.",
    ]
    assert "worse than the plain threshold: IoU 0.90 against 0.93" in verdict(figures(0.9, 0.93))[0]
    assert "about as well as the plain threshold: IoU 0.91 against 0.90" in verdict(figures(0.91))[0]
    # It prints enough digits to show the difference.
    assert "IoU 0.9012 against 0.9010" in verdict(figures(0.9012, 0.901))[0]


def test_without_a_background_it_is_compared_with_what_there_was_before_training() -> None:
    before = {"network": "nets/u2netp.onnx", "measures": {"iou": around(0.65)}}
    assert verdict(figures(before_training=before))[1] == (
        "Without a background, it finds the object better than u2netp.onnx, which was not trained on your"
        " objects: IoU 0.70 against 0.65."
    )
    before["measures"] = {"iou": around(0.75)}
    assert "it finds the object worse than u2netp.onnx" in verdict(figures(before_training=before))[1]


def test_without_intervals_nothing_is_called_better_or_alike() -> None:
    bare = {"mean": 0.5, "low": None, "high": None}
    document = figures(network={"clean": {"iou": bare, "depth_rmse": bare}})
    few = "has too few samples to be compared with"
    assert verdict(document) == [
        f"With the background given, the network {few} the plain threshold: IoU 0.50 against 0.90.",
        f"Its depth {few} the background's own depth: RMSE 0.50 against 0.09.",
    ]


def test_a_network_without_background_or_depth() -> None:
    baselines = {"threshold": {"clean": {"threshold": 20, "iou": around(0.9)}}, "bg_depth": None}
    document = figures(network={"absent": {"iou": around(0.61)}}, baselines=baselines)
    assert verdict(document) == ["From the picture alone, it reaches IoU 0.61."]


def test_classes_have_no_threshold_to_beat() -> None:
    network = {"clean": {"iou": around(0.71)}, "absent": {"iou": {"mean": None, "low": None, "high": None}}}
    document = figures(network=network, baselines={"threshold": {}, "bg_depth": None})
    assert verdict(document) == ["With the background given, the network reaches IoU 0.71."]
