"""How much memory the machine has."""

import os
import sys


def physical_memory() -> int | None:
    """The memory of the whole machine in bytes; None where the system does not say."""
    if sys.platform != "win32":
        try:
            return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        except (ValueError, OSError):
            return None
    else:
        return None
