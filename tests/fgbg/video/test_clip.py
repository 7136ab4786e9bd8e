"""Reading videos: upright, with their times; of a damaged video, the part that can be read."""

import os
import re
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from fgbg.video.clip import VideoFile, turned
from generator.errors import AssetError
from tests.fgbg.video.conftest import picture, write_clip


def frames_of(path: Path) -> list[np.ndarray]:
    return [frame.picture for frame in VideoFile(path).frames()]


def assert_close(one: np.ndarray, other: np.ndarray) -> None:
    """Equal, except for small changes by compression."""
    assert one.shape == other.shape
    assert np.abs(one.astype(int) - other).mean() < 6


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", "libx264"),
        ("a.webm", "libvpx-vp9"),
        ("a.avi", "mpeg4"),
        ("a.mkv", "libx264"),
        ("a.mov", "mpeg4"),
    ],
)
def test_it_reads_common_formats(tmp_path: Path, name: str, codec: str) -> None:
    video = VideoFile(write_clip(tmp_path / name, codec=codec))
    frames = list(video.frames())
    assert len(frames) == 12 and video.count == 12 and not video.remarks
    for number, frame in enumerate(frames):
        assert_close(frame.picture, picture(number))
    seconds = [float(frame.time * video.time_base) for frame in frames]
    assert seconds == pytest.approx([number / 24 for number in range(12)], abs=0.001)


@pytest.mark.parametrize("degrees", [0, 90, 180, -90])
def test_frames_are_upright(tmp_path: Path, degrees: int) -> None:
    path = write_clip(tmp_path / "a.mp4", rotation=degrees)
    # The rotation is counterclockwise, as in NumPy.
    assert_close(frames_of(path)[0], np.rot90(picture(0), degrees // 90))


def test_a_display_matrix_may_mirror() -> None:
    drawn = np.arange(6, dtype=np.uint8).reshape(2, 3, 1)
    one, none = 1 << 16, 0
    for rows, expected in [
        ([[one, none], [none, one]], drawn),
        ([[-one, none], [none, one]], drawn[:, ::-1]),
        ([[one, none], [none, -one]], drawn[::-1]),
        ([[none, one], [one, none]], drawn.transpose(1, 0, 2)),
        ([[none, -one], [one, none]], np.rot90(drawn)),
        ([[none, one], [-one, none]], np.rot90(drawn, -1)),
    ]:
        matrix = np.zeros((3, 3), np.int32)
        matrix[:2, :2] = rows
        np.testing.assert_array_equal(turned(drawn, matrix), expected)


def test_times_may_be_irregular(tmp_path: Path) -> None:
    times = [0, 1000, 2500, 3000, 9000, 9100]
    path = write_clip(
        tmp_path / "a.mp4",
        [picture(number) for number in range(6)],
        times,
        time_base=Fraction(1, 12_800),
    )
    video = VideoFile(path)
    frames = list(video.frames())
    assert [frame.time * video.time_base for frame in frames] == [Fraction(time, 12_800) for time in times]
    assert [frame.duration * video.time_base for frame in frames[:-1]] == [
        Fraction(after - before, 12_800) for before, after in pairwise(times)
    ]


def test_pixels_become_square(tmp_path: Path) -> None:
    assert frames_of(write_clip(tmp_path / "wide.mp4", aspect=Fraction(4, 3)))[0].shape == (48, 85, 3)
    assert frames_of(write_clip(tmp_path / "tall.mp4", aspect=Fraction(1, 2)))[0].shape == (96, 64, 3)


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "libx264"), ("a.webm", "libvpx-vp9"), ("a.avi", "mpeg4")]
)
def test_of_a_video_cut_short_it_reads_what_is_there(tmp_path: Path, name: str, codec: str) -> None:
    random = np.random.default_rng(0)
    drawn = [random.integers(0, 256, (48, 64, 3), dtype=np.uint8) for _ in range(24)]
    whole = write_clip(
        tmp_path / name, drawn, codec=codec, options={"movflags": "faststart"} if "mp4" in name else None
    )
    content = whole.read_bytes()
    whole.write_bytes(content[: len(content) // 2])
    video = VideoFile(whole)
    frames = list(video.frames())
    assert 3 < len(frames) < 20
    assert len(video.remarks) == 1 and f"frames done: {len(frames)}" in video.remarks[0]


def test_what_is_no_video_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video " * 50)
    (tmp_path / "empty.mp4").touch()
    with av.open(str(tmp_path / "sound.mp4"), "w") as out:
        tone = out.add_stream("aac", 48_000)
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.int16), "s16", "mono")
        samples.sample_rate = 48_000
        out.mux(tone.encode(samples))
        out.mux(tone.encode())
    write_clip(tmp_path / "none.mp4", [])
    for name, found in {
        "text.mp4": "expected a video, found data that FFmpeg cannot read",
        "empty.mp4": "expected a video, found an empty file; copy the file again",
        "sound.mp4": "expected a video, found only sound",
        "none.mp4": "expected a video, found no stream of pictures",
        "missing.mp4": "does not exist",
    }.items():
        with pytest.raises(AssetError, match=found):
            VideoFile(tmp_path / name)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.mp4")
        with pytest.raises(AssetError, match="a named pipe"):
            VideoFile(tmp_path / "pipe.mp4")


def test_a_stream_without_frames_is_said(tmp_path: Path) -> None:
    content = write_clip(tmp_path / "a.webm", codec="libvpx-vp9").read_bytes()
    # Frames are in clusters. The first cluster begins with this number.
    (tmp_path / "a.webm").write_bytes(content[: content.index(b"\x1f\x43\xb6\x75")])
    with pytest.raises(AssetError, match="expected a video, found no pictures"):
        VideoFile(tmp_path / "a.webm")


def test_spread_finds_pictures_by_searching(tmp_path: Path) -> None:
    drawn = [picture(number) for number in range(16)]
    pictures = VideoFile(write_clip(tmp_path / "a.mp4", drawn)).spread(4)
    assert len(pictures) == 4
    for number, found in enumerate(pictures):
        assert_close(found, drawn[4 * number])


def test_damaged_packets_are_left_out_and_the_frames_after_them_read(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    drawn = [random.integers(0, 256, (48, 64, 3), dtype=np.uint8) for _ in range(24)]
    whole = write_clip(tmp_path / "a.mp4", drawn, options={"movflags": "faststart"})
    content = bytearray(whole.read_bytes())
    middle, two_frames = len(content) // 2, len(content) // 12
    content[middle : middle + two_frames] = random.bytes(two_frames)
    whole.write_bytes(content)
    video = VideoFile(whole)
    frames = list(video.frames())
    assert 20 <= len(frames) < 24
    (remark,) = video.remarks
    assert re.fullmatch(rf"{whole}: \d damaged packets? left out \(.+\); frames done: {len(frames)}", remark)
