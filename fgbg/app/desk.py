"""The desk that answers requests for predictions one at a time, and keeps little in memory."""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from blake3 import blake3

from fgbg.app.offers import require_inside
from fgbg.app.uploads import Upload
from fgbg.app.view import View, make_view
from fgbg.predictor import Predicted, Predictor
from generator.format.manifest import MANIFEST_FILE, MaskEntry
from generator.reading.batch import Sample
from generator.reading.dataset import Dataset, open_dataset
from generator.reading.selection import filled_split
from generator.splits import SplitName
from training.target import require_same

MOST_BYTES = 2**29
"""Answers that are kept take at most this much memory, apart from the last one."""


@dataclass(frozen=True)
class SampleRequest:
    """A sample of a dataset to predict.

    Attributes:
        folder: of the dataset.
        subset: the split.
        row: number of the sample in the split.
        with_bg: whether the network gets its background.
    """

    folder: Path
    subset: SplitName
    row: int
    with_bg: bool

    @property
    def stem(self) -> str:
        """The beginning of the names of its files."""
        return f"{self.subset}-{self.row}"


@dataclass(frozen=True)
class UploadRequest:
    """An uploaded picture to predict, with the uploaded background if there is one."""

    picture: Upload
    bg: Upload | None

    @property
    def stem(self) -> str:
        """The beginning of the names of its files."""
        return self.picture.stem


Request = SampleRequest | UploadRequest


@dataclass(frozen=True, eq=False)
class Answer:
    """A picture with its prediction.

    Attributes:
        picture: (H, W, 3) uint8.
        predicted: its mask and depth.
        entry: the meaning of the true mask, or of the predicted one if there is no truth.
        truth: the sample that was predicted; None for an upload.
        view: the same, as large as the page shows it.
        seconds: the time that prediction took.
    """

    picture: np.ndarray
    predicted: Predicted
    entry: MaskEntry
    truth: Sample | None
    view: View
    seconds: float

    @property
    def bytes(self) -> int:
        """How much memory it takes."""
        depth = 0 if self.predicted.depth is None else self.predicted.depth.nbytes
        return self.picture.nbytes + self.predicted.mask.nbytes + depth + self.view.bytes


class Desk:
    """Loads networks, opens datasets and predicts, for all users of the page.

    One request is answered after another, so that memory does not grow with the number of users. One network
    and one dataset are kept, and the latest answers.

    Args:
        device: as of `Predictor.load`.
        mirror: as of `Predictor.load`.
        most_bytes: limit for the answers that are kept, apart from the last one.
    """

    def __init__(self, device: str = "auto", mirror: bool = True, most_bytes: int = MOST_BYTES) -> None:
        self._device, self._mirror, self._most_bytes = device, mirror, most_bytes
        self._lock = threading.RLock()
        self._answers: OrderedDict[object, Answer] = OrderedDict()
        self._predictor: tuple[object, Predictor] | None = None
        self._dataset: tuple[object, Dataset] | None = None

    def answer(self, network: Path, request: Request) -> Answer:
        """Predict, or give the answer that is kept.

        Raises:
            FgbgError: the network, the dataset or the picture cannot be used.
        """
        key = (_mark(network), _key(request))
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]
            answer = self._predict(self.predictor(network), request)
            self._answers[key] = answer
            while len(self._answers) > 1 and sum(kept.bytes for kept in self._answers.values()) > (
                self._most_bytes
            ):
                self._answers.popitem(last=False)
            return answer

    def predictor(self, network: Path) -> Predictor:
        """The network in a file; the file is read again if it has changed.

        Raises:
            CheckpointError, ConfigError: as `Predictor.load`.
        """
        with self._lock:
            mark = _mark(network)
            if self._predictor is None or self._predictor[0] != mark:
                self._predictor = None  # frees its memory before the next one is loaded
                self._predictor = mark, Predictor.load(network, None, self._device, self._mirror)
            return self._predictor[1]

    def dataset(self, folder: Path) -> Dataset:
        """The dataset in a folder; it is opened again if its manifest has changed.

        Raises:
            DatasetError: it cannot be used, or a link in it leads out of it.
        """
        with self._lock:
            mark = _mark(folder / MANIFEST_FILE)
            if self._dataset is None or self._dataset[0] != mark:
                self._dataset = None
                require_inside(folder)
                self._dataset = mark, open_dataset(folder, progress=False)
            return self._dataset[1]

    def _predict(self, predictor: Predictor, request: Request) -> Answer:
        truth, known_bg, entry = None, None, predictor.entry
        if isinstance(request, UploadRequest):
            picture = request.picture.decode()
            bg = None if request.bg is None else request.bg.decode()
        else:
            split = filled_split(self.dataset(request.folder), request.subset)
            require_same(request.folder, predictor.entry, split.mask)
            truth, entry = split[request.row], split.mask
            picture = truth.fg_bg
            known_bg = truth.bg if split.has_bg else None
            bg = known_bg if request.with_bg and predictor.engine.takes_bg else None
        began = time.perf_counter()
        predicted = predictor(picture, bg)
        seconds = time.perf_counter() - began
        view = make_view(picture, predicted, entry, bg if truth is None else known_bg, truth)
        return Answer(picture, predicted, entry, truth, view, seconds)


def _mark(path: Path) -> object:
    """What changes when a file is replaced."""
    try:
        found = path.stat()
    except OSError:
        return path, None
    return path, found.st_ino, found.st_size, found.st_mtime_ns


def _key(request: Request) -> object:
    if isinstance(request, SampleRequest):
        return request, _mark(request.folder / MANIFEST_FILE)
    uploads = [request.picture, *([] if request.bg is None else [request.bg])]
    return tuple(blake3(upload.content).digest() for upload in uploads)
