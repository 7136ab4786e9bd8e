import subprocess
import sys

import pytest

from generator.process.memory import physical_memory


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell")
def test_the_machine_has_some_memory() -> None:
    memory = physical_memory()
    assert memory is not None and 2**28 < memory < 2**50


@pytest.mark.skipif(sys.platform != "linux", reason="the allocator of Linux")
def test_freed_memory_is_used_again() -> None:
    """In a process of its own, because it holds for the whole process."""
    script = (
        "import resource, sys; from generator.process.memory import keep_freed_memory\n"
        "import numpy as np\n"
        "def faults():\n"
        "    for _ in range(50): [np.zeros(2**20, np.uint8) + 1 for _ in range(3)]\n"
        "    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "sys.exit(3) if not keep_freed_memory() else None\n"
        "faults(); before = faults(); print(faults() - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    if done.returncode == 3:
        pytest.skip("not glibc")
    # 150 MB are 38,400 pages.
    assert int(done.stdout) < 2000, done.stderr
