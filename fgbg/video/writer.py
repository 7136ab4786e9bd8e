"""Writing the frames of one result: as a video through PyAV, or as numbered PNG files."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol, cast

import av
import numpy as np
from av.codec.context import Flags
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from fgbg.video.clip import Clip, opened
from fgbg.video.sound import Sound
from generator.encode import encode_png
from generator.errors import AssetError
from generator.files import atomic_file, write_atomically
from generator.own_results import PREDICTION, maker_of, mark_png

MARK = f"fgbg {PREDICTION}"
"""The comment in the metadata of videos that 'fgbg predict' wrote."""

_BT709 = 1
_LIMITED = 1
_EXACT = (
    Interpolation.BICUBIC
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
)


@dataclass(frozen=True)
class _Encoder:
    """How one format stores pictures.

    Attributes:
        name: of FFmpeg's encoder.
        pixels: its format of pixels.
        options: of the encoder.
        even: whether sides must be even.
    """

    name: str
    pixels: str
    options: dict[str, str]
    even: bool = False


_VP9 = {"crf": "24", "b:v": "0", "deadline": "realtime", "cpu-used": "6", "row-mt": "1"}
_OPAQUE = {
    "mp4": _Encoder("libx264", "yuv420p", {"preset": "veryfast", "crf": "18"}, even=True),
    "webm": _Encoder("libvpx-vp9", "yuv420p", _VP9),
    "mov": _Encoder("prores_ks", "yuv422p10le", {"profile": "standard"}),
}
_WITH_ALPHA = {
    # libvpx refuses transparency with the frames that this option makes.
    "webm": _Encoder("libvpx-vp9", "yuva420p", {**_VP9, "auto-alt-ref": "0"}),
    "mov": _Encoder("prores_ks", "yuva444p10le", {"profile": "4444"}),
}


def holds_alpha(form: str) -> bool:
    """Whether a format holds transparency."""
    return form == "png" or form in _WITH_ALPHA


class Writer(Protocol):
    """Takes the frames of one result."""

    @property
    def remarks(self) -> list[str]:
        """Lines about the result, complete after `finish`."""

    def write(self, pixels: np.ndarray, time: int, duration: int) -> None:
        """Write one frame.

        Args:
            pixels: (H, W) or (H, W, 3 or 4) uint8, for PNG also (H, W) uint16; each of the same shape.
            time: in units of the clip's time base.
            duration: in the same unit.
        """

    def finish(self, whole: bool) -> None:
        """Write what is left.

        Args:
            whole: whether the clip was written to its end; its sound then goes on to its own end.
        """


@contextmanager
def video_writer(path: Path, form: str, clip: Clip) -> Iterator[Writer]:
    """Write a video; the file appears, or replaces another, at the end of the block.

    Raises:
        DiskSpaceError: the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as temporary, ExitStack() as files:
        yield _VideoWriter(path, temporary, form, clip, files)


class _VideoWriter:
    def __init__(self, path: Path, temporary: Path, form: str, clip: Clip, files: ExitStack) -> None:
        self._path, self._form, self._clip, self._files = path, form, clip, files
        self._out = files.enter_context(av.open(str(temporary), "w", format=form))
        self._out.metadata["comment"] = MARK
        self._reformatter = VideoReformatter()
        self._track: VideoStream | None = None
        self._sound: Sound | None = None
        self.remarks: list[str] = []

    def write(self, pixels: np.ndarray, time: int, duration: int) -> None:
        track = self._track or self._begin(pixels)
        frame = self._frame(pixels)
        frame.pts, frame.duration, frame.time_base = time, duration, self._clip.time_base
        self._out.mux(track.encode(frame))
        if self._sound is not None:
            self._sound.write_until(time * self._clip.time_base)

    def finish(self, whole: bool) -> None:
        if self._track is not None:
            self._out.mux(self._track.encode())
        if self._sound is not None:
            if whole:
                self._sound.write_until(None)
            self.remarks += [f"{self._path}: {self._sound.remark}"] if self._sound.remark else []
        self._files.close()

    def _begin(self, pixels: np.ndarray) -> VideoStream:
        """Open the encoder, which needs the size of the frames."""
        with_alpha = pixels.ndim == 3 and pixels.shape[2] == 4
        self._encoder = (_WITH_ALPHA if with_alpha else _OPAQUE)[self._form]
        height, width = pixels.shape[:2]
        track = cast(VideoStream, self._out.add_stream(self._encoder.name, rate=_held_rate(self._clip.rate)))
        track.width, track.height = (side + side % 2 * self._encoder.even for side in (width, height))
        if (track.height, track.width) != (height, width):
            self.remarks.append(
                f"{self._path}: {track.width} x {track.height} instead of {width} x {height}, because MP4"
                " needs even sides; the last row or column is there twice"
            )
        track.pix_fmt = self._encoder.pixels
        track.options = dict(self._encoder.options)
        context = track.codec_context
        context.time_base = self._clip.time_base
        context.flags |= Flags.frame_duration
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = _LIMITED
        self._track = track
        if self._clip.sound is not None:
            self._sound = self._files.enter_context(Sound(self._clip.sound, self._out, self._form))
        return track

    def _frame(self, pixels: np.ndarray) -> VideoFrame:
        """Pixels in the format of the encoder."""
        if self._encoder.even:
            down, right = (side % 2 for side in pixels.shape[:2])
            if down or right:
                pixels = np.pad(pixels, [(0, down), (0, right), *[(0, 0)] * (pixels.ndim - 2)], "edge")
        form = "gray" if pixels.ndim == 2 else {3: "rgb24", 4: "rgba"}[pixels.shape[2]]
        return self._reformatter.reformat(
            VideoFrame.from_ndarray(np.ascontiguousarray(pixels), form),
            format=self._encoder.pixels,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=_EXACT,
            threads=1,
        )


def _held_rate(rate: Fraction) -> Fraction:
    """The rate as the encoders hold it: two 32-bit numbers."""
    return rate.limit_denominator(1_001_000)


class PngWriter:
    """Writes FOLDER/000001.png, 000002.png, ...; each appears when it is complete.

    Args:
        folder: made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._count = folder, 0
        self.remarks: list[str] = []
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, pixels: np.ndarray, time: int, duration: int) -> None:
        self._count += 1
        write_atomically(self._numbered(self._count), mark_png(encode_png(pixels), PREDICTION), durable=False)

    def finish(self, whole: bool) -> None:
        """Remove the frames of an earlier, longer result."""
        number = self._count + 1
        while maker_of(self._numbered(number)) == PREDICTION:
            self._numbered(number).unlink()
            number += 1

    def _numbered(self, number: int) -> Path:
        return self._folder / f"{number:06}.png"


def is_result(path: Path) -> bool:
    """Whether a video was written by 'fgbg predict'."""
    with suppress(AssetError), opened(path) as container:
        return MARK in container.metadata.values()
    return False
