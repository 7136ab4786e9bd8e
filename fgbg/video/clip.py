"""Reading a video file frame by frame through PyAV: upright, in sRGB, with the time of each frame."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol, cast

import av
import numpy as np
from av.buffer import Buffer
from av.codec.context import ThreadType
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from generator.errors import AssetError
from generator.files import open_regular

FINEST = 1_000_000
"""Largest denominator of a time base that is kept; finer ones become 1/90000 s, which every format holds."""

_USUAL = Fraction(1, 90_000)
_USUAL_RATE = Fraction(25)
_HD_HEIGHT, _HD_WIDTH = 576, 1280
"""A video larger than this that does not name its colours has those of HDTV, as players take it."""
_UNSPECIFIED = 2
_MISSING_SECONDS = 0.2
_HDR = (16, 18)
"""The transfer curves of HDR: PQ and HLG."""


@dataclass(frozen=True)
class Frame:
    """One frame.

    Attributes:
        picture: (H, W, 3) uint8 sRGB, upright, with square pixels.
        time: when it is shown, in units of the clip's `time_base`; each is later than the one before.
        duration: how long it is shown, in the same unit; at least 1.
    """

    picture: np.ndarray
    time: int
    duration: int


class Clip(Protocol):
    """Frames in the order of their time."""

    @property
    def name(self) -> str:
        """In messages."""

    @property
    def time_base(self) -> Fraction:
        """The unit of time, in seconds."""

    @property
    def rate(self) -> Fraction:
        """Frames a second, on average."""

    @property
    def count(self) -> int | None:
        """About how many frames there are; None if that is not known."""

    @property
    def sound(self) -> Path | None:
        """The file whose sound belongs to the frames; None if there is none."""

    @property
    def remarks(self) -> list[str]:
        """Lines about the clip, complete after the last frame."""

    def frames(self) -> Generator[Frame, None, None]:
        """Each frame once."""


class VideoFile:
    """A video file as a `Clip`; each call of `frames` reads it from the beginning.

    Args:
        path: of the file.

    Raises:
        AssetError: it is missing, or FFmpeg cannot read it, or it has no pictures.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name = str(path)
        self.remarks: list[str] = []
        with opened(path) as container:
            stream = video_stream(container, path)
            self.time_base = stream.time_base or _USUAL
            if self.time_base.denominator > FINEST:
                self.time_base = _USUAL
            self.rate = stream.average_rate or stream.guessed_rate or _USUAL_RATE
            self.seconds = _seconds(container, stream)
            self.count = stream.frames or (round(self.seconds * self.rate) if self.seconds else None)
            self.pixels = stream.width * stream.height
            self.sound = path if container.streams.audio else None
            if stream.codec_context.color_trc in _HDR:
                self.remarks.append(f"{path}: HDR; its colours are used without tone mapping")

    def frames(self) -> Generator[Frame, None, None]:
        """Each frame once.

        Raises:
            AssetError: there is no frame.
        """
        with opened(self._path) as container:
            yield from self._counted(container, video_stream(container, self._path))

    def spread(self, number: int) -> list[np.ndarray]:
        """Pictures (H, W, 3) uint8 spread over the video, found by searching instead of reading all of it.

        Raises:
            AssetError: there is no frame.
        """
        pictures: list[np.ndarray] = []
        with opened(self._path) as container:
            stream = video_stream(container, self._path)
            upright = _Upright(stream.sample_aspect_ratio)
            assert self.seconds is not None and stream.time_base is not None
            half = 1 / (2 * self.rate)
            for place in range(number):
                time = origin(container) + Fraction(self.seconds * place / number)
                # A video cut short has nothing there.
                with suppress(av.error.FFmpegError):
                    container.seek(round(time / stream.time_base), stream=stream)
                    for frame in _decoded(container, stream):
                        if frame.time is None or frame.time >= time - half:
                            pictures.append(upright(frame))
                            break
        return pictures or [next(self.frames()).picture]

    def _counted(self, container: InputContainer, stream: VideoStream) -> Generator[Frame, None, None]:
        read, end, error = 0, 0, ""
        upright, damaged = _Upright(stream.sample_aspect_ratio), list[str]()
        decoded = _decoded(container, stream, damaged)
        frames = _timed(decoded, upright, self.time_base, self.rate, origin(container))
        while True:
            try:
                frame = next(frames, None)
            except av.error.FFmpegError as broken:
                frame, error = None, broken.strerror or "damaged"
            if frame is None:
                break
            read, end = read + 1, frame.time + frame.duration
            yield frame
        if not read:
            found = next(iter(damaged), error) or "none"
            raise AssetError(self._path, "frames", found, "convert it with another program, or copy it again")
        lacks = self.seconds is not None and float(end * self.time_base) < self.seconds - max(
            _MISSING_SECONDS, 0.05 * self.seconds
        )
        if error or lacks:
            whole = f" of {self.seconds:.1f} s" if self.seconds else ""
            self.remarks.append(
                f"{self._path}: its pictures end after {float(end * self.time_base):.1f} s{whole}"
                f" ({error or 'it may be cut short'}); frames done: {read:,}"
            )
        elif damaged:
            self.remarks.append(
                f"{self._path}: {len(damaged):,} damaged packet{'s' * (len(damaged) > 1)} left out"
                f" ({damaged[0]}); frames done: {read:,}"
            )


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """Open a video or sound file, which must be a regular file; nothing outside it is read over a network.

    Raises:
        AssetError: it is missing, or FFmpeg cannot read it.
    """
    fix = "copy the file again, or convert it to MP4 with another program"
    try:
        with open_regular(path) as file:
            if not file.read(1):
                raise AssetError(path, "a video", "an empty file", "copy the file again")
        container = av.open(str(path.absolute()), options={"protocol_whitelist": "file"})
    except FileNotFoundError as error:
        raise AssetError(path, "", "does not exist", "check the path") from error
    except (av.error.FFmpegError, OSError) as error:
        found = "data that FFmpeg cannot read" if isinstance(error, ValueError) else error.strerror
        found = "no pictures" if isinstance(error, EOFError) else found
        raise AssetError(path, "a video", found or "an error", fix) from error
    with container:
        yield container


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """The stream of pictures of a file; a cover picture of a song is none.

    Raises:
        AssetError: there is none.
    """
    cover = Disposition.attached_pic
    streams = [stream for stream in container.streams.video if not stream.disposition & cover]
    if not streams or streams[0].codec_context is None:
        found = "only sound" if container.streams.audio else "no stream of pictures"
        raise AssetError(path, "a video", found, "check that it is the right file")
    best = container.streams.best("video")
    stream = best if isinstance(best, VideoStream) and best in streams else streams[0]
    stream.thread_type = ThreadType.AUTO
    return stream


def _seconds(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration and stream.time_base and not container.duration:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None


def origin(container: InputContainer) -> Fraction:
    """The time in seconds at which the file begins."""
    return Fraction(container.start_time or 0, av.time_base)


def _decoded(
    container: InputContainer, stream: VideoStream, damaged: list[str] | None = None
) -> Iterator[VideoFrame]:
    """Every frame; as players do, it leaves out damaged packets, and adds an error to `damaged` for each."""
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.error.InvalidDataError as error:
            if damaged is None:
                raise
            damaged.append(error.strerror or "damaged")
            continue
        yield from frames


def _timed(
    decoded: Iterator[VideoFrame], upright: "_Upright", time_base: Fraction, rate: Fraction, begin: Fraction
) -> Iterator[Frame]:
    """Frames with times that increase; each is given when the time of the next one is known."""
    usual = max(1, round(1 / (rate * time_base)))
    last, held, best = -usual, None, _BestTime()
    for frame in decoded:
        time, stamp = last + usual, best(frame.pts, frame.dts)
        if stamp is not None:
            time = round((stamp * (frame.time_base or time_base) - begin) / time_base)
        time = max(time, 0 if held is None else last + 1)
        if held is not None:
            yield Frame(held, last, time - last)
        held, last = upright(frame), time
        if frame.duration and frame.time_base:
            usual = max(1, round(frame.duration * frame.time_base / time_base))
    if held is not None:
        yield Frame(held, last, usual)


class _BestTime:
    """Chooses between the two times of a decoded frame: the one that went backwards less often.

    Source: guess_correct_pts in libavcodec/decode.c, which PyAV does not offer. AVI with B-frames needs it.
    """

    def __init__(self) -> None:
        self._last_pts = self._last_dts = -(2**63)
        self._faulty_pts = self._faulty_dts = 0

    def __call__(self, pts: int | None, dts: int | None) -> int | None:
        if dts is not None:
            self._faulty_dts += dts <= self._last_dts
        self._last_dts = next((time for time in (dts, pts) if time is not None), self._last_dts)
        if pts is not None:
            self._faulty_pts += pts <= self._last_pts
        self._last_pts = next((time for time in (pts, dts) if time is not None), self._last_pts)
        if pts is not None and (self._faulty_pts <= self._faulty_dts or dts is None):
            return pts
        return dts


class _Upright:
    """Turns a decoded frame into (H, W, 3) uint8 sRGB: upright, square pixels, the size of the first frame.

    Args:
        aspect: width of a pixel divided by its height; None: 1.
    """

    def __init__(self, aspect: Fraction | None) -> None:
        self._reformatter = VideoReformatter()
        self._aspect = aspect or Fraction(1)
        self._size: tuple[int, int] | None = None

    def __call__(self, frame: VideoFrame) -> np.ndarray:
        if self._size is None:
            self._size = _square(frame, self._aspect)
        width, height = self._size
        unnamed = frame.colorspace == _UNSPECIFIED
        large = frame.height > _HD_HEIGHT or frame.width >= _HD_WIDTH
        rgb = self._reformatter.reformat(
            frame,
            width,
            height,
            format="rgb24",
            src_colorspace=Colorspace.ITU709 if unnamed and large else None,
            interpolation=Interpolation.BICUBIC,
            threads=1,
        ).to_ndarray()
        return np.ascontiguousarray(turned(rgb, _matrix(frame)))


def _square(frame: VideoFrame, aspect: Fraction) -> tuple[int, int]:
    """Width and height with square pixels; no side becomes shorter."""
    if not Fraction(1, 16) <= aspect <= 16:
        aspect = Fraction(1)
    wider, taller = (aspect, Fraction(1)) if aspect > 1 else (Fraction(1), 1 / aspect)
    return round(frame.width * wider), round(frame.height * taller)


def _matrix(frame: VideoFrame) -> np.ndarray | None:
    """The display matrix of a frame: (3, 3) int32, see `turned`."""
    data = frame.side_data.get("DISPLAYMATRIX")
    return None if data is None else np.frombuffer(bytes(cast(Buffer, data)), np.int32)[:9].reshape(3, 3)


def turned(picture: np.ndarray, matrix: np.ndarray | None) -> np.ndarray:
    """Apply a display matrix: quarter turns and reflections; other angles become the nearest quarter turn.

    Args:
        picture: (H, W, 3).
        matrix: (3, 3) whose first two rows and columns map (x, y) @ matrix, x right and y down; None: leave
            the picture as it is.

    Source: libavutil/display.h.
    """
    if matrix is None:
        return picture
    (a, b), (c, d) = matrix[:2, :2].tolist()
    if abs(a * d) < abs(b * c):
        picture, a, d = picture.transpose(1, 0, 2), c, b
    return picture[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]
