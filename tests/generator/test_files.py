import os
from pathlib import Path

import pytest
from blake3 import blake3

from generator.errors import ExistsError, UsageError
from generator.files import (
    atomic_file,
    hash_file,
    is_temporary,
    open_regular,
    read_regular,
    refuse_existing,
    remove_leftovers,
    require_writable,
    write_again,
    write_atomically,
)


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
        assert temporary.parent == tmp_path and is_temporary(temporary.name) and not path.exists()
    assert path.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [path]


def test_a_temporary_name_is_another_each_time_and_never_too_long(tmp_path: Path) -> None:
    longest = tmp_path / ("x" * 255)
    with atomic_file(longest) as first, atomic_file(longest) as second:
        assert first != second
    assert longest.is_file()


def test_a_link_is_replaced_and_never_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"mine")
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("a", ".a.tmp"):
        (folder / name).symlink_to(outside)
    write_atomically(folder / "a", b"new")
    assert outside.read_bytes() == b"mine"
    assert (folder / "a").read_bytes() == b"new" and not (folder / "a").is_symlink()


def test_an_earlier_file_of_the_temporary_name_is_not_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.token_hex", lambda count: "0" * 2 * count)
    (tmp_path / ".fgbg-0000000000000000.tmp").symlink_to(tmp_path / "outside")
    with pytest.raises(FileExistsError):
        write_atomically(tmp_path / "a", b"new")
    assert not (tmp_path / "outside").exists()


def test_leftovers_are_removed_by_their_name(tmp_path: Path) -> None:
    for name in (".fgbg-0123456789abcdef.tmp", ".fgbg-short.tmp", "fgbg-0123456789abcdef.tmp"):
        (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {".fgbg-short.tmp", "fgbg-0123456789abcdef.tmp"}


def test_only_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for path, kind in (
        (tmp_path / "pipe", "a named pipe"),
        (tmp_path / "link", "a named pipe"),
        (tmp_path, "a folder"),
    ):
        for read in (open_regular, read_regular, hash_file):
            with pytest.raises(OSError, match=f"{kind}, not a file"):
                read(path)
    with pytest.raises(OSError, match="a device, not a file"):
        read_regular(Path(os.devnull))


def test_reading_ends_at_the_limit(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", b"12345")
    assert read_regular(tmp_path / "a") == read_regular(tmp_path / "a", 5) == b"12345"
    with pytest.raises(OSError, match="more than 4 bytes"):
        read_regular(tmp_path / "a", 4)


@pytest.mark.parametrize("content", [b"", b"x" * 100_000])
@pytest.mark.parametrize("threads", [1, 2])
def test_the_hash_is_blake3(tmp_path: Path, content: bytes, threads: int) -> None:
    write_atomically(tmp_path / "a", content)
    assert hash_file(tmp_path / "a", threads) == blake3(content).hexdigest()


def test_whatever_exists_is_refused_by_name(tmp_path: Path) -> None:
    missing, file, link, folder = (tmp_path / name for name in ("missing", "file", "link", "folder"))
    file.touch()
    link.symlink_to("nowhere")
    folder.mkdir()
    refuse_existing([missing, tmp_path / ("x" * 300)], overwrite=False)
    refuse_existing([missing, file, link], overwrite=True)
    with pytest.raises(ExistsError) as refused:
        refuse_existing([missing, link, file], overwrite=False)
    advice = "Use another `out`, or `overwrite=True` to replace what is there."
    assert str(refused.value) == f"{link} exists already (and 1 more). {advice}"
    with pytest.raises(ExistsError, match=r"folder is a folder\. Use another place"):
        refuse_existing([file, folder], overwrite=True, elsewhere="another place")


def test_a_file_of_the_same_content_may_be_written_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a"
    for _ in range(2):
        write_again(path, b"same", overwrite=False)
    with pytest.raises(ExistsError):
        write_again(path, b"same and more", overwrite=False)
    assert path.read_bytes() == b"same"
    write_again(path, b"other", overwrite=True)
    assert path.read_bytes() == b"other"


def test_a_folder_that_cannot_hold_results_is_said_beforehand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_writable(tmp_path / "new" / "folder")
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"new cannot be made, because .*file is not a folder\. Use "):
        require_writable(tmp_path / "file" / "new")
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)
    with pytest.raises(UsageError, match=r"you may not write to .*\. Use another `csv`"):
        require_writable(tmp_path / "new", "another `csv`")
    assert not (tmp_path / "new").exists()
