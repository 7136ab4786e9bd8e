"""Predict the frames of a video or a camera, and write the results as videos.

Reading, the network, steadying and writing run in threads of their own, each a few frames ahead of the next.
So memory does not grow with the length of the video.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from threading import Event
from typing import TypeAlias

import numpy as np

from fgbg.predictor.predicted import Predicted
from fgbg.predictor.predictor import Predictor
from fgbg.predictor.result_kinds import DEFAULT_KINDS
from fgbg.video.ahead import Ahead
from fgbg.video.camera import Camera
from fgbg.video.clip import Clip, Frame, VideoFile
from fgbg.video.kinds import refuse_results, result_paths
from fgbg.video.outputs import Output, open_output
from fgbg.video.plate import frame_plate, median_plate
from fgbg.video.steady import Steady
from fgbg.video.views import WHITE, Over, view_of
from fgbg.video.writer import holds_alpha
from generator.errors import ConfigError
from generator.progress import Progress

_PIXELS_AHEAD = 2**24
"""Pixels of the frames that wait between two threads."""
_FRAMES_AHEAD = 8


@dataclass(frozen=True)
class VideoRequest:
    """How a video is predicted.

    Attributes:
        results: what is written, see `fgbg.predictor.result_kinds`.
        form: mp4, webm, mov, or png for numbered files.
        bg: the view without the object: (h, w, 3) uint8; "median" of frames spread over the video; the number
            of a frame, from 1; None: there is none.
        bg_depth: reads the depth of the background (h, w, 3), as of `Predictor`; None if it is not known.
        smooth: share of the average over time where the picture is still, 0 to below 1.
        over: what cut-outs are laid over: a colour or (h, w, 3) uint8; None: they are transparent, or over
            white in mp4, which holds no transparency.
        mask_threshold: probability from which on a mask is 255, else 0; None: soft masks.
        overwrite: replace existing results.
    """

    results: tuple[str, ...] = DEFAULT_KINDS
    form: str = "mp4"
    bg: "np.ndarray | str | int | None" = None
    bg_depth: Callable[[np.ndarray], np.ndarray] | None = None
    smooth: float = 0.0
    over: Over | None = None
    mask_threshold: float | None = None
    overwrite: bool = False


@dataclass
class VideoDone:
    """A video that was predicted.

    Attributes:
        name: of the video, or camera:N.
        files: what was written, by kind; folders for png.
        frames: number of frames that were predicted.
        stopped: whether Ctrl-C ended it before the video did.
        bg_moved: the largest motion of the background in any frame, see `Predicted`.
        strangers: number of frames that the background does not fit, which are predicted without it.
        remarks: lines about the video and its results.
    """

    name: str
    files: dict[str, Path] = field(default_factory=dict)
    frames: int = 0
    stopped: bool = False
    bg_moved: float = 0
    strangers: int = 0
    remarks: list[str] = field(default_factory=list)


_Item: TypeAlias = tuple[Frame, Predicted]


def predict_video(
    predictor: Predictor, source: Path | int, base: Path, request: VideoRequest = VideoRequest()
) -> VideoDone:
    """Predict every frame of a video, and write the results with its times and its sound.

    Ctrl-C ends the video after the frames that were read: the results are complete files of these. A second
    Ctrl-C removes them. Results appear when they are complete; PNG files one by one.

    Args:
        predictor: the network.
        source: a video file, or the number of a camera.
        base: path of the results without suffix, see `result_paths`.
        request: what is written.

    Raises:
        AssetError: the video cannot be read, or it has another aspect than the background.
        ExistsError: a result exists already, and `request.overwrite` is False.
        ConfigError: the network takes no background, or there is no median of a camera.
        DiskSpaceError: the disk is full.
    """
    paths = result_paths(base, request.results, request.form)
    refuse_results(paths.values(), request.form, request.overwrite)
    clip: Clip = VideoFile(source) if isinstance(source, Path) else Camera(source)
    done, stop = VideoDone(clip.name), Event()
    frames = clip.frames()
    bg, first = _plate(source, frames, request.bg)
    depth = None if bg is None or request.bg_depth is None else request.bg_depth(bg)
    size = max(1, min(_FRAMES_AHEAD, _PIXELS_AHEAD // first.picture[..., 0].size))
    read = Ahead(_until(stop, frames, first), size)
    predicted = Ahead(_predicted(predictor, read, bg, depth), size)
    steadied = Ahead(_steadied(predicted, request), size)
    written = Ahead(_written(steadied, paths, clip, request, done, stop), size)
    with Progress(f"predicting {clip.name}", clip.count, "frames") as progress, closing(written):
        _wait(written, progress, stop)
    done.stopped = stop.is_set()
    done.remarks += clip.remarks
    return done


def _wait(written: Ahead[int], progress: Progress, stop: Event) -> None:
    """Wait until all is written; Ctrl-C sets `stop`, and all that was read is still written."""
    ended = False
    while not ended:
        try:
            for count in written:
                progress.advance(count)
            ended = True
        except KeyboardInterrupt:
            if stop.is_set():
                raise
            stop.set()


def _plate(
    source: Path | int, frames: Generator[Frame, None, None], bg: "np.ndarray | str | int | None"
) -> "tuple[np.ndarray | None, Frame]":
    """The background, and the first frame that is predicted."""
    if isinstance(source, int) and isinstance(bg, str):
        fix = "give a picture, or frame:N"
        raise ConfigError("`bg`", "a picture or frame:N for a camera", bg, fix)
    if isinstance(source, int) and isinstance(bg, int):
        for number, frame in enumerate(frames, 1):
            if number == bg:
                return frame.picture, frame
    if isinstance(source, Path) and isinstance(bg, int):
        bg = frame_plate(source, bg)
    if isinstance(source, Path) and isinstance(bg, str):
        bg = median_plate(source)
    first = next(frames)
    assert not isinstance(bg, str | int)
    return bg, first


def _until(stop: Event, frames: Generator[Frame, None, None], first: Frame) -> Generator[Frame, None, None]:
    with closing(frames):
        for frame in chain([first], frames):
            if stop.is_set():
                return
            yield frame


def _predicted(
    predictor: Predictor, frames: Ahead[Frame], bg: np.ndarray | None, depth: np.ndarray | None
) -> Generator[_Item, None, None]:
    waiting: deque[Frame] = deque()

    def pictures() -> Iterator[np.ndarray]:
        for frame in frames:
            waiting.append(frame)
            yield frame.picture

    with closing(frames):
        for predicted in predictor.predict_many(pictures(), bg, video=True, bg_depths=depth):
            yield waiting.popleft(), predicted


def _steadied(items: Ahead[_Item], request: VideoRequest) -> Generator[_Item, None, None]:
    steady = Steady(request.smooth)
    with closing(items):
        for frame, predicted in items:
            if request.smooth:
                predicted = steady(frame.picture, predicted)
            if request.mask_threshold is not None:
                predicted = predicted.with_threshold(request.mask_threshold)
            yield frame, predicted


def _written(
    items: Ahead[_Item],
    paths: Mapping[str, Path],
    clip: Clip,
    request: VideoRequest,
    done: VideoDone,
    stop: Event,
) -> Generator[int, None, None]:
    """Write all results; gives 1 for each frame."""
    with closing(items), ExitStack() as files:
        outputs: list[Output] | None = None
        for frame, predicted in items:
            if outputs is None:
                if predicted.depth is None and "depth" in paths:
                    done.remarks.append(f"{clip.name}: the network has no depth head, so no depth is written")
                shown = {
                    result: path
                    for result, path in paths.items()
                    if result != "depth" or predicted.depth is not None
                }
                outputs = _open(shown, clip, request, done, files)
                done.files = shown
            for output in outputs:
                output.put(frame, predicted)
            done.frames += 1
            done.bg_moved = max(done.bg_moved, predicted.bg_moved)
            done.strangers += predicted.bg_unused is not None
            yield 1
        for output in outputs or []:
            output.finish(whole=not stop.is_set())
            done.remarks += output.remarks


def _open(
    paths: Mapping[str, Path], clip: Clip, request: VideoRequest, done: VideoDone, files: ExitStack
) -> list[Output]:
    outputs = []
    for result, path in paths.items():
        over = request.over
        if result == "cutout" and over is None and not holds_alpha(request.form):
            over = WHITE
            done.remarks.append(
                f"{path}: over white, because MP4 holds no transparency; `over` takes another background, and"
                " `format=webm` or `format=mov` keep it transparent"
            )
        view = view_of(result, request.form == "png", over)
        outputs.append(files.enter_context(open_output(path, request.form, view, clip)))
    return outputs
