"""Which files of a folder are depth, by their names alone.

A file is the depth of a picture `NAME.EXT` beside it if it is called

- `NAME.depth.*` or `NAME.EXT.depth.*`: always depth, even if the picture is missing;
- `NAME_depth.*`, `NAME-depth.*` or `NAME.EXT_depth.*`: only if a file `NAME.*` is beside it, because
  `my_depth.jpg` alone may be an ordinary picture;
- the same with X as NAME, if the picture is called `X.color.*`, `X_color.*`, `X.colour.*` or `X.rgb.*`.

Upper and lower case, and the Unicode forms of accents, do not matter.
"""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import PurePath

_DEPTH = re.compile(r"(?P<base>.+)(?P<mark>[._-])depth\.[^.]+", re.IGNORECASE | re.DOTALL)
_COLOUR = re.compile(r"(?P<base>.+)[._-](colou?r|rgb)", re.IGNORECASE | re.DOTALL)


def depth_names(names: Sequence[str]) -> frozenset[str]:
    """The names, of all in one folder, that are depth and so never a picture."""
    marked = {name: found for name in names if (found := split_depth_name(name))}
    always = {name for name, (_, certain) in marked.items() if certain}
    if len(always) == len(marked):
        return frozenset(always)
    beside = {
        folded(base) for name in names if name not in always for base in (*bases(name), *colour_base(name))
    }
    return frozenset(name for name, (base, certain) in marked.items() if certain or folded(base) in beside)


def split_depth_name(name: str) -> tuple[str, bool] | None:
    """The part before the word depth, and whether the name alone makes it depth; None for other names."""
    found = _DEPTH.fullmatch(name)
    if found is None or name.startswith("."):
        return None
    return found["base"], found["mark"] == "."


def bases(name: str) -> tuple[str, ...]:
    """The beginnings of a picture's depth names: `a.jpg` and `a` for `a.jpg`; none without a suffix."""
    path = PurePath(name)
    return (name, path.stem) if path.suffix and not name.startswith(".") else ()


def colour_base(name: str) -> tuple[str, ...]:
    """`a` for the name `a.color.jpg`; none for other names."""
    found = _COLOUR.fullmatch(PurePath(name).stem)
    return (found["base"],) if found else ()


def folded(name: str) -> str:
    """Equal for names that differ only in upper and lower case or in the Unicode form of accents."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
