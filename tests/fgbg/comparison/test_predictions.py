from pathlib import Path

import numpy as np
import pytest

from fgbg.comparison.predictions import (
    Picture,
    depth_rmse,
    predict_picture,
    read_samples,
    spread_over_backgrounds,
)
from fgbg.comparison.runs import open_runs
from fgbg.comparison.sheet import draw_predictions
from generator.reading.dataset import open_dataset
from training.target import AlphaTarget


def test_depth_error_by_hand_leaves_out_what_is_unknown() -> None:
    truth = np.array([[0, 1, 65535]], np.uint16)
    predicted = np.array([[60000, 1, 1]], np.uint16)
    assert depth_rmse(predicted, truth) == pytest.approx((1 / 2) ** 0.5)


def test_backgrounds_take_turns() -> None:
    bgs = np.array([3, 3, 5, 3, 5, 1])
    assert spread_over_backgrounds(bgs, 4).tolist() == [0, 2, 5, 1]
    assert spread_over_backgrounds(bgs, 10).tolist() == [0, 2, 5, 1, 4, 3]


def test_samples_come_with_their_truth(unrendered: Path) -> None:
    dataset = open_dataset(unrendered)
    pictures = read_samples(unrendered, "val", 2)
    row, _ = spread_over_backgrounds(dataset["val"].samples["bg"], 2).tolist()
    batch = dataset["val"].read([row])
    first = pictures[0]
    assert first.mask is not None and first.depth is not None and first.bg is not None
    assert np.array_equal(first.mask, batch.mask[0]) and np.array_equal(first.depth, batch.depth[0])
    assert np.array_equal(first.fg_bg, batch.fg_bg[0]) and np.array_equal(first.bg, batch.bg[0])
    assert first.name.startswith(f"val {row} on bg")


def test_each_run_is_asked_with_the_background_it_looks_at(
    trained: Path, trained_for_masks: Path, unrendered: Path
) -> None:
    (picture,) = read_samples(unrendered, "val", 1)
    runs = open_runs([trained, trained_for_masks], "cpu")
    first, second = (run.label for run in runs)
    given, withheld = (predict_picture(runs, picture, with_bg) for with_bg in (True, False))
    assert [cell.title for cell in given.groups[""]] == ["fg_bg", "mask", "depth"]
    assert [cell.title for cell in given.groups[first]] == ["mask", "depth"]
    assert [cell.title for cell in given.groups[second]] == ["mask"]
    expected = runs[0].predictor(picture.fg_bg, picture.bg)
    assert picture.mask is not None and picture.depth is not None and expected.depth is not None
    notes = [cell.note for cell in given.groups[first]]
    assert notes == [
        f"IoU {AlphaTarget().agreement(expected.mask, picture.mask):.3f}",
        f"RMSE {depth_rmse(expected.depth, picture.depth):.3f}",
    ]
    # 32 x 24 pixels, enlarged 6 times.
    assert given.groups[first][0].pixels.shape == (144, 192, 3)
    assert np.array_equal(given.groups[first][0].pixels[::6, ::6, 0], expected.mask)
    assert not np.array_equal(given.groups[first][0].pixels, withheld.groups[first][0].pixels)
    assert np.array_equal(given.groups[second][0].pixels, withheld.groups[second][0].pixels)


def test_the_sheet_keeps_columns_where_a_picture_has_no_truth(trained: Path, unrendered: Path) -> None:
    runs = open_runs([trained], "cpu")
    (sample,) = read_samples(unrendered, "val", 1)
    known, unknown = (
        predict_picture(runs, sample, True),
        predict_picture(runs, Picture("mine", sample.fg_bg), True),
    )
    assert [cell.note for cell in unknown.groups[runs[0].label]] == ["", ""]
    both, alone = draw_predictions([known, unknown]), draw_predictions([known])
    assert both.shape[1] == alone.shape[1] and both.shape[0] == alone.shape[0] + 144 + 24
    # Above the first row are two lines of headings, below it two lines of text.
    below = both[52 + 144 + 44 :]
    assert np.array_equal(below[:144, 4:196], known.groups[""][0].pixels)
    assert (below[:144, 200:580] == 255).all()
    assert np.array_equal(both[52 : 52 + 144, 200:392], known.groups[""][1].pixels)
