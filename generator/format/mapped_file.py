"""Memory-mapping files without keeping them open, because a process may open only some hundred files."""

import ctypes
import mmap
import os
import sys
from pathlib import Path

import numpy as np

if sys.platform != "win32":
    # Python's own maps keep a file open each: 1,024 shards would be too many on most systems.
    _system = ctypes.CDLL(None, use_errno=True)
    _map, _unmap = _system.mmap, _system.munmap
    _map.restype = ctypes.c_void_p
    _map.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_int64)
    _unmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
    _FAILED = ctypes.c_void_p(-1).value

    class _Mapping:
        """The pages of a mapped file, until the last array that shows them is gone."""

        def __init__(self, descriptor: int, size: int) -> None:
            self._size = size
            self._address = _map(None, size, mmap.PROT_READ, mmap.MAP_SHARED, descriptor, 0)
            if self._address == _FAILED:
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number))
            # NumPy's protocol for foreign memory; True is for read-only.
            self.__array_interface__ = {
                "version": 3,
                "shape": (size,),
                "typestr": "|u1",
                "data": (self._address, True),
            }

        def __del__(self) -> None:
            if self._address != _FAILED:
                _unmap(self._address, self._size)


def map_file(path: Path) -> np.ndarray:
    """Memory-map a file that is not empty, read-only: (bytes,) uint8.

    Raises:
        OSError: it cannot be mapped. Linux allows a process 65,530 maps.
    """
    if sys.platform != "win32":
        with path.open("rb") as file:
            return np.asarray(_Mapping(file.fileno(), os.fstat(file.fileno()).st_size))
    else:
        return np.memmap(path, np.uint8, mode="r")
