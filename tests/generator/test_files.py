from pathlib import Path

import pytest
from blake3 import blake3

from generator.files import atomic_file, hash_file, temporary_name, write_atomically


def test_a_failed_write_leaves_the_former_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"former")
    with pytest.raises(RuntimeError), atomic_file(path, 3) as temporary:
        temporary.write_bytes(b"half")
        raise RuntimeError
    assert path.read_bytes() == b"former"
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_shows_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with atomic_file(path, 3) as temporary:
        temporary.write_bytes(b"whole")
        assert temporary == temporary_name(path) and not path.exists()
    assert path.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"", b"x" * 100_000])
def test_the_hash_is_blake3(tmp_path: Path, content: bytes) -> None:
    write_atomically(tmp_path / "a", content)
    assert hash_file(tmp_path / "a") == blake3(content).hexdigest()
