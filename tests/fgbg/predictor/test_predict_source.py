import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fgbg.predictor import Predicted, Predictor
from fgbg.predictor import predict_source as predicting
from fgbg.predictor.predict_source import predict_source
from fgbg.predictor.sinks import Written
from fgbg.predictor.sources import FileSource, Given, NamedPicture
from generator.errors import DiskSpaceError, ImageError


class Frames:
    """A source that does not know its number of pictures."""

    count = None

    def __init__(self, sizes: list[tuple[int, int]]) -> None:
        self._sizes = sizes
        self.taken = 0

    def __iter__(self) -> Iterator[NamedPicture]:
        for number, size in enumerate(self._sizes):
            self.taken += 1
            yield NamedPicture(f"frame {number}", np.zeros((*size, 3), np.uint8))


class Memory:
    """A sink that keeps its results, and fails if the test asks for it."""

    def __init__(self, errors: dict[str, Exception] | None = None, seconds: float = 0) -> None:
        self._errors, self._seconds = errors or {}, seconds
        self.written: dict[str, tuple[int, ...]] = {}
        self.begun = 0

    draws = True

    def write(self, name: str, picture: np.ndarray, predicted: Predicted) -> Written:
        self.begun += 1
        time.sleep(self._seconds)
        if name in self._errors:
            raise self._errors[name]
        assert picture.shape[:2] == predicted.mask.shape
        self.written[name] = predicted.mask.shape
        return Written({"mask": Path(f"kept {name}")})


def test_everything_of_a_source_comes_to_the_sink_and_is_told_in_order(drawn: Predictor) -> None:
    sizes = [(8, 8 + number % 3) for number in range(20)]
    sink = Memory()
    done = list(predict_source(drawn, Frames(sizes), sink))
    assert [one.name for one in done] == [f"frame {number}" for number in range(20)]
    assert [str(one.written) for one in done] == [f"kept frame {number}" for number in range(20)]
    assert [one.predicted.mask.shape for one in done] == sizes == [sink.written[one.name] for one in done]


def test_an_error_of_one_picture_or_of_one_result_leaves_the_others(drawn: Predictor, tmp_path: Path) -> None:
    source = FileSource([Given(tmp_path, Path("missing.png"))])
    (failed,) = predict_source(drawn, source, Memory())
    assert source.count == 1 and failed.name == str(tmp_path / "missing.png")
    assert isinstance(failed.error, ImageError) and failed.predicted is None and failed.written == Written()
    sink = Memory({"frame 1": PermissionError(13, "not yours"), "frame 2": MemoryError()})
    done = list(predict_source(drawn, Frames([(8, 8)] * 4), sink))
    assert [type(one.error) for one in done] == [type(None), PermissionError, MemoryError, type(None)]


@pytest.mark.parametrize("error", [DiskSpaceError("a", "room", "none", "make room"), ZeroDivisionError()])
def test_any_other_error_ends_the_work(drawn: Predictor, error: Exception) -> None:
    frames = Frames([(8, 8)] * 100)
    results = predict_source(drawn, frames, Memory({"frame 1": error}))
    assert next(results).name == "frame 0"
    with pytest.raises(type(error)):
        list(results)
    assert frames.taken < 40
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("fgbg-")]


def test_results_wait_for_the_sink(drawn: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    frames, sink = Frames([(8, 8)] * 40), Memory(seconds=0.002)
    for given, _ in enumerate(predict_source(drawn, frames, sink)):
        assert frames.taken - given <= 2 * 8 + 4 or frames.taken == 40
    # Large pictures are written one by one.
    monkeypatch.setattr(predicting, "PIXELS_IN_FLIGHT", 100)
    frames, sink = Frames([(8, 8)] * 10), Memory(seconds=0.002)
    for given, _ in enumerate(predict_source(drawn, frames, sink)):
        assert sink.begun <= given + 1
    # A very large picture is read only after the one before it was written.
    monkeypatch.setattr("fgbg.predictor.predict_many.PIXELS_IN_FLIGHT", 100)
    frames, sink = Frames([(8, 13)] * 10), Memory(seconds=0.002)
    for given, _ in enumerate(predict_source(drawn, frames, sink)):
        # One more picture was read, to see its size.
        assert len(sink.written) == given + 1 and frames.taken <= given + 2


def test_closing_it_leaves_no_thread(drawn: Predictor) -> None:
    frames, sink = Frames([(8, 8)] * 100), Memory(seconds=0.01)
    results = predict_source(drawn, frames, sink)
    next(results)
    results.close()
    assert frames.taken < 40 and len(sink.written) < 10
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("fgbg-")]
