"""Run an iterator in a thread of its own, a few items ahead of whoever takes them."""

import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from queue import Empty, Full, Queue
from typing import Any, Generic, TypeVar, cast

Item = TypeVar("Item")

_WAIT = 0.1
"""Seconds between two looks at whether the other side has ended."""
_END = object()


class Ahead(Iterator[Item], Generic[Item]):
    """The items of an iterator, in order, taken from it in a thread that begins at once.

    An error of the iterator is raised after the items before it. Ctrl-C while waiting for an item loses
    none: the next call gives it.

    Args:
        items: closed in the thread when it ends, or when this is closed.
        size: how many items may wait to be taken.
    """

    def __init__(self, items: "Generator[Item, None, None] | Ahead[Item]", size: int) -> None:
        self._items = items
        self._queue = Queue[Any](max(1, size))
        self._closed = threading.Event()
        self._end: BaseException | None = None
        self._thread = threading.Thread(target=self._fill, name="fgbg-video", daemon=True)
        self._thread.start()

    def __next__(self) -> Item:
        while True:
            try:
                item = self._queue.get(timeout=_WAIT)
            except Empty:
                if self._thread.is_alive() or not self._queue.empty():
                    continue
                item = _END
            if item is not _END:
                return cast(Item, item)
            self._thread.join()
            raise self._end or StopIteration

    def close(self) -> None:
        """End the thread, after the item at which it works."""
        self._closed.set()
        self._thread.join()

    def _fill(self) -> None:
        try:
            with closing(self._items):
                for item in self._items:
                    if not self._put(item):
                        return
        except BaseException as error:
            self._end = error
        self._put(_END)

    def _put(self, item: object) -> bool:
        """Wait until there is room; False if nobody takes items any more."""
        while not self._closed.is_set():
            try:
                self._queue.put(item, timeout=_WAIT)
            except Full:
                continue
            return True
        return False
