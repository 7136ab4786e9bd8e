"""Files that no result may replace, whatever is asked for: those that a command reads."""

from collections.abc import Iterable
from pathlib import Path

from generator.assets.depth_names import folded
from generator.errors import UsageError
from generator.files import real_path


class Kept:
    """What a command reads.

    A path is the same file as another where some file system does not tell their names apart, by case or by
    Unicode form.
    """

    def __init__(self, files: Iterable[Path]) -> None:
        self._folders: dict[Path, Path] = {}
        self._files = {self._place(path) for path in files}

    def __contains__(self, path: Path) -> bool:
        return self._place(path) in self._files

    def refuse(self, paths: Iterable[Path]) -> None:
        """Make sure that none of these is written.

        Raises:
            UsageError: one of them is read.
        """
        for path in paths:
            if path in self:
                found = "one of the files that it is made of"
                raise UsageError(path, "another file than what it is made of", found, "use another `out`")

    def _place(self, path: Path) -> str:
        """The path with its folder from the root on, links resolved; the file itself may be a link."""
        if path.parent not in self._folders:
            self._folders[path.parent] = real_path(path.parent)
        return folded(str(self._folders[path.parent] / path.name))
