"""Small drawn clips, and a predictor with predictable answers."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from fgbg.predictor import Predicted, Predictor

SIZE = 48, 64


def picture(number: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """A frame: grey that increases by 10 per frame, red on the left, green at the top."""
    drawn = np.full((*size, 3), 20 + 10 * number % 200, np.uint8)
    drawn[:, : size[1] // 4] = 250, 20, 20
    drawn[: size[0] // 4, size[1] // 2 :] = 20, 230, 20
    return drawn


def write_clip(
    path: Path,
    pictures: Sequence[np.ndarray] | None = None,
    times: Sequence[int] | None = None,
    *,
    codec: str = "libx264",
    time_base: Fraction = Fraction(1, 24),
    rotation: int | None = None,
    aspect: Fraction | None = None,
    sound: str = "",
    options: dict[str, str] | None = None,
) -> Path:
    """Write a clip of 12 frames, 24 per second. `sound` is the codec of a tone as long as the clip."""
    pictures = [picture(number) for number in range(12)] if pictures is None else pictures
    with av.open(str(path), "w", options=options or {}) as out:
        track = cast(VideoStream, out.add_stream(codec, rate=24))
        track.height, track.width = pictures[0].shape[:2] if len(pictures) else SIZE
        track.pix_fmt = "yuv420p"
        track.codec_context.time_base = time_base
        if aspect is not None:
            track.codec_context.sample_aspect_ratio = aspect
        if rotation is not None:
            track.set_display_rotation(rotation)
        tone = cast(AudioStream, out.add_stream(sound, 48_000)) if sound else None
        if tone is not None:
            tone.codec_context.layout = "mono"
        out.start_encoding()
        for number, drawn in enumerate(pictures):
            frame = VideoFrame.from_ndarray(drawn, "rgb24")
            frame.pts = number if times is None else times[number]
            frame.time_base = time_base
            out.mux(track.encode(frame))
        if tone is not None:
            wave = np.sin(np.arange(len(pictures) * 2000) * 440 * 2 * np.pi / 48_000) * 8000
            samples = AudioFrame.from_ndarray(wave.astype(np.int16)[None], "s16", "mono")
            samples.sample_rate = 48_000
            out.mux(tone.encode(samples))
            out.mux(tone.encode())
        out.mux(track.encode())
    return path


def read_back(
    path: Path, pixels: str = "rgb24", decoder: str = ""
) -> tuple[list[np.ndarray], list[Fraction]]:
    """The frames of a video and their times in seconds."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        if decoder:
            # FFmpeg's own decoder of VP9 ignores alpha.
            context = cast(Any, av.CodecContext.create(decoder, "r"))
            context.extradata = stream.codec_context.extradata
            frames = [frame for packet in container.demux(stream) for frame in context.decode(packet)]
        else:
            frames = list(container.decode(stream))
        times = [(frame.pts or 0) * cast(Fraction, frame.time_base) for frame in frames]
        return [frame.to_ndarray(format=pixels) for frame in frames], times


class Reddish:
    """Returns the red channel as the mask, and the green channel as depth.

    Attributes:
        bgs: the background of each call of `predict_many`.
        bg_depths: the depth of it.
        taken: number of pictures taken from its input.
    """

    def __init__(self, depth: bool = True) -> None:
        self._depth = depth
        self.bgs: list[np.ndarray | None] = []
        self.bg_depths: list[np.ndarray | None] = []
        self.taken = 0

    def predict_many(
        self,
        pictures: Iterable[np.ndarray],
        bgs: np.ndarray | None = None,
        video: bool = False,
        bg_depths: np.ndarray | None = None,
    ) -> Iterator[Predicted]:
        assert video
        self.bg_depths.append(bg_depths)
        self.bgs.append(bgs)
        for given in pictures:
            self.taken += 1
            depth = np.maximum(given[..., 1].astype(np.uint16) * 257, 1)
            yield Predicted(given[..., 0].copy(), depth if self._depth else None)


@pytest.fixture
def reddish() -> Predictor:
    return cast(Predictor, Reddish())


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """12 frames in half a second."""
    return write_clip(tmp_path / "clip.mp4")
