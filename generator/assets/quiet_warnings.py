"""Silence for the warnings of decoders, while several threads decode."""

import threading
import warnings


class _QuietWarnings:
    """Silences warnings while any thread decodes: the first thread silences, the last one restores.

    `warnings.catch_warnings` changes the filters of the whole process, so threads that overlap would restore
    each other's filters.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._caught = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._caught = warnings.catch_warnings()
                self._caught.__enter__()
                # Our own limit replaces Pillow's; its other warnings are only about metadata.
                warnings.simplefilter("ignore")
            self._inside += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._caught.__exit__(None, None, None)


quiet_warnings = _QuietWarnings()
"""Silences warnings inside of a `with` block, in any number of threads."""
