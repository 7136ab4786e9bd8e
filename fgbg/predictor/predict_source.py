"""Predict the pictures of a source, and give the results to a sink."""

from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field

from fgbg.predictor.predict_many import PIXELS_IN_FLIGHT, Outcome, predict_many
from fgbg.predictor.predicted import Predicted
from fgbg.predictor.predictor import Predictor
from fgbg.predictor.sinks import SINK_ERRORS, Sink, Written
from fgbg.predictor.sources import Source

_WRITERS = 2


@dataclass(frozen=True)
class Done:
    """A picture that was predicted and written, or failed.

    Attributes:
        name: of the picture.
        predicted: None if it failed.
        written: what the sink made of it; empty if it failed.
        error: one of `PICTURE_ERRORS` or `SINK_ERRORS`; None if it did not fail.
    """

    name: str
    predicted: Predicted | None = None
    written: Written = field(default_factory=Written)
    error: Exception | None = None


def predict_source(predictor: Predictor, source: Source, sink: Sink) -> Generator[Done, None, None]:
    """Predict every picture of a source; the sink writes in threads while the network runs.

    Closing the iterator ends the threads, after the results that are being written.

    Yields:
        Each picture in order, when its results are written.

    Raises:
        ConfigError: there is a background, and the network takes none.
        DiskSpaceError: the disk is full.
    """
    pool = ThreadPoolExecutor(_WRITERS, "fgbg-write")
    writing: deque[tuple[int, Future[Done]]] = deque()
    try:
        with closing(predict_many(predictor, source, with_pictures=sink.draws)) as outcomes:
            for outcome in outcomes:
                pixels = 0 if outcome.predicted is None else outcome.predicted.mask.size
                while writing and (
                    len(writing) > _WRITERS or pixels + sum(size for size, _ in writing) > PIXELS_IN_FLIGHT
                ):
                    yield writing.popleft()[1].result()
                writing.append((pixels, pool.submit(_write, sink, outcome)))
                del outcome
                # A very large picture is written before the next one is read.
                while writing and pixels > PIXELS_IN_FLIGHT:
                    yield writing.popleft()[1].result()
        while writing:
            yield writing.popleft()[1].result()
    finally:
        pool.shutdown(cancel_futures=True)


def _write(sink: Sink, outcome: Outcome) -> Done:
    if outcome.predicted is None:
        return Done(outcome.name, error=outcome.error)
    try:
        written = sink.write(outcome.name, outcome.picture, outcome.predicted)
    except SINK_ERRORS as error:
        return Done(outcome.name, error=error)
    return Done(outcome.name, outcome.predicted, written)
