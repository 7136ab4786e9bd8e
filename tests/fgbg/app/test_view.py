from dataclasses import replace

import cv2
import numpy as np
import pytest

from fgbg.app.desk import Answer
from fgbg.app.downloads import downloads
from fgbg.app.scores import scores
from fgbg.app.view import LARGEST_SIDE, Look, Shown, make_view
from fgbg.predictor import Predicted
from generator.format.manifest import AlphaMask, ClassMask
from generator.reading.batch import Sample

CLASSES = ClassMask(names=["none", "left"], colours=[[0, 0, 0], [200, 40, 40]])


def predicted(height: int = 6, width: int = 8) -> Predicted:
    """The left half is the object, with a soft column."""
    mask = np.zeros((height, width), np.uint8)
    mask[:, : width // 2] = 255
    mask[:, width // 2] = 100
    return Predicted(mask, np.full((height, width), 30000, np.uint16))


def picture(height: int = 6, width: int = 8) -> np.ndarray:
    return np.full((height, width, 3), (90, 120, 150), np.uint8)


def sample(mask: np.ndarray, depth: int = 40000) -> Sample:
    pixels = picture(*mask.shape)
    return Sample(pixels, pixels, mask, np.full(mask.shape, depth, np.uint16), None)


def answer(found: Predicted, truth: Sample | None = None) -> Answer:
    pixels = picture(*found.mask.shape)
    entry = found.classes or AlphaMask()
    return Answer(pixels, found, entry, truth, make_view(pixels, found, entry, truth=truth), 0.25)


def titles(shown: Answer) -> list[str]:
    return [one.title for one in shown.view.pictures(Look())]


def test_an_upload_has_no_truth_and_a_sample_has() -> None:
    assert titles(answer(predicted())) == ["picture", "mask", "depth", "cut-out", "overlay"]
    assert titles(answer(predicted(), sample(predicted().mask))) == [
        *("picture", "mask", "depth"),
        *("true mask", "true depth"),
        *("cut-out", "overlay", "masks compared"),
    ]


def test_what_a_network_or_a_dataset_does_not_have_is_left_out() -> None:
    assert "depth" not in titles(answer(replace(predicted(), depth=None)))
    assert "true depth" not in titles(answer(predicted(), sample(predicted().mask, depth=0)))
    of_classes = replace(predicted(), mask=np.ones((6, 8), np.uint8), classes=CLASSES)
    assert "cut-out" not in titles(answer(of_classes))


def test_the_threshold_cuts_mask_cut_out_and_comparison() -> None:
    shown = answer(predicted(), sample(predicted().mask))
    soft, hard = (
        {one.title: one.pixels for one in shown.view.pictures(Look(threshold))} for threshold in (None, 0.3)
    )
    assert soft["mask"][0, 4, 0] == 100 and hard["mask"][0, 4, 0] == 255
    assert (soft["cut-out"][0, 4] != hard["cut-out"][0, 4]).any()
    # The truth is below half coverage there, so the cut mask claims too much: red.
    assert hard["masks compared"][0, 4].argmax() == 0
    assert soft["masks compared"][0, 4].tolist() != hard["masks compared"][0, 4].tolist()


def test_the_strength_of_the_overlay() -> None:
    view = answer(predicted()).view
    none, some, full = (view.pictures(Look(None, strength))[-1].pixels[3, 1] for strength in (0, 0.5, 1))
    assert none.tolist() == [90, 120, 150] and full.tolist() == [255, 40, 120]
    assert 90 < some[0] < 255


def test_large_pictures_are_scaled_down_and_small_ones_enlarged() -> None:
    large = answer(predicted(1200, 2 * LARGEST_SIDE), sample(predicted(1200, 2 * LARGEST_SIDE).mask))
    assert {one.pixels.shape for one in large.view.pictures(Look())} == {(600, LARGEST_SIDE, 3)}
    labels = np.zeros((1200, 2 * LARGEST_SIDE), np.uint8)
    labels[:, 999:] = 1
    of_classes = Predicted(labels, None, classes=CLASSES)
    colours = np.unique(answer(of_classes).view.pictures(Look())[1].pixels.reshape(-1, 3), axis=0)
    assert colours.tolist() == [[0, 0, 0], [200, 40, 40]]
    for sharp, start in ((True, b"\x89PNG"), (False, b"\xff\xd8")):
        content = Shown("x", picture(), sharp).encoded()
        assert content.startswith(start)
        assert cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR).shape == (288, 384, 3)


def test_scores_are_of_the_shown_mask() -> None:
    truth = predicted().mask.copy()
    truth[:, 4] = 255
    shown = answer(predicted(), sample(truth))
    assert scores(shown, Look()) == {
        **{"IoU": "0.800", "Depth RMSE": "0.153"},
        **{"Covered": "54.9%", "Size": "8 x 6", "Seconds": "0.25"},
    }
    assert scores(shown, Look(0.3))["IoU"] == "1.000"
    assert set(scores(answer(predicted()), Look())) == {"Covered", "Size", "Seconds"}


def test_a_sample_without_labels_has_no_score() -> None:
    of_classes = Predicted(np.ones((6, 8), np.uint8), None, classes=CLASSES)
    shown = answer(of_classes, sample(np.full((6, 8), 255, np.uint8)))
    assert scores(shown, Look(0.5)) == {"IoU": "-", "Size": "8 x 6", "Seconds": "0.25"}


@pytest.mark.parametrize("look", [Look(), Look(0.3, 1)])
def test_downloads_are_in_the_size_and_depth_of_the_picture(look: Look) -> None:
    shown = answer(predicted())
    files = {file.suffix: decoded(file.content(shown, look)) for file in downloads(shown)}
    assert set(files) == {".mask.png", ".depth.png", ".cutout.png", ".overlay.png"}
    wanted = 100 if look.threshold is None else 255
    assert files[".mask.png"].dtype == np.uint8 and files[".mask.png"][0, 4] == wanted
    assert files[".depth.png"].dtype == np.uint16 and (files[".depth.png"] == 30000).all()
    assert files[".cutout.png"].shape == (6, 8, 4) and files[".cutout.png"][0, 4, 3] == wanted
    assert files[".overlay.png"].shape == (6, 8, 3)


def test_downloads_say_that_they_are_results() -> None:
    shown = answer(predicted())
    assert all(b"fgbg predict" in file.content(shown, Look())[:200] for file in downloads(shown))
    without = answer(replace(predicted(), depth=None))
    assert [file.label for file in downloads(without)] == ["Mask", "Cut-out", "Overlay"]


def decoded(png: bytes) -> np.ndarray:
    return np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED))
