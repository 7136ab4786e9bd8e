"""Which files belong together, by patterns of their names."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.errors import AssetError, UsageError
from generator.label_formats.patterns import NOUNS, Pattern, Role, Values

Index = Mapping[Role, Mapping[Values, list[Path]]]
"""The files of each role by the values of the names in its pattern."""


@dataclass(frozen=True)
class Match:
    """A picture and the files that belong to it, by their role."""

    picture: Path
    others: Mapping[Role, Path]


@dataclass(frozen=True)
class _Fit:
    """One way to read the path of a picture, with the files of the other patterns that fit to it."""

    values: Values
    files: Mapping[Role, Sequence[Path]]


class Matcher:
    """Finds the files that belong together.

    Args:
        source: the folder that patterns begin at.
        patterns: of the pictures and of everything else.

    Attributes:
        problems: what belongs to nothing, or to several.
        notes: lines about files that are not used.

    Raises:
        UsageError: a pattern has a name that the pattern of the pictures does not have.
    """

    def __init__(self, source: Path, patterns: Mapping[Role, Pattern]) -> None:
        self._source, self._patterns = source, patterns
        self._images = patterns["images"]
        self._others: dict[Role, Pattern] = {
            role: pattern for role, pattern in patterns.items() if role != "images"
        }
        self.problems: list[AssetError] = []
        self.notes: list[str] = []
        for role, pattern in self._others.items():
            if unknown := [name for name in pattern.names if name not in self._images.names]:
                found = f"{{{unknown[0]}}} in {pattern.text!r} only"
                fix = "use `*` for text that may differ"
                raise UsageError(f"`{role}`", f"names of `images` {self._images.text!r}", found, fix)

    def matches(self) -> list[Match]:
        """The pictures that have a file of every role, sorted by path.

        Raises:
            AssetError: no file fits a pattern.
        """
        pictures = self._listed(self._images)
        index: Index = {role: self._index(pattern) for role, pattern in self._others.items()}
        used: dict[Role, set[Path]] = {role: set() for role in index}
        chosen: dict[Values, list[Match]] = {}
        without: list[tuple[Path, Sequence[_Fit]]] = []
        for below, path in pictures:
            fits = [self._fit(values, index) for values in self._images.readings(below)]
            whole = [fit for fit in fits if all(fit.files.values())]
            for fit in whole or fits:
                for role, files in fit.files.items():
                    used[role].update(files)
            if not whole:
                without.append((path, fits))
            elif self._is_clear(path, whole):
                match = Match(path, {role: files[0] for role, files in whole[0].files.items()})
                chosen.setdefault(whole[0].values, []).append(match)
        self._report_missing(without, set().union(*used.values()))
        self._report_unused(index, used, {path for _, path in pictures} - {path for path, _ in without})
        return sorted(self._without_twins(chosen), key=lambda match: match.picture)

    def _listed(self, pattern: Pattern) -> list[tuple[str, Path]]:
        """The files that fit a pattern."""
        first, fitting = None, []
        for below, path in pattern.files(self._source, self.problems):
            first = first or f"{pattern.head}{below}"
            if pattern.readings(below):
                fitting.append((below, path))
        if not fitting:
            noun = f"no {NOUNS[pattern.role]} that fits {pattern.text!r}"
            there = f"; the first file there is {first!r}" if first else ""
            fix = f"correct `{pattern.role}`, or give another source"
            raise AssetError(self._source, "", f"holds {noun}{there}", fix)
        return fitting

    def _index(self, pattern: Pattern) -> dict[Values, list[Path]]:
        index: dict[Values, list[Path]] = {}
        for below, path in self._listed(pattern):
            for values in pattern.readings(below):
                index.setdefault(values, []).append(path)
        return index

    def _fit(self, values: Values, index: Index) -> _Fit:
        value_of = dict(zip(self._images.names, values, strict=True))
        files: dict[Role, Sequence[Path]] = {
            role: index[role].get(tuple(value_of[name] for name in pattern.names), [])
            for role, pattern in self._others.items()
        }
        return _Fit(values, files)

    def _report_missing(self, without: Sequence[tuple[Path, Sequence[_Fit]]], used: set[Path]) -> None:
        """Report pictures without a file; a mask that fits the pattern of pictures too is no picture."""
        for picture, fits in without:
            if picture in used:
                continue
            best = max(fits, key=lambda fit: sum(map(bool, fit.files.values())))
            role = next(role for role, files in best.files.items() if not files)
            values = dict(zip(self._images.names, best.values, strict=True))
            found = f"has no {NOUNS[role]} {self._others[role].filled(values)!r}"
            self._report(picture, "", found, f"add the {NOUNS[role]}, or remove the picture")

    def _is_clear(self, picture: Path, whole: Sequence[_Fit]) -> bool:
        """Whether exactly one file of each role belongs to a picture; otherwise reports it."""
        if any(fit.files != whole[0].files for fit in whole):
            ways = " or ".join(self._spelled(fit.values) for fit in whole[:2])
            self._report(picture, f"one way to read {self._images.text!r}", ways, "make `images` more exact")
            return False
        for role, files in whole[0].files.items():
            if len(files) > 1:
                found = " and ".join(str(path) for path in files[:3])
                fix = f"remove one of them, or make `{role}` more exact"
                self._report(picture, f"one {NOUNS[role]}", found, fix)
                return False
        return True

    def _without_twins(self, chosen: Mapping[Values, list[Match]]) -> Iterator[Match]:
        """Matches whose pictures alone have their names; a wildcard lets several pictures have the same."""
        for values, matches in chosen.items():
            if len(matches) == 1:
                yield matches[0]
                continue
            for match in matches:
                other = next(twin.picture for twin in matches if twin is not match)
                expected = f"one picture for {self._spelled(values)}"
                fix = "remove one of them, or use a name in braces instead of `*` in `images`"
                self._report(match.picture, expected, f"{other} too", fix)

    def _report_unused(self, index: Index, used: Mapping[Role, set[Path]], pictures: set[Path]) -> None:
        for role, of_role in index.items():
            there = {path for files in of_role.values() for path in files} - pictures
            unused = sorted(there - used[role])
            if role == "masks":
                for path in unused:
                    found = f"has no picture that fits {self._images.text!r}"
                    self._report(path, "", found, "add the picture, or remove the mask")
            elif unused:
                files = NOUNS[role] + ("" if len(there) == 1 else "s")
                self.notes.append(f"{len(unused):,} of {len(there):,} {files} belong to no picture")

    def _report(self, where: Path, expected: str, found: str, fix: str) -> None:
        self.problems.append(AssetError(where, expected, found, fix))

    def _spelled(self, values: Values) -> str:
        pairs = zip(self._images.names, values, strict=True)
        return ", ".join(f"{{{name}}} = {value!r}" for name, value in pairs)
