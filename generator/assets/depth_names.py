"""Which files of a folder are depth, by their names alone.

A file is the depth of a picture `NAME.EXT` beside it when it is called

- `NAME.depth.*` or `NAME.EXT.depth.*`: always depth, even where the picture is missing;
- `NAME_depth.*`, `NAME-depth.*` or `NAME.EXT_depth.*`: only where a file `NAME.*` stands beside it, because
  `my_depth.jpg` alone may be an ordinary picture;
- the same with X as NAME, where the picture is called `X.color.*`, `X_color.*`, `X.colour.*` or `X.rgb.*`.

Capital and small letters, and the ways to write an accent, are alike.
"""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import PurePath

_DEPTH = re.compile(r"(?P<base>.+)(?P<mark>[._-])depth\.[^.]+", re.IGNORECASE | re.DOTALL)
_COLOUR = re.compile(r"(?P<base>.+)[._-](colou?r|rgb)", re.IGNORECASE | re.DOTALL)


def depth_names(names: Sequence[str]) -> frozenset[str]:
    """Those of the names of one folder that are depth, and so never a picture."""
    marked = {name: found for name in names if (found := split_depth_name(name))}
    always = {name for name, (_, certain) in marked.items() if certain}
    if len(always) == len(marked):
        return frozenset(always)
    beside = {
        folded(base) for name in names if name not in always for base in (*bases(name), *colour_base(name))
    }
    return frozenset(name for name, (base, certain) in marked.items() if certain or folded(base) in beside)


def split_depth_name(name: str) -> tuple[str, bool] | None:
    """What stands before the word depth, and whether that alone makes it depth; None for other names."""
    found = _DEPTH.fullmatch(name)
    if found is None or name.startswith("."):
        return None
    return found["base"], found["mark"] == "."


def bases(name: str) -> tuple[str, ...]:
    """`a.jpg` and `a` for the name `a.jpg`: how the name of its depth begins. Nothing without a suffix."""
    path = PurePath(name)
    return (name, path.stem) if path.suffix and not name.startswith(".") else ()


def colour_base(name: str) -> tuple[str, ...]:
    """`a` for the name `a.color.jpg`, nothing for others."""
    found = _COLOUR.fullmatch(PurePath(name).stem)
    return (found["base"],) if found else ()


def folded(name: str) -> str:
    """The same for names that differ only by capitals or by the way an accent is written."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
