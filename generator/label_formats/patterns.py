"""Patterns of file names: `image_2/{a}_{id}.png` finds pictures, `gt/{a}_road_{id}.png` finds their masks.

A name in braces stands for text without `/`, the same text in every pattern. `*` stands for any text without
`/`, and `**` between slashes for any number of folders.
"""

import os
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path, PurePath
from typing import Literal

from generator.assets.listing import PICTURE_SUFFIXES, walk
from generator.errors import AssetError, UsageError

Role = Literal["images", "masks", "bg", "depth"]
NOUNS: Mapping[Role, str] = {"images": "picture", "masks": "mask", "bg": "background", "depth": "depth file"}
SUFFIXES_OF_DEPTH = PICTURE_SUFFIXES | {".npy", ".npz", ".pfm", ".exr"}

Values = tuple[str, ...]
"""The texts that the names of a pattern stand for."""

_TOKEN = re.compile(r"\{(?P<name>[A-Za-z_]\w*)\}|(?<![^/])\*\*(?:/|$)|\*(?!\*)|[^{}*]+", re.ASCII)
_SPECIAL = re.compile(r"[{}*]")
_MOST_READINGS = 1000


def is_pattern(text: str) -> bool:
    """Whether a text has names in braces or wildcards; otherwise it is a plain path."""
    return _SPECIAL.search(text) is not None


class Pattern:
    """A pattern of paths.

    Args:
        role: what the files are; names the field in errors.
        text: the pattern, below the source or absolute.

    Attributes:
        text: the pattern with slashes.
        head: the folders before the first name or wildcard; may be empty.
        names: in braces, each once, in the order of their first places.
        has_wildcard: whether there is `*` or `**`.

    Raises:
        UsageError: a brace or `*` is not as described above.
    """

    def __init__(self, role: Role, text: str) -> None:
        self.role, self.text = role, text.replace(os.sep, "/")
        first = _SPECIAL.search(self.text)
        start = self.text.rfind("/", 0, first.start() if first else None) + 1
        self.head = self.text[:start]
        self._tokens = self._split(self.text[start:])
        self.names = tuple(dict.fromkeys(name for name, _ in self._tokens if name))
        self.has_wildcard = any(text.startswith("*") for name, text in self._tokens if not name)
        self._lazy, self._greedy = self._compiled("?"), self._compiled("")

    def _split(self, text: str) -> list[tuple[str, str]]:
        """Pairs of a name and the text of a token: of names both, of others only the text."""
        tokens, end = [], 0
        for token in _TOKEN.finditer(text):
            if token.start() != end:
                break
            tokens.append((token["name"] or "", token[0]))
            end = token.end()
        if end < len(text):
            raise UsageError(
                f"`{self.role}`",
                "names in braces like {id}, `*`, or `**` between slashes",
                f"{text[end : end + 20]!r} in {self.text!r}",
                "correct the pattern",
            )
        return tokens

    def _compiled(self, lazy: str) -> re.Pattern[str]:
        """The pattern, whose groups take as little text as possible, from left to right; or as much."""
        parts, seen = [], set[str]()
        for name, text in self._tokens:
            if name:
                parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>[^/]+{lazy})")
                seen.add(name)
            elif text.startswith("*"):
                wild = {"*": f"([^/]*{lazy})", "**/": f"((?:[^/]+/)*{lazy})", "**": f"(.+{lazy})"}
                parts.append(wild[text])
            else:
                parts.append(re.escape(text))
        return re.compile("".join(parts), re.DOTALL)

    def readings(self, path: str) -> list[Values]:
        """All ways to read a path below `head` as this pattern; empty if it does not fit."""
        least = self._lazy.fullmatch(path)
        if least is None:
            return []
        most = self._greedy.fullmatch(path)
        assert most is not None
        if least.groups() == most.groups():  # the first and the last way are the same: there is only one
            return [tuple(least[name] for name in self.names)]
        return list(dict.fromkeys(islice(self._ways(path, 0, 0, {}), _MOST_READINGS)))

    def _ways(self, path: str, at: int, token: int, found: dict[str, str]) -> Iterator[Values]:
        if token == len(self._tokens):
            if at == len(path):
                yield tuple(found[name] for name in self.names)
            return
        name, text = self._tokens[token]
        if not text.startswith("*") and (not name or name in found):
            literal = found.get(name, text)
            if path.startswith(literal, at):
                yield from self._ways(path, at + len(literal), token + 1, found)
            return
        for end in _ends(path, at, text):
            taken = {**found, name: path[at:end]} if name else found
            yield from self._ways(path, end, token + 1, taken)

    def filled(self, values: Mapping[str, str]) -> str:
        """The whole pattern with the values of names in place; wildcards stay."""
        return self.head + "".join(values[name] if name else text for name, text in self._tokens)

    def files(self, source: Path, problems: list[AssetError]) -> Iterator[tuple[str, Path]]:
        """The files below `head` that can be of this kind, with their paths below it."""
        folder = source / self.head
        if not folder.is_dir():
            return
        kinds = SUFFIXES_OF_DEPTH if self.role == "depth" else PICTURE_SUFFIXES
        last_name, last_text = self._tokens[-1] if self._tokens else ("", "")
        any_kind = not last_name and bool(PurePath(f"a{last_text}").suffix)
        start = len(str(folder / "a")) - 1
        for inside, names in walk(folder, problems):
            below = str(inside / "a")[start:-1].replace(os.sep, "/")
            for name in names:
                if any_kind or PurePath(name).suffix.lower() in kinds:
                    yield below + name, inside / name


def _ends(path: str, at: int, token: str) -> Iterator[int]:
    """Where a name or a wildcard that begins at `at` may end, the nearest first."""
    if token == "**/":
        yield at
        yield from (place + 1 for place in range(at + 1, len(path)) if path[place] == "/")
    elif token == "**":
        yield from range(at + 1, len(path) + 1)
    else:
        slash = path.find("/", at)
        last = len(path) if slash < 0 else slash
        yield from range(at + (token != "*"), last + 1)
