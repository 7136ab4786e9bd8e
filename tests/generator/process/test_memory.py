import sys

import pytest

from generator.process.memory import physical_memory


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell")
def test_the_machine_has_some_memory() -> None:
    memory = physical_memory()
    assert memory is not None and 2**28 < memory < 2**50
