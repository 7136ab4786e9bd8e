"""How much memory the machine has."""

import os
import sys


def physical_memory() -> int | None:
    """All memory of the machine in bytes; None where the system does not tell."""
    if sys.platform != "win32":
        try:
            return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        except (ValueError, OSError):
            return None
    else:
        return None
