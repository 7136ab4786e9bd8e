import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from blake3 import blake3

from generator.depth.cache import DepthCache, decode_map, default_cache_folder, encode_map

MAP = np.array([[1.5, np.nan, -np.inf], [0, 1e30, -2]], np.float32)


def sealed(content: bytes) -> bytes:
    return blake3(content).digest() + content


def saved(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def test_a_map_comes_back_as_it_was(tmp_path: Path) -> None:
    cache = DepthCache(tmp_path / "not" / "yet")
    assert cache.read("picture", "network") is None
    cache.write("picture", "network", MAP)
    values = cache.read("picture", "network")
    assert values is not None and values.dtype == np.float32 and values.tobytes() == MAP.tobytes()
    assert [path.suffix for path in tmp_path.rglob("*") if path.is_file()] == [".map"]


def test_picture_and_network_both_count(tmp_path: Path) -> None:
    cache = DepthCache(tmp_path)
    cache.write("picture", "network", MAP)
    assert cache.read("picture 2", "network") is None
    assert cache.read("picture", "network 2") is None


def test_names_that_would_leave_the_folder_stay_in_it(tmp_path: Path) -> None:
    cache = DepthCache(tmp_path / "cache")
    cache.write("../../picture", "hf:../network", MAP)
    assert cache.read("../../picture", "hf:../network") is not None
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


@pytest.mark.parametrize("place", [0, 40, -1])
def test_a_damaged_map_is_not_there_and_is_replaced(tmp_path: Path, place: int) -> None:
    cache = DepthCache(tmp_path)
    cache.write("picture", "network", MAP)
    path = cache.path("picture", "network")
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    assert cache.read("picture", "network") is None
    cache.write("picture", "network", MAP)
    assert cache.read("picture", "network") is not None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x" * 31,
        sealed(b""),
        sealed(b"no array"),
        sealed(saved(MAP)[:-1]),
        sealed(saved(MAP.astype(np.float64))),
        sealed(saved(MAP[0])),
        sealed(saved(MAP[:0])),
    ],
)
def test_what_is_no_map_is_none(content: bytes) -> None:
    assert decode_map(content) is None


def test_a_map_is_its_hash_and_an_npy_file() -> None:
    assert encode_map(MAP) == sealed(saved(MAP))


def test_many_may_write_the_same_map_at_once(tmp_path: Path) -> None:
    cache = DepthCache(tmp_path)
    maps = [np.full((64, 64), number, np.float32) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda values: cache.write("picture", "network", values), maps * 4))
    values = cache.read("picture", "network")
    assert values is not None and (values == values[0, 0]).all()
    assert len(list(cache.path("picture", "network").parent.iterdir())) == 1


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    cache = DepthCache(tmp_path)
    cache.path("picture", "network").mkdir(parents=True)  # a folder cannot be replaced by a file
    with pytest.raises(OSError):
        cache.write("picture", "network", MAP)
    assert [path.name for path in cache.path("picture", "network").parent.iterdir()] == [
        cache.path("picture", "network").name
    ]


def test_the_default_folder_is_the_systems_cache() -> None:
    assert default_cache_folder().name == "depth" and "fgbg" in default_cache_folder().parts
    assert DepthCache().folder == default_cache_folder()
