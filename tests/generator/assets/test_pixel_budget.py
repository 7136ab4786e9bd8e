import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from generator.assets import pixel_budget
from generator.assets.pixel_budget import PixelBudget


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixel_budget, "_FEWEST", 10)
    monkeypatch.setattr(pixel_budget, "_EACH", 1)


def test_small_pictures_are_read_side_by_side() -> None:
    shared = PixelBudget(2)
    both = threading.Barrier(2, timeout=10)

    def read() -> int:
        with shared.taking(5):
            return both.wait()

    with ThreadPoolExecutor(2) as workers:
        assert sorted(future.result() for future in [workers.submit(read) for _ in range(2)]) == [0, 1]


@pytest.mark.parametrize("pixels", [6, 10, 1000])
def test_large_ones_alone(pixels: int) -> None:
    shared, most = PixelBudget(4), []
    now: set[int] = set()

    def read(number: int) -> None:
        with shared.taking(pixels):
            now.add(number)
            time.sleep(0.001)
            most.append(len(now))
            now.discard(number)

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(read, range(40)))
    assert most == [1] * 40


def test_what_was_taken_comes_back_after_a_failure() -> None:
    shared = PixelBudget(1)
    for _ in range(3):
        with pytest.raises(ValueError, match="damaged"), shared.taking(99):
            raise ValueError("damaged")
    with shared.taking(10):
        pass
