import numpy as np
import pytest
import torch

from training.augment.keyed import keyed_generator
from training.augment.silhouettes import HOLES, OUTLINES, POINTS, RADII, THICKNESS, draw_outlines, rasterise

MIDDLE = torch.tensor([[0.5, 0.5]])


def filled(points: list[list[float]], hole: float = 0.0, thickness: float = 0.0) -> np.ndarray:
    """An outline in the middle of a picture of 40 x 20 pixels."""
    outline = torch.tensor([points])
    return rasterise(outline, torch.tensor([thickness]), torch.tensor([hole]), MIDDLE, (20, 40))[0]


SQUARE = [[-0.25, -0.25], [0.25, -0.25], [0.25, 0.25], [-0.25, 0.25]]


def test_a_filled_outline_has_its_size_in_shares_of_the_shorter_side() -> None:
    mask = filled(SQUARE)
    # 10 x 10 pixels around (20, 10); OpenCV's soft edge reaches a pixel beyond them.
    assert 100 <= (mask >= 128).sum() <= 144
    ys, xs = np.nonzero(mask >= 128)
    assert xs.mean() == pytest.approx(19.5, abs=0.5) and ys.mean() == pytest.approx(9.5, abs=0.5)


def test_a_hole_is_empty_and_a_stroke_as_thick_as_it_says() -> None:
    ring = filled(SQUARE, hole=0.5)
    assert ring[10, 20] == 0 and ring[10, 15] == 255
    line = filled([[-0.6, 0.0], [0.6, 0.0]], thickness=0.2)
    assert 4 <= (line[:, 20] >= 128).sum() <= 6
    assert (line[:, 0] == 0).all()


def test_what_lies_outside_the_picture_is_cut_off() -> None:
    far = rasterise(
        torch.tensor([SQUARE]), torch.zeros(1), torch.zeros(1), torch.tensor([[0.0, 0.0]]), (20, 40)
    )
    assert far[0, 2, 2] == 255 and 25 <= (far[0] >= 128).sum() <= 49


@pytest.mark.parametrize("kind", OUTLINES)
def test_each_kind_covers_a_sensible_part(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "training.augment.silhouettes.OUTLINES", {kind: OUTLINES[kind], "stroke": OUTLINES["stroke"]}
    )
    points, thickness, hole = draw_outlines(keyed_generator(1, 1, 2), 200)
    assert points.shape == (200, POINTS, 2)
    masks = rasterise(points, thickness, hole, MIDDLE.expand(200, 2), (96, 96))
    covered = (masks >= 128).mean(axis=(1, 2))
    assert (covered > 0).all() and covered.max() < 0.7
    if kind != "stroke":
        assert points[thickness == 0].norm(dim=-1).max() < 2.3 * RADII[1]
        assert 0.1 < (hole[thickness == 0] > 0).float().mean() < 2 * HOLES


def test_strokes_have_no_holes_and_all_kinds_occur() -> None:
    _, thickness, hole = draw_outlines(keyed_generator(1, 1, 2), 400)
    strokes = thickness > 0
    assert strokes.float().mean() == pytest.approx(1 / len(OUTLINES), abs=0.06)
    assert (thickness[strokes] >= THICKNESS[0]).all() and (thickness[strokes] < THICKNESS[1]).all()
    assert (hole[strokes] == 0).all() and (hole < 1).all()
