"""Which pictures `fgbg predict` was given."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from generator.assets.listing import list_folder, require_pictures
from generator.errors import AssetError, printable
from generator.files import real_path
from generator.marks import maker_of


@dataclass(frozen=True)
class Given:
    """A picture that was given, alone or in a folder.

    Attributes:
        folder: that was given, or where the picture lies that was given alone.
        name: path of the picture inside it.
    """

    folder: Path
    name: Path

    @property
    def path(self) -> Path:
        return self.folder / self.name

    @property
    def whole_folder(self) -> Path:
        """The folder from the root on; links in it keep their names."""
        return real_path(self.folder) if ".." in self.folder.parts else self.folder.absolute()


@dataclass(frozen=True)
class Found:
    """What was found at some paths.

    Attributes:
        pictures: each once.
        remarks: a line on whatever was passed over.
        problems: an error for each folder of no use.
    """

    pictures: list[Given]
    remarks: list[str]
    problems: list[AssetError]


def find_pictures(paths: Iterable[Path], out: Path) -> Found:
    """The pictures among files and in folders.

    Results of earlier calls are passed over, and so is `out` where it lies in one of the folders.
    """
    remarks: list[str] = []
    problems: list[AssetError] = []
    given: list[Given] = []
    for path in paths:
        if not path.is_dir():
            if maker_of(path) is not None:
                remarks.append(f"{printable(path)}: a result of fgbg, passed over")
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
        # Given twice, it is the one of the outer folder.
        once[place] = max(picture, once.get(place, picture), key=lambda one: len(one.name.parts))
    return Found(list(once.values()), remarks, problems)
