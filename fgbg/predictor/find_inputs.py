"""Find out what the user named: pictures, folders, patterns, standard input, videos, cameras."""

import glob
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from os.path import lexists
from pathlib import Path

from fgbg.predictor.sources import Given
from generator.assets.images import decode_rgb
from generator.assets.listing import list_folder, require_pictures
from generator.errors import AssetError, FgbgError, ImageError, UsageError, printable
from generator.files import real_path
from generator.own_results import maker_of

VIDEO_SUFFIXES = frozenset(
    {
        *(".3g2", ".3gp", ".asf", ".avi", ".flv", ".m2ts", ".m4v", ".mjpeg", ".mjpg", ".mkv", ".mov", ".mp4"),
        *(".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".ts", ".vob", ".webm", ".wmv", ".y4m"),
    }
)
"""Endings of the names of videos. An animated GIF or WebP is a picture."""
STANDARD_INPUT = Path("-")
_STDIN = Path("stdin")
"""The name of a picture from standard input."""
_MOST_BYTES = 2**30
"""Of a picture on standard input, which is read as a whole."""
_CAMERA = re.compile(r"camera:([0-9]{1,4})")


@dataclass
class Found:
    """What the user named.

    Attributes:
        pictures: each once.
        videos: video files, each once.
        cameras: numbers of cameras, each once.
        remarks: lines about the files that were skipped.
        problems: an error for each path that cannot be read or has no picture.
    """

    pictures: list[Given] = field(default_factory=list)
    videos: list[Path] = field(default_factory=list)
    cameras: list[int] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    problems: list[FgbgError] = field(default_factory=list)


def find_inputs(paths: Iterable[Path], out: Path) -> Found:
    """Find the pictures among files, in folders and by patterns; and videos and cameras.

    A path is a file, a folder with its subfolders, a pattern such as `photos/**/*.jpg`, `-` for one picture
    on standard input, or `camera:N`. A file whose suffix is that of a video is a video; inside folders,
    videos are skipped. A file with the name of a pattern or a camera is a file.

    Results of earlier calls are skipped, and so is `out` if it is inside one of the folders.

    Raises:
        UsageError: standard input is a terminal.
    """
    found = Found()
    for path in dict.fromkeys(paths):
        if path == STANDARD_INPUT:
            _read_stdin(found)
        elif (camera := _CAMERA.fullmatch(str(path))) and not lexists(path):
            found.cameras.append(int(camera[1]))
        else:
            for one in _expanded(path, out, found):
                _add(one, out, found)
    found.pictures = _once(found.pictures)
    found.videos = list({real_path(video): video for video in found.videos}.values())
    return found


def _expanded(path: Path, out: Path, found: Found) -> Iterator[Path]:
    """The path itself, or the paths that match it as a pattern, sorted; hidden files match none."""
    if lexists(path) or not glob.has_magic(str(path)):
        yield path
        return
    # Path.glob takes no absolute pattern.
    matches = sorted(Path(match) for match in glob.glob(str(path), recursive=True))  # noqa: PTH207
    if not matches:
        fix = "check the pattern, or name files and folders"
        found.problems.append(AssetError(path, "", "matches no file", fix))
    yield from (match for match in matches if real_path(match) != real_path(out))


def _add(path: Path, out: Path, found: Found) -> None:
    """Add a file, or the pictures of a folder."""
    if path.is_dir():
        try:
            listing = list_folder(path, without=out)
            listing.drop_results()
            found.remarks += listing.remarks()
            found.problems += listing.problems
            found.pictures += [Given(path, one.relative_to(path)) for one in require_pictures(listing)]
        except AssetError as error:
            found.problems.append(error)
    elif path.suffix.lower() in VIDEO_SUFFIXES:
        found.videos.append(path)
    elif maker_of(path) is not None:
        found.remarks.append(f"{printable(path)}: a result of fgbg, skipped")
    else:
        found.pictures.append(Given(path.parent, Path(path.name)))


def _read_stdin(found: Found) -> None:
    if sys.stdin is not None and sys.stdin.isatty():
        fix = "write a picture to it, as in 'fgbg predict - < photo.jpg'"
        raise UsageError("standard input (-)", "a picture", "a terminal", fix)
    content = b"" if sys.stdin is None else sys.stdin.buffer.read(_MOST_BYTES + 1)
    try:
        if len(content) > _MOST_BYTES:
            fix = "scale it down, or save it as a file"
            raise ImageError(_STDIN, f"at most {_MOST_BYTES:,} bytes", "more", fix)
        if not content:
            raise ImageError(_STDIN, "a picture", "no bytes", "write a picture to standard input")
        found.pictures.append(Given(Path(), _STDIN, decode_rgb(str(_STDIN), content)))
    except ImageError as error:
        found.problems.append(error)


def _once(pictures: Iterable[Given]) -> list[Given]:
    """Each picture once; one that was named twice counts as one of the outer folder."""
    once: dict[Path | None, Given] = {}
    for picture in pictures:
        place = None if picture.pixels is not None else picture.whole_folder / picture.name
        once[place] = max(picture, once.get(place, picture), key=lambda one: len(one.name.parts))
    return list(once.values())
