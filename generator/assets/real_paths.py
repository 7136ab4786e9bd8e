"""The real paths of many files, found with little work: each folder is resolved once."""

from pathlib import Path

from generator.files import real_path


class RealPaths:
    """Remembers the real path of each folder that it has seen."""

    def __init__(self) -> None:
        self._folders: dict[Path, Path] = {}

    def in_real_folder(self, path: Path) -> Path:
        """The path with the links in its folder followed; the file itself may be a link."""
        folder = self._folders.get(path.parent)
        if folder is None:
            folder = self._folders[path.parent] = real_path(path.parent)
        return folder / path.name

    def of(self, path: Path) -> Path:
        """The path with every link followed."""
        found = self.in_real_folder(path)
        return real_path(found) if found.is_symlink() else found
