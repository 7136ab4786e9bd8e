"""Downloads of data sets from their official addresses."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from generator.errors import AssetError, UsageError
from generator.fetch import RemoteFile, fetch
from generator.files import read_regular, write_atomically
from generator.importing.unpack import remove_unpacked_leftovers, unpacking
from generator.locks import hold_folder

_DONE_FILE = ".fgbg-downloaded"
_LOCK = ".fgbg-download.lock"

DOWNLOADS: Mapping[str, tuple[RemoteFile, ...]] = {
    "cub200": (
        RemoteFile(
            "https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz",
            1_150_585_339,
            "0c685df5597a8b24909f6a7c9db6d11e008733779a671760afef78feb49bf081",
        ),
        RemoteFile(
            "https://data.caltech.edu/records/w9d68-gec53/files/segmentations.tgz",
            39_272_883,
            "dc77f6cffea0cbe2e41d4201115c8f29a6320ecb04fffd2444f51b8066e4b84f",
        ),
    ),
    "oxford-pet": (
        RemoteFile(
            "https://www.robots.ox.ac.uk/~vgg/data/pets/data/images.tar.gz",
            791_918_971,
            "67195c5e1c01f1ab5f9b6a5d22b8c27a580d896ece458917e61d459337fa318d",
        ),
        RemoteFile(
            "https://www.robots.ox.ac.uk/~vgg/data/pets/data/annotations.tar.gz",
            19_173_078,
            "52425fb6de5c424942b7626b428656fcbd798db970a937df61750c0f1d358e91",
        ),
    ),
}
"""The archives of each data set that can be downloaded.

Source of sizes and checksums: TensorFlow Datasets 4.9, whose checksums are of the same files.
"""


def download(
    format_: str,
    folder: Path,
    say: Callable[[str], None] = lambda line: None,
    archives: tuple[RemoteFile, ...] | None = None,
) -> None:
    """Download the archives of a data set into a folder and unpack them there; what is there already stays.

    Stop it at any time and call it again: it continues.

    Args:
        format_: of the data set.
        folder: for its files; it is made if it is missing.
        say: gets a line about each archive.
        archives: instead of the official ones.

    Raises:
        UsageError: this data set cannot be downloaded, or the folder cannot be written.
        AssetError: the server does not answer or does not have the file, or its content is not the expected
            one; or a file of the archive is in the folder already.
        ConfigError: another process downloads to the folder.
        DiskSpaceError: the archive or its files do not fit.
    """
    wanted = DOWNLOADS.get(format_) if archives is None else archives
    if wanted is None:
        fix = f"download it yourself and give its folder; only {' and '.join(DOWNLOADS)} are downloaded"
        raise UsageError("`download`", "", f"does not know an address of {format_}", fix)
    with hold_folder(folder, "fgbg import", _LOCK):
        remove_unpacked_leftovers(folder)
        done = _read_done(folder)
        for archive in wanted:
            if archive.sha256 in done:
                continue
            say(f"{archive.url} is downloaded to {folder} and unpacked there")
            path = fetch(archive, folder)
            with unpacking(path, folder) as temporary:
                _move_all(temporary, folder)
            done.append(archive.sha256)
            write_atomically(folder / _DONE_FILE, "".join(f"{line}\n" for line in done).encode())
            path.unlink()


def _read_done(folder: Path) -> list[str]:
    """The checksums of the archives that are unpacked in a folder."""
    path = folder / _DONE_FILE
    return read_regular(path, 2**16).decode("ascii", "replace").split() if path.exists() else []


def _move_all(temporary: Path, folder: Path) -> None:
    """Move everything in a folder to another one, which has nothing of these names."""
    paths = sorted(temporary.iterdir())
    for path in paths:
        if os.path.lexists(folder / path.name):
            fix = "remove it and run it again, or leave `download` out if the data set is complete"
            raise AssetError(folder / path.name, "", "exists already, and is in the download too", fix)
    for path in paths:
        path.rename(folder / path.name)
