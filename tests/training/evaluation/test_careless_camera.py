import numpy as np
import pytest
import torch

from training.evaluation import careless_camera
from training.evaluation.careless_camera import perturb_backgrounds


def backgrounds(count: int) -> torch.Tensor:
    """Backgrounds with whole levels from 0 to 229. Even 1.1 times as bright, they stay below 255."""
    levels = torch.randint(0, 230, (count, 3, 12, 16), generator=torch.Generator().manual_seed(0))
    return levels / 127.5 - 1


def test_a_shift_of_two_pixels_in_four_directions_and_more_light(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(careless_camera, "NOISE", 0.0)
    monkeypatch.setattr(careless_camera, "jpeg", lambda pictures, quality: pictures)
    bg = backgrounds(32)
    before = ((bg + 1) * 127.5).numpy()
    after = ((perturb_backgrounds(bg, np.arange(32)) + 1) * 127.5).numpy()
    edged = np.pad(before, ((0, 0), (0, 0), (2, 2), (2, 2)), mode="edge") * 1.1
    corners = {"right": (2, 0), "left": (2, 4), "down": (0, 2), "up": (4, 2)}
    moved = {
        name: np.isclose(edged[..., y : y + 12, x : x + 16], after, atol=1e-3).all(axis=(1, 2, 3))
        for name, (y, x) in corners.items()
    }
    assert (np.sum(list(moved.values()), axis=0) == 1).all()
    assert all(which.any() for which in moved.values())


def test_noise_of_five_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(careless_camera, "jpeg", lambda pictures, quality: pictures)
    grey = torch.full((8, 3, 32, 32), 100 / 127.5 - 1)
    levels = (perturb_backgrounds(grey, np.arange(8)) + 1) * 127.5
    assert levels.mean() == pytest.approx(110, abs=0.1)
    assert levels.std() == pytest.approx(5, abs=0.1)
    assert (levels[0] - levels[1]).std() == pytest.approx(5 * 2**0.5, abs=0.3)


def test_every_picture_is_compressed_at_75(monkeypatch: pytest.MonkeyPatch) -> None:
    qualities: list[float] = []

    def compress(pictures: torch.Tensor, quality: torch.Tensor) -> torch.Tensor:
        qualities.extend(quality.tolist())
        return torch.full_like(pictures, 0.25)

    monkeypatch.setattr(careless_camera, "jpeg", compress)
    assert (perturb_backgrounds(backgrounds(3), np.arange(3)) == 0.25).all()
    assert qualities == [75.0] * 3


def test_a_sample_is_perturbed_alike_in_any_batch_and_stays_in_range() -> None:
    bg = backgrounds(6) * 1.2
    whole = perturb_backgrounds(bg, np.array([4, 9, 2, 70000, 0, 5]))
    part = perturb_backgrounds(bg[[3, 1]], np.array([70000, 9]))
    assert torch.allclose(whole[[3, 1]], part, atol=1e-5)
    assert whole.min() >= -1 and whole.max() <= 1
    assert not torch.allclose(perturb_backgrounds(bg[[1]], np.array([10])), whole[[1]], atol=1e-2)
