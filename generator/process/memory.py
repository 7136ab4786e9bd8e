"""How much memory the machine has, and whether freed memory goes back to it at once."""

import ctypes
import os
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Parameters of mallopt (malloc.h of glibc)."""
_KEPT = 2**26
"""Bytes of free memory at the end of a heap that stay with the process."""
_LARGE = 2**24
"""Bytes from which on memory is asked of the system, and given back to it, piece by piece."""


def keep_freed_memory() -> bool:
    """Let the process keep some freed memory, for work that takes and frees pictures again and again.

    Otherwise glibc gives it back after each picture, and the system has to map and clear it for the next one:
    on a virtual machine that took a third of the time of a picture. Other C libraries are left as they are.

    Returns:
        Whether it is kept.
    """
    if sys.platform == "linux":
        try:
            mallopt = ctypes.CDLL(None).mallopt
        except (OSError, AttributeError):  # musl has none
            return False
        return bool(mallopt(_MMAP_THRESHOLD, _LARGE)) and bool(mallopt(_TRIM_THRESHOLD, _KEPT))
    else:
        return False


def physical_memory() -> int | None:
    """The memory of the whole machine in bytes; None where the system does not say."""
    if sys.platform != "win32":
        try:
            return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        except (ValueError, OSError):
            return None
    else:
        return None
