"""What an import could not use: a few lines on the screen, and all of it in a CSV file of the dataset."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence

from generator.errors import AssetError, FgbgError, printable
from generator.existing_dataset import PROBLEMS_FILE
from generator.files import write_atomically
from generator.format.journal import LeftOut
from generator.label_formats.items import Item
from generator.output import Output
from generator.places import Place

# So many are said one by one.
_SAID = 5


class Problems:
    """Collects what cannot be used.

    Args:
        output: where the dataset is written.
        items: all pictures of the source.
        say: gets a line about each of the first problems.
    """

    def __init__(self, output: Output, items: Sequence[Item], say: Callable[[str], None]) -> None:
        self._output, self._items, self._say = output, items, say
        self._listed: list[FgbgError] = []
        self._left_out: dict[int, LeftOut] = {}

    def __len__(self) -> int:
        return len(self._listed) + len(self._left_out)

    def list(self, errors: Iterable[FgbgError]) -> None:
        """Add what the format found while it listed the source."""
        for error in errors:
            self._listed.append(error)
            self._say_one(str(error))

    def leave_out(self, pictures: Iterable[LeftOut]) -> None:
        """Add pictures that cannot be samples; those that are known are not said again."""
        for picture in pictures:
            new = picture.sample_id not in self._left_out
            self._left_out[picture.sample_id] = picture
            if new:
                self._say_one(picture.problem)

    def write(self) -> Place | None:
        """Write the file, sorted by picture, or remove it if there is no problem; return where it is."""
        if not len(self):
            self._output.remove(PROBLEMS_FILE)
            return None
        text = io.StringIO()
        rows = csv.writer(text)
        rows.writerow(["picture", "file", "problem"])
        rows.writerows(["", printable(error.where), str(error)] for error in self._listed)
        for number in sorted(self._left_out):
            found = self._left_out[number]
            rows.writerow([printable(self._items[number].name), found.file, found.problem])
        write_atomically(self._output.folder / PROBLEMS_FILE, text.getvalue().encode())
        self._output.store(PROBLEMS_FILE)
        return self._output.where / PROBLEMS_FILE

    def say_number(self) -> None:
        """Write the file, and say how many problems it holds."""
        if (path := self.write()) is not None:
            noun = "file or picture" if len(self) == 1 else "files and pictures"
            self._say(f"left out: {len(self):,} {noun}, listed in {printable(path)}")

    def refuse(self) -> AssetError:
        """Write the file; the error for a caller who wants none left out, about the first problem."""
        path = self.write()
        where, text = next(self._texts())
        more = f" ({len(self) - 1:,} more in {path})" if len(self) > 1 else ""
        problem = text.removeprefix(where).lstrip(": ")
        return AssetError(
            where, "", f"{problem.rstrip('.')}{more}", "correct or remove it, or leave `strict` out"
        )

    def _texts(self) -> Iterator[tuple[str, str]]:
        yield from ((printable(error.where), str(error)) for error in self._listed)
        yield from ((found.file, found.problem) for _, found in sorted(self._left_out.items()))

    def _say_one(self, line: str) -> None:
        if len(self) <= _SAID:
            self._say(f"left out: {line}")
