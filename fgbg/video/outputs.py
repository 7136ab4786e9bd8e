"""The results of one video, each written in a thread of its own."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from fgbg.predictor.predicted import Predicted
from fgbg.video.clip import Clip, Frame
from fgbg.video.views import View
from fgbg.video.writer import PngWriter, Writer, video_writer

_FRAMES_AHEAD = 4


class Output:
    """Takes frames in order, and writes one result of them.

    Args:
        writer: of the result.
        view: what the result shows.
        pool: a single thread.
    """

    def __init__(self, writer: Writer, view: View, pool: ThreadPoolExecutor) -> None:
        self._writer, self._view, self._pool = writer, view, pool
        self._pending: deque[Future[None]] = deque()

    @property
    def remarks(self) -> list[str]:
        """Lines about the result, complete after `finish`."""
        return self._writer.remarks

    def put(self, frame: Frame, predicted: Predicted) -> None:
        """Write a frame, soon; waits while too many frames are waiting.

        Raises:
            Exception: the error of an earlier frame.
        """
        while len(self._pending) >= _FRAMES_AHEAD:
            self._pending.popleft().result()
        self._pending.append(self._pool.submit(self._write, frame, predicted))

    def finish(self, whole: bool) -> None:
        """Wait for all frames, and write what is left; see `Writer.finish`."""
        while self._pending:
            self._pending.popleft().result()
        self._pool.submit(self._writer.finish, whole).result()

    def _write(self, frame: Frame, predicted: Predicted) -> None:
        self._writer.write(self._view(frame.picture, predicted), frame.time, frame.duration)


@contextmanager
def open_output(path: Path, form: str, view: View, clip: Clip) -> Iterator[Output]:
    """Begin a result. A video appears at the end of the block; if the block raises an error, none appears.

    Args:
        path: of the video, or the folder of numbered PNG files.
        form: mp4, webm, mov or png.
        view: what the result shows.
        clip: where times and sound come from.
    """
    if form == "png":
        with _in_thread(PngWriter(path), view) as output:
            yield output
    else:
        with video_writer(path, form, clip) as writer, _in_thread(writer, view) as output:
            yield output


@contextmanager
def _in_thread(writer: Writer, view: View) -> Iterator[Output]:
    pool = ThreadPoolExecutor(1, "fgbg-write")
    try:
        yield Output(writer, view, pool)
    finally:
        pool.shutdown(cancel_futures=True)
