"""Running faults one by one, with a line on each; shared by the scripts that strike at commands."""

import subprocess
import time
from collections.abc import Callable


class Checks:
    """Runs the faults that are selected, and counts those that fail.

    Args:
        only: a part of the names of those that are selected.
    """

    def __init__(self, only: str) -> None:
        self._only, self.failed = only, 0

    def check(self, name: str, strike: Callable[[], str]) -> None:
        """Run one fault, if it is selected, and print the result."""
        if self._only not in name:
            return
        began = time.monotonic()
        try:
            told = strike()
        except (AssertionError, subprocess.SubprocessError) as error:
            self.failed += 1
            told = f"FAILED: {error}"
        print(f"{name:44s} {time.monotonic() - began:6.1f} s  {told}", flush=True)
