"""Where pictures to predict come from."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from generator.assets.listing import list_folder, require_pictures
from generator.errors import AssetError, printable
from generator.files import real_path
from generator.own_results import maker_of

if TYPE_CHECKING:
    from fgbg.predictor.picture_input import Picture


@dataclass(frozen=True)
class NamedPicture:
    """A picture to predict.

    Attributes:
        name: in messages, and for the sink; no other picture of the source has it.
        picture: anything that `as_rgb` converts; a path is read later, in another thread.
        bg: the same view without the object; None if there is none.
    """

    name: str
    picture: "Picture"
    bg: "Picture | None" = None


class Source(Protocol):
    """Pictures, given one by one as they are needed."""

    @property
    def count(self) -> int | None:
        """How many pictures there are; None if that is not known."""

    def __iter__(self) -> Iterator[NamedPicture]:
        """Each picture once."""


@dataclass(frozen=True)
class Given:
    """A picture file that the user named, alone or by its folder.

    Attributes:
        folder: the named folder; for a single picture, the folder that it is in.
        name: path of the picture inside the folder.
    """

    folder: Path
    name: Path

    @property
    def path(self) -> Path:
        return self.folder / self.name

    @property
    def whole_folder(self) -> Path:
        """The absolute path of the folder; links in it keep their names."""
        return real_path(self.folder) if ".." in self.folder.parts else self.folder.absolute()


@dataclass(frozen=True)
class Found:
    """The pictures among files and in folders.

    Attributes:
        pictures: each once.
        remarks: lines about the files that were skipped.
        problems: an error for each folder that cannot be read or has no picture.
    """

    pictures: list[Given]
    remarks: list[str]
    problems: list[AssetError]


def find_pictures(paths: Iterable[Path], out: Path) -> Found:
    """Find the pictures among files and in folders.

    Results of earlier calls are skipped, and so is `out` if it is inside one of the folders.
    """
    remarks: list[str] = []
    problems: list[AssetError] = []
    given: list[Given] = []
    for path in paths:
        if not path.is_dir():
            if maker_of(path) is not None:
                remarks.append(f"{printable(path)}: a result of fgbg, skipped")
            else:
                given.append(Given(path.parent, Path(path.name)))
            continue
        try:
            listing = list_folder(path, without=out)
            listing.drop_results()
            remarks += listing.remarks()
            problems += listing.problems
            given += [Given(path, picture.relative_to(path)) for picture in require_pictures(listing)]
        except AssetError as error:
            problems.append(error)
    once: dict[Path, Given] = {}
    for picture in given:
        place = picture.whole_folder / picture.name
        # A picture that was named twice counts as one of the outer folder.
        once[place] = max(picture, once.get(place, picture), key=lambda one: len(one.name.parts))
    return Found(list(once.values()), remarks, problems)


class FileSource:
    """Picture files, all with the same background.

    Args:
        pictures: the files.
        bg: the background; None if there is none.
    """

    def __init__(self, pictures: Sequence[Given], bg: "Picture | None" = None) -> None:
        self._pictures, self._bg = pictures, bg

    @property
    def count(self) -> int:
        return len(self._pictures)

    def __iter__(self) -> Iterator[NamedPicture]:
        for given in self._pictures:
            yield NamedPicture(str(given.path), given.path, self._bg)
