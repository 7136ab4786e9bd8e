import numpy as np
import pytest

from generator.assets.edges import clean_edges, estimate_colours, old_background

OWN = np.array([150.0, 60, 50])


def cutout(
    old: tuple[int, int, int] | None, side: int = 192, width: float = 6, noise: float = 14
) -> np.ndarray:
    """A disc with a soft edge of `width` pixels; an old background may be mixed into the edge."""
    rows, columns = np.mgrid[:side, :side]
    distance = np.hypot(columns - side / 2, rows - side / 2) - side / 3
    share = np.clip(0.5 - distance / width, 0, 1)[..., None]
    own = OWN + np.random.default_rng(3).normal(0, noise, (side, side, 3))
    seen = own if old is None else own * share + np.array(old) * (1 - share)
    rgba = np.dstack([np.clip(seen, 0, 255), np.rint(255 * share)]).astype(np.uint8)
    rgba[rgba[..., 3] == 0] = 0
    return rgba


def error(rgba: np.ndarray) -> float:
    edge = (rgba[..., 3] > 0) & (rgba[..., 3] < 255)
    return float(np.abs(rgba[edge][:, :3] - OWN).mean())


@pytest.mark.parametrize("old", [(250, 250, 250), (60, 170, 60), (0, 0, 0)])
def test_the_old_background_is_found_and_taken_out(old: tuple[int, int, int]) -> None:
    haloed = cutout(old)
    found = old_background(haloed)
    assert found is not None and np.abs(found.colour - old).max() < 4
    assert found.explained > 0.9 and found.shift > 40
    cleaned = clean_edges(haloed)
    assert error(cleaned) < error(haloed) / 2
    assert (cleaned[..., 3] == haloed[..., 3]).all() and (cleaned[cleaned[..., 3] == 0] == 0).all()
    opaque = haloed[..., 3] == 255
    assert (cleaned[opaque] == haloed[opaque]).all()


def test_clean_edges_show_no_background_and_stay_clean() -> None:
    clean = cutout(None)
    found = old_background(clean)
    assert found is not None and found.explained < 0.2
    assert error(clean_edges(clean)) <= error(clean) + 1


def test_a_large_picture_is_looked_at_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    haloed = cutout((250, 250, 250))
    whole = old_background(haloed)
    monkeypatch.setattr("generator.assets.edges._LARGEST_LOOKED_AT", 64)
    found = old_background(haloed)
    assert found is not None and np.abs(found.colour - 250).max() < 4 and found.explained > 0.9
    assert whole is not None and found.explained != whole.explained


def test_hard_edges_are_left_alone() -> None:
    hard = cutout(None, side=40)
    hard[..., 3] = np.where(hard[..., 3] >= 128, 255, 0)
    assert old_background(hard) is None and clean_edges(hard) is hard


def test_tiles_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    rgba = cutout((60, 170, 60), side=150)
    whole = estimate_colours(rgba[..., :3], rgba[..., 3])
    monkeypatch.setattr("generator.assets.edges._TILE", 20)
    tiles = estimate_colours(rgba[..., :3], rgba[..., 3])
    assert np.abs(whole.astype(int) - tiles).max() <= 1
    assert (tiles[rgba[..., 3] == 255] == rgba[rgba[..., 3] == 255][:, :3]).all()
