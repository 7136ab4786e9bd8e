"""Archives of data sets, unpacked safely: a stranger's archive writes nothing outside its folder."""

import lzma
import secrets
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from generator.errors import AssetError, one_line
from generator.files import hash_file, open_regular, require_writable, room_for
from generator.importing.archive_entries import TRUST, Entry, is_archive, read_entries
from generator.locks import hold_folder
from generator.numerals import format_bytes
from generator.progress import Progress

_TEMPORARY = ".fgbg-unpacking-"
_LOCK = ".fgbg-unpacking.lock"
_SUFFIXES = frozenset({".gz", ".bz2", ".xz", ".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".zip"})
_PIECE = 2**20
_DAMAGE = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError, NotImplementedError)


@dataclass(frozen=True)
class Bounds:
    """How much an archive may unpack to; more is taken for an attack.

    Attributes:
        entries: number of files and folders.
        bytes: of all files together.
        ratio: bytes of all files for each byte of the archive ...
        free: ... beyond this many bytes, because small archives of empty masks have any ratio.
    """

    entries: int = 5_000_000
    bytes: int = 2**42
    ratio: int = 200
    free: int = 2**28


BOUNDS = Bounds()


def unpacked(source: Path, say: Callable[[str], None] = lambda line: None, bounds: Bounds = BOUNDS) -> Path:
    """The folder of an archive's files: unpacked beside it, once. Other sources are returned as they are.

    The folder is called NAME-HASH by the content of the archive. If the archive holds a single folder, that
    one is returned.

    Args:
        source: of an import: a zip or tar archive, a folder, or any other file.
        say: gets a line about the folder.
        bounds: how much it may unpack to.

    Raises:
        AssetError: the archive is damaged or not safe, or only its name is that of an archive.
        ConfigError: another process unpacks it.
        DiskSpaceError: its files do not fit.
        UsageError: the folder beside it cannot be written.
    """
    if not is_archive(source):
        if source.is_file() and source.suffix.lower() in _SUFFIXES:
            raise AssetError(source, "a zip or tar archive", "other content", "download or copy it again")
        return source
    folder = source.with_name(f"{_without_suffixes(source.name)}-{hash_file(source)[:12]}")
    if not folder.is_dir():
        require_writable(source.parent, "a copy of the archive in a folder of your own")
        with hold_folder(source.parent, "fgbg import", _LOCK):
            remove_unpacked_leftovers(source.parent)
            with unpacking(source, source.parent, bounds) as temporary:
                temporary.rename(folder)
    say(f"{source} is unpacked to {folder}, which can be removed after the import")
    return _only_folder(folder)


@contextmanager
def unpacking(archive: Path, folder: Path, bounds: Bounds = BOUNDS) -> Iterator[Path]:
    """Unpack an archive into a temporary folder, which the block moves away, whole or in parts.

    What the block leaves there is removed. A killed process leaves the temporary folder, which has a hidden
    name; `remove_unpacked_leftovers` removes it.

    Args:
        archive: zip, tar, or tar compressed by gzip, bzip2 or xz.
        folder: in which the temporary folder is made.
        bounds: how much it may unpack to.

    Raises:
        AssetError: as `unpacked`.
        DiskSpaceError: as `unpacked`.
    """
    temporary = folder / f"{_TEMPORARY}{secrets.token_hex(8)}"
    temporary.mkdir()
    try:
        with room_for(temporary, 0), _damage_named(archive):
            _write_all(archive, temporary, bounds)
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def remove_unpacked_leftovers(folder: Path) -> None:
    """Remove the temporary folders of killed runs; call it only while holding a lock of the folder."""
    for path in folder.glob(f"{_TEMPORARY}*"):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _damage_named(archive: Path) -> Iterator[None]:
    """Turn the errors of decompressors into one that names the archive; not those of the operating system."""
    try:
        yield
    except (*_DAMAGE, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        fix = "download or copy it again"
        raise AssetError(archive, "a whole archive", one_line(error), fix) from error


def _write_all(archive: Path, temporary: Path, bounds: Bounds) -> None:
    size = archive.stat().st_size
    most = min(bounds.bytes, max(bounds.free, size * bounds.ratio))
    written = done = 0
    made: set[Path] = set()
    with open_regular(archive) as file, Progress(f"unpacking {archive.name}", size >> 20, "MB") as progress:
        for number, entry in enumerate(read_entries(archive, file), 1):
            if number > bounds.entries:
                found = f"more than {bounds.entries:,}"
                raise AssetError(archive, f"at most {bounds.entries:,} files", found, TRUST)
            path = temporary.joinpath(*entry.parts)
            written += _write(archive, entry, path, made, (written, most))
            read = max(done, file.tell() >> 20)
            progress.advance(read - done)
            done = read


def _write(archive: Path, entry: Entry, path: Path, made: set[Path], so_far: tuple[int, int]) -> int:
    """Write a file or make a folder; return its bytes. `so_far`: bytes before it, and the most in all."""
    try:
        folder = path if entry.is_folder else path.parent
        if folder not in made:
            folder.mkdir(parents=True, exist_ok=True)
            made.add(folder)
        return 0 if entry.is_folder else _copy(archive, entry, path, *so_far)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        name = "/".join(entry.parts)
        fix = "unpack it yourself, decide which to keep, and give the folder"
        raise AssetError(archive, "each name once", f"{name!r} twice", fix) from error


def _copy(archive: Path, entry: Entry, path: Path, before: int, most: int) -> int:
    count = 0
    with entry.open() as source, path.open("xb") as target:
        while piece := source.read(_PIECE):
            count += len(piece)
            if before + count > most:
                found = "more, as in an attack that fills the disk"
                raise AssetError(archive, f"files of {format_bytes(most)} at most", found, TRUST)
            target.write(piece)
    if count != entry.size:
        raise EOFError(f"{'/'.join(entry.parts)} has {count:,} of {entry.size:,} bytes")
    return count


def _without_suffixes(name: str) -> str:
    path = Path(name)
    while path.suffix.lower() in _SUFFIXES:
        path = path.with_suffix("")
    return path.name


def _only_folder(folder: Path) -> Path:
    """The single folder inside a folder, else the folder itself; hidden files do not count."""
    inside = [path for path in folder.iterdir() if not path.name.startswith((".", "__MACOSX"))]
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else folder
