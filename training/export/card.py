"""The model card of an exported network: the card of its run, with the use of the exported file.

`best.onnx` gets `best.onnx.model-card.md`.
"""

import os
import re
from pathlib import Path
from typing import Any

from generator.errors import printable
from generator.files import read_regular, write_atomically
from training.export.metadata import interface
from training.records.run_files import BEST, CARD, LAST

USE, LICENCE = "## Use", "## Licence"
"""Headings of the sections that differ between a run and an exported network."""

RUN_MARK = (
    "<!-- 'fgbg train' writes this file again after each epoch. To keep your changes, remove this line. -->"
)
_MARK = "<!-- 'fgbg export --overwrite' replaces this file. To keep your changes, remove this line. -->"
_MOST_BYTES = 2**24


def write_exported_card(
    source: Path, target: Path, metadata: dict[str, Any], own_licence: bool
) -> Path | None:
    """Write the card of an exported network, unless the user keeps an own one there.

    Args:
        source: the checkpoint. If it has no card, the text is short.
        target: the exported network.
        metadata: of `network_metadata`.
        own_licence: whether the text about the licence is the user's.

    Returns:
        The path of the card; None if the user's own one stays.
    """
    card = _exported_card(target)
    if os.path.lexists(card) and not is_unclaimed(card, _MARK):
        return None
    text = _text(source.with_name(CARD) if source.name in (BEST, LAST) else _exported_card(source))
    if text is None:
        text = f"---\nlibrary_name: fgbg\n---\n\n{_MARK}\n\n# {printable(target.stem)}\n"
    text = text.replace(RUN_MARK, _MARK)
    if _MARK not in text:
        text = f"{text.rstrip()}\n\n{_MARK}\n"
    text = _with_section(text, USE, _use_of_export(source, target, metadata))
    if own_licence or LICENCE not in text:
        text = _with_section(text, LICENCE, metadata["licence"])
    write_atomically(card, text.encode())
    return card


def is_unclaimed(card: Path, mark: str) -> bool:
    """Whether fgbg wrote a card and nobody removed its mark."""
    return mark in (_text(card) or "")


def use(name: str, with_bg: bool, depth: bool) -> str:
    """How fgbg predicts with a network.

    Args:
        name: of its file.
        with_bg: whether it takes a background.
        depth: whether it predicts depth.
    """
    return f"""```
fgbg predict photo.jpg --checkpoint {name}{" --bg background.jpg" if with_bg else ""}
```

```python
from fgbg import Predictor

predicted = Predictor.load("{name}")("photo.jpg"{', bg="background.jpg"' if with_bg else ""})
predicted.mask{", predicted.depth" if depth else ""}
```"""


def _use_of_export(source: Path, target: Path, metadata: dict[str, Any]) -> str:
    name = printable(target.name)
    begin = f"`{name}` was exported from `{printable(source.name)}`"
    if metadata["contract"] == "rembg":
        return f"""{begin} for rembg. It predicts only a mask, without a background:

```
U2NET_HOME=. rembg i -m u2net_custom -x '{{"model_path": "{name}"}}' photo.jpg cut-out.png
```"""
    text = f"{begin}, with weights of {metadata['precision']}.\n\n"
    text += use(name, metadata["inputs"] == 6, metadata["depth"])
    if target.suffix == ".onnx":
        text += "\n\nInputs and outputs of the file:\n\n"
        text += "\n".join(f"- {line}" for line in interface(metadata))
    return text


def _exported_card(network: Path) -> Path:
    return network.with_name(f"{network.name}.{CARD}")


def _text(card: Path) -> str | None:
    """The text of a card; None if there is none."""
    try:
        return read_regular(card, _MOST_BYTES).decode().replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError):
        return None


def _with_section(text: str, heading: str, content: str) -> str:
    """A text whose section of this heading has this content; it is added if it is missing."""
    section = f"{heading}\n\n{content}\n\n"
    found = re.compile(rf"^{heading}$.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    if found.search(text) is None:
        return f"{text.rstrip()}\n\n{section.rstrip()}\n"
    return found.sub(lambda _: section, text, count=1).rstrip() + "\n"
