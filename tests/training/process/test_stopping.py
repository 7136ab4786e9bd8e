import signal
import threading
from pathlib import Path

import pytest

from training.errors import StoppedError
from training.process.fabric import Fabric
from training.process.stopping import SaveClock, StopRequest


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_is_noted_and_told_with_where_to_go_on(number: signal.Signals, code: int) -> None:
    before = signal.getsignal(number)
    fabric = Fabric(accelerator="cpu", devices=1)
    with StopRequest() as stop:
        assert not stop.agree(fabric, 7)
        signal.raise_signal(number)
        assert stop.agree(fabric, 7)
        error = stop.error(Path("outputs/last.pt"), 7, 1200)
    saved = "saved to outputs/last.pt; continue with 'fgbg train `resume=True`'"
    assert str(error) == f"stopped after step 7 of 1,200, {saved}"
    assert error.exit_code == code
    assert signal.getsignal(number) is before


def test_where_to_go_on_names_another_folder() -> None:
    error = StoppedError(Path("my runs/a/last.pt"), 7, 9, signal.SIGTERM)
    assert str(error).endswith("continue with 'fgbg train `resume=True` `out=my runs/a`'")


def test_a_second_signal_is_not_held_back() -> None:
    with StopRequest():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_another_thread_leaves_signals_alone() -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    def enter() -> None:
        with StopRequest():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [before]


def test_saving_by_steps() -> None:
    clock = SaveClock("3")
    assert [step for step in range(1, 10) if clock.is_due(step)] == [3, 6, 9]


def test_saving_by_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    clock, due = SaveClock("2m"), []
    for step in range(1, 9):
        now += 50
        if clock.is_due(step):
            due.append(step)
    assert due == [3, 6]
