import sys
import time

import pytest

from fgbg.lost_ctrl_c import resent


class Interrupted:
    """Receives Ctrl-C while it is being destroyed."""

    def __del__(self) -> None:
        raise KeyboardInterrupt


def test_ctrl_c_in_a_destructor_still_stops() -> None:
    before = sys.unraisablehook
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), resent():
        Interrupted()
        time.sleep(10)
    assert time.monotonic() - began < 5
    assert sys.unraisablehook is before


def test_other_failures_of_destructors_are_reported_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[type[BaseException]] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: seen.append(unraisable.exc_type))

    class Broken:
        def __del__(self) -> None:
            raise ValueError

    with resent():
        Broken()
    assert seen == [ValueError]
