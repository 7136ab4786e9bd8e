"""Reading ahead in a thread keeps the order, passes on errors, and takes little memory."""

import threading
import time
from collections.abc import Generator

import pytest

from fgbg.video.ahead import Ahead


def count(end: int, log: list[int] | None = None) -> Generator[int, None, None]:
    try:
        for number in range(end):
            if log is not None:
                log.append(number)
            yield number
    finally:
        if log is not None:
            log.append(-1)


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("fgbg-")]


def test_it_gives_all_items_in_order() -> None:
    assert list(Ahead(Ahead(count(100), 3), 2)) == list(range(100))
    assert not threads()


def test_an_error_comes_after_the_items_before_it() -> None:
    def broken() -> Generator[int, None, None]:
        yield from count(3)
        raise OSError("broken")

    items = Ahead(broken(), 8)
    assert [next(items) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(OSError, match="broken"):
        next(items)


def test_no_more_than_its_size_waits() -> None:
    log: list[int] = []
    items = Ahead(count(100, log), 4)
    time.sleep(0.3)
    # Four are waiting, and one is being used.
    assert log == [0, 1, 2, 3, 4]
    items.close()
    assert log == [0, 1, 2, 3, 4, -1] and not threads()
