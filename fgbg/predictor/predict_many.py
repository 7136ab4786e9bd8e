"""Predict many pictures: read and restore in threads, run the network on batches, keep the order."""

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from PIL import Image

from fgbg.predictor.picture_input import as_rgb
from fgbg.predictor.predicted import Predicted
from fgbg.predictor.resize_input import NetworkInput, PlateJudge
from fgbg.predictor.sources import NamedPicture
from generator.assets.images import read_traits
from generator.errors import AssetError
from generator.workers import cores
from training.errors import DeviceMemoryError
from training.process.memory import is_out_of_memory

if TYPE_CHECKING:
    from fgbg.predictor.predictor import Predictor

MAX_BATCH = 8
"""Pictures in a batch if no number is given."""
PIXELS_IN_FLIGHT = 2**25
"""Pixels of all pictures that are read and not given yet; a larger picture is in flight alone. A pixel takes
6 bytes with mask and depth, and about as many again while it is written."""
PICTURE_ERRORS = (AssetError, DeviceMemoryError, MemoryError)
"""Errors of one picture; the pictures after it are predicted nevertheless."""

_MOST_THREADS = 8
_BATCH_PIXELS = 2**18
"""Pixels of a batch at the network's resolution if no number is given: larger batches are no faster on a CPU
and take more memory."""


@dataclass(frozen=True)
class Outcome:
    """The result of one picture.

    Attributes:
        name: of the picture.
        picture: (H, W, 3) uint8, the picture as it was read; None if it failed, or is not wanted.
        predicted: None if it failed.
        error: one of `PICTURE_ERRORS`; None if it did not fail.
    """

    name: str
    picture: np.ndarray | None = None
    predicted: Predicted | None = None
    error: Exception | None = None


def predict_many(
    predictor: "Predictor",
    pictures: Iterable[NamedPicture],
    batch: int | None = None,
    with_pictures: bool = False,
    video: bool = False,
) -> Generator[Outcome, None, None]:
    """Predict pictures. Threads read the next ones and restore the last ones while the network runs.

    Pictures of the same size at the network's resolution share a batch, if they are not far apart. At most
    twice as many pictures as a batch has are in flight, and at most `PIXELS_IN_FLIGHT` pixels. No thread is
    left when the iterator ends or is closed.

    Args:
        predictor: the network.
        pictures: iterated in the calling thread, as results are taken.
        batch: the largest number of pictures in a batch; None: chosen by the network's resolution.
        with_pictures: whether outcomes have their pictures. Without them, large files may be decoded smaller.
        video: whether the pictures are frames of one video, see `PlateJudge`.

    Yields:
        One outcome for each picture, in order.

    Raises:
        ConfigError: there is a background, and the network takes none.
    """
    pool = ThreadPoolExecutor(min(_MOST_THREADS, max(2, cores())), "fgbg-read")
    try:
        window = _Window(predictor, pictures, batch, pool, with_pictures, PlateJudge(video))
        while window.fill():
            yield window.pop()
    finally:
        pool.shutdown(cancel_futures=True)


_Read: TypeAlias = tuple[np.ndarray | None, NetworkInput]
"""A picture, if it is wanted, and what the network takes of it."""


class _Slot:
    """One picture in flight."""

    def __init__(self, name: str, pixels: int, reading: "Future[_Read]") -> None:
        self.name, self.pixels, self.reading = name, pixels, reading
        self.given: NetworkInput | None = None
        self.restoring: Future[Predicted] | None = None
        self.error: Exception | None = None

    @property
    def waits(self) -> bool:
        """Whether the network is still to see it."""
        return self.restoring is None and self.error is None

    def read(self) -> "_Read | None":
        """Wait until it is read; None if that failed."""
        try:
            return self.reading.result()
        except PICTURE_ERRORS as error:
            self.error = error
            return None

    def outcome(self) -> Outcome:
        """Wait until it is restored, if the network saw it."""
        read = self.read()
        if self.restoring is not None and read is not None:
            try:
                return Outcome(self.name, read[0], self.restoring.result())
            except PICTURE_ERRORS as error:
                self.error = error
        return Outcome(self.name, error=self.error)


class _Window:
    """The pictures in flight, in order: being read, read, or being restored and not given yet."""

    def __init__(
        self,
        predictor: "Predictor",
        pictures: Iterable[NamedPicture],
        batch: int | None,
        pool: ThreadPoolExecutor,
        with_pictures: bool,
        judge: PlateJudge,
    ) -> None:
        self._predictor, self._pool, self._with_pictures, self._judge = predictor, pool, with_pictures, judge
        self._rest = iter(pictures)
        # A picture of tiles fills batches itself.
        most = MAX_BATCH if predictor.tile is None else 1
        self._batch = batch or min(most, max(1, _BATCH_PIXELS // predictor.res**2))
        self._size = 2 * self._batch
        self._slots: deque[_Slot] = deque()
        self._next: tuple[NamedPicture, int] | None = None
        self._failure: Exception | None = None
        self._pillow = Lock()

    def fill(self) -> bool:
        """Begin to read pictures up to the limits; whether any is in flight.

        Raises:
            Exception: what the iterable of pictures raised, after the results of the pictures before.
        """
        while self._failure is None and len(self._slots) < self._size and self._take():
            assert self._next is not None
            given, pixels = self._next
            if self._slots and sum(slot.pixels for slot in self._slots) + pixels > PIXELS_IN_FLIGHT:
                break
            self._next = None
            self._slots.append(_Slot(given.name, pixels, self._pool.submit(self._read, given)))
        if not self._slots and self._failure is not None:
            raise self._failure
        return bool(self._slots)

    def pop(self) -> Outcome:
        """Take out the first picture in flight, with its result."""
        first = self._slots[0]
        if first.waits:
            self._see(self._group(whole=False))
        self._see_ahead(first)
        self._slots.popleft()
        return first.outcome()

    def _see_ahead(self, first: _Slot) -> None:
        """Run the network on the next batches until the first picture is restored."""
        while first.restoring is not None and not first.restoring.done():
            if ahead := self._group(whole=True):
                self._see(ahead)
                continue
            unread: list[Future[Any]] = [slot.reading for slot in self._slots if not slot.reading.done()]
            if not unread:
                return
            wait([*unread, first.restoring], return_when=FIRST_COMPLETED)

    def _take(self) -> bool:
        """Have the next picture at hand; whether there is one."""
        if self._next is None:
            try:
                given = next(self._rest, None)
            except Exception as error:
                self._failure = error
                return False
            self._next = None if given is None else (given, _pixels_of(given.picture))
        return self._next is not None

    def _read(self, given: NamedPicture) -> _Read:
        picture = given.picture
        if isinstance(picture, Image.Image):
            # The same picture may be given twice, and Pillow decodes it when it is first used.
            with self._pillow:
                picture = as_rgb(picture, given.name)
        depth = None if given.bg_depth is None else given.bg_depth()
        if not self._with_pictures:
            return None, self._predictor.prepare(picture, given.bg, given.name, depth)
        whole = as_rgb(picture, given.name)
        return whole, self._predictor.prepare(whole, given.bg, bg_depth=depth)

    def _group(self, whole: bool) -> list[tuple[_Slot, NetworkInput]]:
        """The first picture that the network is to see, and others of its size, as many as a batch has.

        Args:
            whole: empty unless a whole batch is read already; else wait for what is being read.
        """
        group: list[tuple[_Slot, NetworkInput]] = []
        for slot in self._slots:
            if not slot.waits:
                continue
            if whole and not slot.reading.done():
                return []
            read = slot.read()
            if read is not None and slot.given is None:
                # Slots are read in order here, which is the order of frames.
                slot.given = self._judge(read[1])
            if slot.given is not None and (not group or _fit_together(group[0][1], slot.given)):
                group.append((slot, slot.given))
            if len(group) == self._batch or (not group and slot is self._slots[0]):
                return group
        return [] if whole else group

    def _see(self, group: list[tuple[_Slot, NetworkInput]]) -> None:
        """Run the network on pictures of one size, in smaller batches if memory is short."""
        while group:
            part = group[: self._batch]
            if self._see_batch(part):
                group = group[len(part) :]
            elif len(part) > 1:
                self._batch = len(part) // 2
            else:
                part[0][0].error = DeviceMemoryError(self._predictor.device, self._predictor.res)
                group = group[1:]

    def _see_batch(self, group: list[tuple[_Slot, NetworkInput]]) -> bool:
        """Run the network on one batch; False if there is too little memory for it."""
        bgs = [given.bg for _, given in group if given.bg is not None]
        try:
            pictures = np.stack([given.fg_bg for _, given in group])
            answers = self._predictor.see(pictures, np.stack(bgs) if bgs else None)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            return False
        for number, (slot, given) in enumerate(group):
            slot.restoring = self._pool.submit(self._predictor.restore, answers.part(number), given)
        return True


def _fit_together(one: NetworkInput, other: NetworkInput) -> bool:
    return one.fg_bg.shape == other.fg_bg.shape and (one.bg is None) == (other.bg is None)


def _pixels_of(picture: object) -> int:
    """How many pixels a picture has; 0 if it cannot be read, which the reading thread will say."""
    if isinstance(picture, str | PathLike):
        try:
            return read_traits(Path(picture)).pixels
        except AssetError:
            return 0
    size = getattr(picture, "shape", ())[:2] or getattr(picture, "size", ())
    return int(np.prod(size))
