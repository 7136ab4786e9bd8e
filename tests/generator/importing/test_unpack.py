import bz2
import gzip
import io
import lzma
import os
import stat
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from generator.errors import AssetError, DiskSpaceError, UsageError
from generator.importing.unpack import Bounds, remove_unpacked_leftovers, unpacked, unpacking

FILES = {"set/images/a.jpg": b"picture" * 1000, "set/masks/a.png": b"mask", "set/list.txt": b""}


def make_zip(path: Path, files: dict[str, bytes], modes: dict[str, int] | None = None) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (modes or {}).get(name, 0) << 16
            opened.writestr(info, content)
    return path


def make_tar(path: Path, files: dict[str, bytes], kind: str = "w", **changes: object) -> Path:
    """A tar whose entries have the given attributes, as `type` or `linkname`."""
    with tarfile.open(path, kind) as opened:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            for field, value in changes.items():
                setattr(info, field, value)
            opened.addfile(info, io.BytesIO(content))
    return path


MAKERS: dict[str, Callable[[Path, dict[str, bytes]], Path]] = {
    "set.zip": make_zip,
    "set.tar": make_tar,
    "set.tar.gz": lambda path, files: make_tar(path, files, "w:gz"),
    "set.tgz": lambda path, files: make_tar(path, files, "w:gz"),
    "set.tar.bz2": lambda path, files: make_tar(path, files, "w:bz2"),
    "set.tar.xz": lambda path, files: make_tar(path, files, "w:xz"),
}


def content_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


@pytest.mark.parametrize("name", MAKERS)
def test_an_archive_is_unpacked_beside_it_once(tmp_path: Path, name: str) -> None:
    archive = MAKERS[name](tmp_path / name, FILES)
    lines: list[str] = []
    folder = unpacked(archive, lines.append)
    assert content_of(folder) == {path.removeprefix("set/"): content for path, content in FILES.items()}
    assert folder.name == "set" and folder.parent.parent == tmp_path
    assert folder.parent.name.startswith("set-") and len(folder.parent.name) == 16
    assert lines == [f"{archive} is unpacked to {folder.parent}, which can be removed after the import"]
    (folder / "mark").touch()
    assert unpacked(archive) == folder and (folder / "mark").exists()
    assert left_in(tmp_path) == sorted([name, folder.parent.name])


def test_another_content_is_another_folder(tmp_path: Path) -> None:
    first = unpacked(make_zip(tmp_path / "a.zip", FILES))
    assert unpacked(make_zip(tmp_path / "a.zip", {**FILES, "set/b": b""})) != first


def test_what_is_no_archive_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text("{}")
    assert unpacked(tmp_path) == tmp_path
    assert unpacked(tmp_path / "labels.json") == tmp_path / "labels.json"
    assert unpacked(tmp_path / "nowhere.zip") == tmp_path / "nowhere.zip"


def test_a_page_saved_as_an_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "set.zip").write_text("<html>404</html>")
    with pytest.raises(AssetError, match=r"set\.zip: expected a zip or tar archive, found other content"):
        unpacked(tmp_path / "set.zip")


def test_several_folders_stay_together(tmp_path: Path) -> None:
    folder = unpacked(
        make_zip(tmp_path / "a.zip", {"images\\a.jpg": b"a", "masks/a.png": b"b", "__MACOSX/x": b""})
    )
    assert content_of(folder) == {"images/a.jpg": b"a", "masks/a.png": b"b", "__MACOSX/x": b""}


@pytest.mark.parametrize("make", [make_zip, make_tar])
@pytest.mark.parametrize("name", ["../x", "a/../../x", "/tmp/x", "C:/x", "..\\x", "a/.."])
def test_paths_that_lead_out_are_refused(
    tmp_path: Path, make: Callable[[Path, dict[str, bytes]], Path], name: str
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    archive = make(folder / "a.archive", {"fine": b"1", name: b"x"})
    with pytest.raises(AssetError) as caught:
        unpacked(archive)
    assert str(caught.value) == (
        f"{archive}: expected entries inside its own folder, found {name!r}; if you trust the archive, unpack"
        " it yourself and give the folder"
    )
    assert left_in(folder) == ["a.archive"] and left_in(tmp_path) == ["in"]


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (tarfile.SYMTYPE, "link"),
        (tarfile.LNKTYPE, "link"),
        (tarfile.FIFOTYPE, "device"),
        (tarfile.CHRTYPE, "device"),
    ],
)
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes, word: str) -> None:
    archive = make_tar(tmp_path / "a.tar", {"e": b""}, type=kind, linkname="fine")
    with pytest.raises(
        AssetError, match=rf"a\.tar: expected files and folders only, found the {word} 'e'; if"
    ):
        unpacked(archive)
    assert left_in(tmp_path) == ["a.tar"]


def test_links_in_a_zip_are_refused(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"e": b"/etc"}, {"e": stat.S_IFLNK | 0o777})
    with pytest.raises(AssetError, match="found the link 'e'"):
        unpacked(archive)
    archive = make_zip(tmp_path / "a.zip", {"e": b""}, {"e": stat.S_IFIFO | 0o777})
    with pytest.raises(AssetError, match="found the special file 'e'"):
        unpacked(archive)


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"e": b"secret"})
    content = bytearray(archive.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(content)
    with pytest.raises(AssetError, match=r"a\.zip is encrypted\. Unpack it yourself and give the folder"):
        unpacked(archive)


@pytest.mark.parametrize("name", MAKERS)
def test_too_much_is_refused_while_it_is_written(tmp_path: Path, name: str) -> None:
    archive = MAKERS[name](tmp_path / name, {"a": bytes(3 * 10**6)})
    with pytest.raises(AssetError, match=r"expected files of 2\.0 MB at most, found more, as in an attack"):
        unpacked(archive, bounds=Bounds(free=2 * 10**6, ratio=0))
    with pytest.raises(AssetError, match=r"expected files of 1\.0 MB at most"):
        unpacked(archive, bounds=Bounds(bytes=10**6))
    assert left_in(tmp_path) == [name]
    assert len(content_of(unpacked(archive, bounds=Bounds(free=3 * 10**6, ratio=0)))) == 1


@pytest.mark.parametrize("name", MAKERS)
def test_too_many_entries_are_refused(tmp_path: Path, name: str) -> None:
    archive = MAKERS[name](tmp_path / name, {str(number): b"" for number in range(4)})
    with pytest.raises(AssetError, match="expected at most 3 files, found more than 3; if you trust"):
        unpacked(archive, bounds=Bounds(entries=3))


def test_a_header_cannot_fill_the_memory(tmp_path: Path) -> None:
    """A tar may declare that the name of the next entry has gigabytes."""
    info = tarfile.TarInfo("long")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 2**26
    path = tmp_path / "a.tar.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        file.write(bytes(2**26))
    tracemalloc.start()
    with pytest.raises(AssetError, match=r"expected a whole archive, found a header of 67,\d+,\d+ bytes"):
        unpacked(path)
    assert tracemalloc.get_traced_memory()[1] < 2**25
    tracemalloc.stop()


@pytest.mark.parametrize("name", MAKERS)
def test_a_part_of_an_archive_is_never_taken_for_the_whole(tmp_path: Path, name: str) -> None:
    whole = MAKERS[name](tmp_path / name, FILES | {"rest": os.urandom(5000)}).read_bytes()
    cut = tmp_path / "cut"
    for length in {600, len(whole) // 2, len(whole) - 600, len(whole) - 1} - {len(whole)}:
        if name == "set.tar" and length > len(whole) - 1024 * 6:
            continue  # only padding is missing
        cut.write_bytes(whole[:length])
        with pytest.raises(
            AssetError, match=r"cut: expected a whole archive, found .*; download or copy it again"
        ):
            unpacked(cut)
    assert left_in(tmp_path) == sorted(["cut", name])


def test_a_damaged_header_is_not_the_end(tmp_path: Path) -> None:
    archive = make_tar(tmp_path / "a.tar", {"a": b"1", "b": b"2"})
    content = bytearray(archive.read_bytes())
    content[1024 + 148] ^= 1  # the checksum of the second header
    archive.write_bytes(content)
    with tarfile.open(archive) as opened:
        assert opened.getnames() == ["a"], "tarfile reports it now"
    with pytest.raises(AssetError, match="expected a whole archive, found a part of one; download"):
        unpacked(archive)


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_something_else_compressed(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    (tmp_path / "labels.json.gz").write_bytes(compress(b"{}" * 1000))
    with pytest.raises(AssetError, match=r"labels\.json\.gz: expected a whole archive, found .*header"):
        unpacked(tmp_path / "labels.json.gz")


def test_kinds_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(100))
    with pytest.raises(
        AssetError, match="expected zip or tar, found 7z; unpack it yourself and give the folder"
    ):
        unpacked(tmp_path / "a.7z")


@pytest.mark.parametrize("make", [make_zip, make_tar])
@pytest.mark.parametrize("files", [{"a": b"1", "a/b": b"2"}, {"a/b": b"1", "a": b"2"}])
def test_two_entries_of_one_name(
    tmp_path: Path, make: Callable[[Path, dict[str, bytes]], Path], files: dict[str, bytes]
) -> None:
    with pytest.raises(
        AssetError, match=r"expected each name once, found 'a(/b)?' twice; unpack it yourself"
    ):
        unpacked(make(tmp_path / "a.archive", files))


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", FILES)
    generator = unpacking(archive, tmp_path)
    left = generator.__enter__()  # the process ends here
    assert left.is_dir()
    unpacked(archive)
    assert not left.exists()
    remove_unpacked_leftovers(tmp_path)
    generator.__exit__(None, None, None)


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = make_zip(tmp_path / "a.zip", FILES)

    def full(*arguments: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("generator.importing.unpack._copy", full)
    with pytest.raises(DiskSpaceError, match="expected room for it"):
        unpacked(archive)
    assert left_in(tmp_path) == ["a.zip"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a folder without write access")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", FILES)
    tmp_path.chmod(0o500)
    with pytest.raises(UsageError, match="use a copy of the archive in a folder of your own"):
        unpacked(archive)
