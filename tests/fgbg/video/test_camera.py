"""Cameras. The tests have none, and use a fake one."""

from collections.abc import Callable
from fractions import Fraction

import cv2
import numpy as np
import pytest

from fgbg.video.camera import Camera
from generator.errors import AssetError


class FakeCapture:
    """A camera that gives `frames` frames. They are blue in OpenCV's order of channels."""

    def __init__(self, frames: int, opened: bool = True) -> None:
        self._left, self._opened = frames, opened
        self.released = False

    def isOpened(self) -> bool:  # noqa: N802  # OpenCV's name
        return self._opened

    def get(self, what: int) -> float:
        return 15.0

    def read(self) -> tuple[bool, np.ndarray | None]:
        self._left -= 1
        drawn = np.zeros((24, 32, 3), np.uint8)
        drawn[..., 0] = 200
        return (True, drawn) if self._left >= 0 else (False, None)

    def release(self) -> None:
        self.released = True


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Callable[[FakeCapture], FakeCapture]:
    def plug_in(capture: FakeCapture) -> FakeCapture:
        monkeypatch.setattr(cv2, "VideoCapture", lambda number: capture)
        return capture

    return plug_in


def test_frames_are_rgb_with_times_that_grow(connect: Callable[[FakeCapture], FakeCapture]) -> None:
    capture = connect(FakeCapture(5))
    camera = Camera(0)
    frames = list(camera.frames())
    assert camera.name == "camera:0" and camera.rate == 15 and camera.time_base == Fraction(1, 1000)
    assert len(frames) == 5 and capture.released
    assert frames[0].picture[0, 0].tolist() == [0, 0, 200]
    times = [frame.time for frame in frames]
    assert times == sorted(set(times)) and times[0] == 0


def test_a_camera_that_is_not_there_is_said(
    connect: Callable[[FakeCapture], FakeCapture], capfd: pytest.CaptureFixture[str]
) -> None:
    connect(FakeCapture(0, opened=False))
    with pytest.raises(AssetError, match=r"camera:7: expected a camera, found none that can be opened"):
        Camera(7)
    connect(FakeCapture(0))
    with pytest.raises(AssetError, match="camera:7: expected pictures, found none"):
        list(Camera(7).frames())
    assert capfd.readouterr() == ("", "")


def test_opencv_prints_nothing_about_it(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(AssetError, match="camera:9876"):
        Camera(9876)
    assert capfd.readouterr() == ("", "")
