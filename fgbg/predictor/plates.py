"""Which background (plate) belongs to which picture."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fgbg.predictor.sources import Given
from generator.assets.images import read_rgb
from generator.assets.pairing import name_pictures
from generator.assets.real_paths import RealPaths
from generator.errors import AssetError, ConfigError, UsageError, printable
from generator.files import real_path

if TYPE_CHECKING:
    from fgbg.predictor.picture_input import Picture

_FRAME = re.compile(r"frame:([0-9]{1,9})")


@dataclass(frozen=True)
class Plates:
    """The backgrounds of pictures.

    Attributes:
        bgs: one for each picture, in order: pixels, a file, or None.
        paths: the file of each, in order; None where there is none.
        files: all files of backgrounds, which no result may replace.
        remarks: lines about pictures without background, and about skipped files.
    """

    bgs: "Sequence[Picture | None]"
    paths: Sequence[Path | None]
    files: Sequence[Path] = ()
    remarks: list[str] = field(default_factory=list)


def frame_plate(bg: Path | None) -> Literal["median"] | int | None:
    """Read a background that is made from the frames of a video: `median`, or the number in `frame:N`.

    Returns:
        None if `bg` is a file or a folder, or None.
    """
    if bg is None:
        return None
    if str(bg) == "median":
        return "median"
    frame = _FRAME.fullmatch(str(bg))
    return None if frame is None else int(frame[1])


def plates_of(pictures: Sequence[Given], bg: Path | None) -> Plates:
    """Find the background of each picture.

    Args:
        pictures: the pictures.
        bg: None, a file for all pictures, or a folder. In a folder, the background of `a/NAME.jpg` has the
            same path without suffix, `a/NAME.*`. A picture without one is predicted without background.

    Raises:
        ConfigError: `bg` is made from the frames of a video.
        ImageError: the file cannot be read.
        AssetError: the folder does not exist, or has no background for any of the pictures.
        UsageError: the folder has two pictures of one name, or a picture is its own background.
    """
    if bg is None:
        return Plates([None] * len(pictures), [None] * len(pictures))
    if frame_plate(bg) is not None:
        fix = "name a picture or a folder"
        raise ConfigError("`bg`", "", f"is {bg}, which is for videos; a picture has no other frames", fix)
    if not bg.is_dir():
        return Plates([read_rgb(bg)] * len(pictures), [bg] * len(pictures), [bg])
    remarks: list[str] = []
    named = name_pictures(bg, remarks.append)
    found = [named.get(picture.name.with_suffix("")) for picture in pictures]
    _refuse_itself(pictures, found)
    lonely = [picture.path for picture, plate in zip(pictures, found, strict=True) if plate is None]
    if len(lonely) == len(pictures):
        fix = "a background has the same name as its picture; the suffix may differ"
        raise AssetError(bg, "", f"holds no background for {lonely[0]} or any other picture", fix)
    if lonely:
        more = f" and {len(lonely) - 1:,} more" if len(lonely) > 1 else ""
        remarks.append(f"{bg} holds no background for {lonely[0]}{more}: predicted without one")
    return Plates(found, found, list(named.values()), remarks)


def without_plates(pictures: Sequence[Given], bg: Path | None) -> tuple[list[Given], list[str]]:
    """Leave out the backgrounds that lie among the pictures, in the folders that the user named.

    Args:
        pictures: the pictures.
        bg: as of `plates_of`.

    Returns:
        The other pictures, and a line about those left out. If every picture is a background, all stay.
    """
    if bg is None or frame_plate(bg) is not None:
        return list(pictures), []
    real_paths, place, whole_folder = RealPaths(), real_path(bg), bg.is_dir()

    def is_plate(given: Given) -> bool:
        path = real_paths.of(given.path)
        return given.pixels is None and (place in path.parents if whole_folder else path == place)

    others = [given for given in pictures if not is_plate(given)]
    count = len(pictures) - len(others)
    if not others or not count:
        return list(pictures), []
    if whole_folder:
        return others, [f"{printable(bg)}: {count:,} background{'' if count == 1 else 's'} skipped"]
    return others, [f"{printable(bg)}: the background, skipped"]


def _refuse_itself(pictures: Sequence[Given], plates: Sequence[Path | None]) -> None:
    real_paths = RealPaths()
    for picture, plate in zip(pictures, plates, strict=True):
        if plate is not None and real_paths.of(picture.path) == real_paths.of(plate):
            fix = "keep backgrounds in a folder of their own"
            raise UsageError(plate, "", "would be its own background", fix)
