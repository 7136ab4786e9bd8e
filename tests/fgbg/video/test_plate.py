"""The background of a video, estimated from the video itself."""

from pathlib import Path

import numpy as np
import pytest

from fgbg.video import plate
from fgbg.video.clip import VideoFile
from fgbg.video.plate import frame_plate, median_plate
from generator.errors import AssetError
from tests.fgbg.video.conftest import picture, write_clip


def moving() -> list[np.ndarray]:
    """Frames of a white square that moves across a grey view."""
    drawn = [np.full((48, 64, 3), 90, np.uint8) for _ in range(24)]
    for number, frame in enumerate(drawn):
        frame[10:26, 2 * number : 2 * number + 12] = 255
    return drawn


@pytest.mark.parametrize("far", [0.0, 10.0], ids=["searched", "read through"])
def test_the_median_does_not_show_what_moves(
    tmp_path: Path, far: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plate, "_FAR", far)
    found = median_plate(write_clip(tmp_path / "a.mp4", moving()))
    assert found.shape == (48, 64, 3) and found.dtype == np.uint8
    assert np.abs(found.astype(int) - 90).max() < 12


def test_it_holds_few_pictures_of_a_long_or_a_large_video(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_clip(tmp_path / "a.mp4", [np.full((48, 64, 3), 4 * n, np.uint8) for n in range(60)])
    monkeypatch.setattr(plate, "_BYTES", 7 * 48 * 64 * 3)
    assert plate._most(48 * 64 * 3) == 7
    levels = [int(kept.mean()) for kept in plate._read_through(VideoFile(path), 7)]
    assert levels == pytest.approx(np.linspace(0, 224, 7).tolist(), abs=32)


def test_frame_n_is_counted_from_1(clip: Path) -> None:
    for number in (1, 5, 12):
        assert np.abs(frame_plate(clip, number).astype(int) - picture(number - 1)).mean() < 6
    with pytest.raises(AssetError, match="expected at least 13 frames, found 12"):
        frame_plate(clip, 13)
