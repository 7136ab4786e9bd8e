import gc
import sys
from pathlib import Path

import numpy as np
import pytest

from generator.format.mapped_file import map_file

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="the system lists maps and open files in /proc")


def maps_of(path: Path) -> int:
    return Path("/proc/self/maps").read_text().count(str(path))


def test_a_mapped_file_is_read_and_never_written(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(range(200)) * 50)
    array = map_file(tmp_path / "a")
    assert array.dtype == np.uint8 and array.tobytes() == (tmp_path / "a").read_bytes()
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1
    with pytest.raises(ValueError, match="WRITEABLE"):
        array.setflags(write=True)


@on_linux
def test_maps_keep_no_file_open_and_end_with_the_last_array(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(10_000))
    before = len(list(Path("/proc/self/fd").iterdir()))
    arrays = [map_file(path)[9000:] for _ in range(50)]
    assert len(list(Path("/proc/self/fd").iterdir())) == before and maps_of(path) == 50
    del arrays[1:]
    gc.collect()
    assert maps_of(path) == 1 and arrays[0].tolist() == [0] * 1000
    arrays.clear()
    gc.collect()
    assert maps_of(path) == 0


def test_what_cannot_be_mapped_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises((OSError, ValueError)):  # NumPy's own maps raise the latter
        map_file(tmp_path / "empty")
