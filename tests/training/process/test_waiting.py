import os
import signal
import subprocess
import sys
import time

import pytest

from training.errors import RunError
from training.process import waiting
from training.process.waiting import awaited, waiting_for_others


@pytest.fixture
def exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment variables that Fabric sets before it waits."""
    monkeypatch.setenv("MASTER_ADDR", "10.0.0.1")
    monkeypatch.setenv("MASTER_PORT", "29500")
    for name in ("NODE_RANK", "GROUP_RANK", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("exchange")
def test_the_first_machine_says_how_the_others_find_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert awaited(2).startswith("waiting for the other machine to connect to 10.0.0.1:29500. ")
    assert "NODE_RANK 1 to 3." in awaited(4)
    monkeypatch.setenv("NODE_RANK", "1")
    assert awaited(2) == "waiting for the first machine at 10.0.0.1:29500 (MASTER_ADDR:MASTER_PORT)"


@pytest.mark.usefixtures("exchange")
@pytest.mark.parametrize(
    ("devices", "nodes", "rank", "speaks"), [(1, 2, "0", True), (1, 2, "1", False), (2, 1, "0", False)]
)
def test_only_a_long_wait_for_other_machines_is_reported_once_a_machine(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    devices: int,
    nodes: int,
    rank: str,
    speaks: bool,
) -> None:
    monkeypatch.setenv("LOCAL_RANK", rank)
    with waiting_for_others(devices, nodes):
        pass
    monkeypatch.setattr(waiting, "WAIT_SECONDS", 0.0)
    with waiting_for_others(devices, nodes):
        time.sleep(0.1)
    assert capsys.readouterr().err.count("waiting for the other machine") == speaks


@pytest.mark.usefixtures("exchange")
def test_machines_that_never_come_end_the_run_in_one_line() -> None:
    with (
        pytest.raises(
            RunError, match=r"^10\.0\.0\.1:29500: expected 4 processes to connect, found fewer \(Timed"
        ),
        waiting_for_others(2, 2),
    ):
        raise RuntimeError("Timed out\nafter 1801 seconds")


@pytest.mark.skipif(not hasattr(os, "setsid"), reason="Windows ends a process by other means")
def test_ctrl_c_ends_the_wait_and_is_heard_as_before_after_it() -> None:
    before = signal.getsignal(signal.SIGINT)
    with waiting_for_others(1, 2):
        pass
    assert signal.getsignal(signal.SIGINT) is before
    code = (
        "import signal; from training.process.waiting import waiting_for_others\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "with waiting_for_others(1, 2):\n"
        "    try: signal.raise_signal(signal.SIGINT)\n"
        "    except KeyboardInterrupt: pass\n"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == -signal.SIGINT
