"""Files that no result may replace, even with `overwrite`: the ones that a command reads."""

from collections.abc import Iterable
from pathlib import Path

from generator.assets.depth_names import folded
from generator.assets.real_paths import RealPaths
from generator.errors import UsageError


class Kept:
    """The files that a command reads.

    Two paths count as one file if some file system does not tell their names apart, by case or by Unicode
    form.
    """

    def __init__(self, files: Iterable[Path]) -> None:
        self._real_paths = RealPaths()
        self._files = {self._place(path) for path in files}

    def __contains__(self, path: Path) -> bool:
        return self._place(path) in self._files

    def refuse(self, paths: Iterable[Path]) -> None:
        """Make sure that none of these paths is one of the files.

        Raises:
            UsageError: one of them is.
        """
        for path in paths:
            if path in self:
                problem = "would be replaced by a result that is made from it"
                raise UsageError(path, "", problem, "use another `out`")

    def _place(self, path: Path) -> str:
        return folded(str(self._real_paths.in_real_folder(path)))
