import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import fgbg.app.desk
from fgbg.app.desk import Desk, SampleRequest, UploadRequest
from fgbg.app.uploads import Upload
from fgbg.predictor import Predicted
from generator.errors import ImageError, UsageError
from generator.format.manifest import AlphaMask, ClassMask
from tests.fgbg.app.conftest import png


@dataclass
class Watched:
    """Replaces a Predictor. It counts its calls, and how many of them run at the same time."""

    entry: AlphaMask | ClassMask = field(default_factory=AlphaMask)
    takes_bg: bool = True
    calls: list[tuple[int, ...] | None] = field(default_factory=list)
    loaded: list[Path] = field(default_factory=list)
    running: int = 0
    most_running: int = 0

    @property
    def engine(self) -> SimpleNamespace:
        return SimpleNamespace(takes_bg=self.takes_bg)

    def load(self, path: Path, *_: object) -> "Watched":
        self.loaded.append(path)
        return self

    def __call__(self, picture: np.ndarray, bg: np.ndarray | None) -> Predicted:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        self.calls.append(None if bg is None else bg.shape)
        time.sleep(0.001)
        self.running -= 1
        height, width = picture.shape[:2]
        return Predicted(np.zeros((height, width), np.uint8), np.ones((height, width), np.uint16))


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    predictor = Watched()
    monkeypatch.setattr(fgbg.app.desk, "Predictor", predictor)
    yield predictor


@pytest.fixture
def network(tmp_path: Path) -> Path:
    path = tmp_path / "best.pt"
    path.write_bytes(b"1")
    return path


def asked(content: bytes, bg: bytes | None = None) -> UploadRequest:
    return UploadRequest(Upload("a.png", content), None if bg is None else Upload("b.png", bg))


def test_50_requests_at_once_are_answered_one_at_a_time(watched: Watched, network: Path) -> None:
    desk, begin = Desk(), threading.Barrier(50)

    def ask(number: int) -> tuple[int, ...]:
        begin.wait()
        return desk.answer(network, asked(png(10 + number, 10))).predicted.mask.shape

    with ThreadPoolExecutor(50) as pool:
        sizes = list(pool.map(ask, range(50)))
    assert sizes == [(10, 10 + number) for number in range(50)]
    assert watched.most_running == 1 and len(watched.calls) == 50 and len(watched.loaded) == 1


def test_an_answer_is_kept_until_memory_is_short(watched: Watched, network: Path) -> None:
    # An answer takes 3 + 1 + 2 bytes for each pixel, and its view 6.
    desk = Desk(most_bytes=2 * 32 * 32 * 12)
    for size in (30, 31, 30, 31, 32, 31, 30):
        desk.answer(network, asked(png(size, size)))
    # When 32 came, 30 was the oldest.
    assert len(watched.calls) == 4


def test_the_last_answer_is_kept_however_large(watched: Watched, network: Path) -> None:
    desk = Desk(most_bytes=1)
    assert desk.answer(network, asked(png())) is desk.answer(network, asked(png()))


def test_requests_with_another_background_or_network_are_others(watched: Watched, network: Path) -> None:
    desk = Desk()
    desk.answer(network, asked(png()))
    desk.answer(network, asked(png(), bg=png()))
    desk.answer(network, asked(png(), bg=png()))
    assert watched.calls == [None, (32, 48, 3)]
    network.write_bytes(b"another")
    desk.answer(network, asked(png()))
    assert len(watched.calls) == 3 and len(watched.loaded) == 2


def test_a_refused_picture_leaves_the_desk_free(watched: Watched, network: Path) -> None:
    desk = Desk()
    with pytest.raises(ImageError):
        desk.answer(network, asked(b"<svg/>"))
    assert desk.answer(network, asked(png())).view.picture.shape == (32, 48, 3)


def test_a_sample_has_its_truth_and_its_background(watched: Watched, network: Path, unrendered: Path) -> None:
    desk = Desk()
    answer = desk.answer(network, SampleRequest(unrendered, "val", 3, with_bg=True))
    stored = desk.dataset(unrendered)["val"][3]
    assert answer.truth is not None and np.array_equal(answer.truth.mask, stored.mask)
    assert np.array_equal(answer.picture, stored.fg_bg)
    desk.answer(network, SampleRequest(unrendered, "val", 3, with_bg=False))
    watched.takes_bg = False
    desk.answer(network, SampleRequest(unrendered, "val", 4, with_bg=True))
    assert watched.calls == [(24, 32, 3), None, None]


def test_a_dataset_of_other_masks_is_refused(watched: Watched, network: Path, unrendered: Path) -> None:
    watched.entry = ClassMask(names=["a", "b"], colours=[[0, 0, 0], [9, 9, 9]])
    with pytest.raises(UsageError, match="expected masks of 2 classes"):
        Desk().answer(network, SampleRequest(unrendered, "val", 0, with_bg=True))


def test_a_dataset_stays_open_until_another_is_asked_for(unrendered: Path, rendered: Path) -> None:
    desk = Desk()
    first = desk.dataset(unrendered)
    assert desk.dataset(unrendered) is first
    assert desk.dataset(rendered) is not first and desk.dataset(unrendered) is not first
