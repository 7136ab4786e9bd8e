import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from generator.errors import AssetError
from generator.process.isolated import IsolatedProcess, NoAnswerError, OnDemandProcess


def work(request: Any) -> Any:
    """The work that the tests request from the process."""
    if request == "sleep":
        time.sleep(600)
    if request == "die":
        os._exit(3)
    if request == "refuse":
        raise AssetError("a.onnx", "b", "c", "d")
    if request == "fail":
        raise KeyError("x")
    return os.getpid(), request


def gone(pid: int) -> bool:
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_one_process_answers_until_it_is_ended() -> None:
    process = IsolatedProcess(work)
    (pid, answer), (again, _) = process.ask([1, "a"], 60), process.ask(None, 60)
    assert pid == again != os.getpid() and answer == [1, "a"]
    with pytest.raises(AssetError, match=r"a\.onnx: expected b, found c; d"):
        process.ask("refuse", 60)
    with pytest.raises(NoAnswerError, match="'x'"):
        process.ask("fail", 60)
    assert process.ask(None, 60)[0] == pid and process.alive
    began = time.monotonic()
    with pytest.raises(NoAnswerError, match=r"none within 0\.2 seconds"):
        process.ask("sleep", 0.2)
    assert time.monotonic() - began < 10 and not process.alive and gone(pid)
    with pytest.raises(NoAnswerError, match="the end of its process"):
        process.ask(None, 60)
    process.end()


def test_a_process_that_dies_is_noticed_at_once() -> None:
    process = OnDemandProcess(work)
    first, _ = process.ask(None, 60)
    with pytest.raises(NoAnswerError, match="the end of its process"):
        process.ask("die", 60)
    second, _ = process.ask(None, 60)
    assert gone(first) and second != first


@pytest.mark.skipif(os.name == "nt", reason="sends signals")
def test_ctrl_c_ends_the_process() -> None:
    process = IsolatedProcess(work)
    pid, _ = process.ask(None, 60)
    timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        process.ask("sleep", 60)
    timer.join()
    assert gone(pid)


_ORPHAN = """
import sys
sys.path.insert(0, {folder!r})
from test_isolated import IsolatedProcess, work
if __name__ == "__main__":
    process = IsolatedProcess(work)
    print(process.ask(None, 60)[0], flush=True)
    process.ask("sleep", 600)
"""


@pytest.mark.skipif(os.name == "nt", reason="sends signals")
def test_no_process_outlives_the_one_that_started_it(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(_ORPHAN.format(folder=str(Path(__file__).parent)))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    assert gone(pid)


def test_a_script_without_its_guard_is_told(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        _ORPHAN.format(folder=str(Path(__file__).parent)).replace("if __name__", "if True or __name__")
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, env=environment, timeout=60
    )
    assert done.returncode and "A script needs 'if __name__ == \"__main__\":'" in done.stderr
