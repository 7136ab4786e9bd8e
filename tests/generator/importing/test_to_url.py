"""An import to a URL: the same bytes as here, continued by another machine."""

import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from generator.errors import RemoteError
from generator.importing.config import ImportConfig
from generator.importing.pipeline import import_labelled


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}


def test_an_import_to_a_url_continues_with_the_same_bytes(
    source: Path, fields: dict[str, Any], elsewhere: Any
) -> None:
    cv2.imwrite(str(source / "p02.mask.png"), np.full((30, 40), 3, np.uint8))  # goes to problems.csv
    import_labelled(ImportConfig(**fields), progress=False)
    config = ImportConfig(**fields | {"out": elsewhere.url})
    elsewhere.faults.fail_after["put_file"] = 2
    with pytest.raises(RemoteError):
        import_labelled(config, progress=False)
    elsewhere.faults.fail_after.clear()
    shutil.rmtree(elsewhere.cache)
    lines: list[str] = []
    assert 0 < import_labelled(config, say=lines.append, progress=False).written < 20
    assert f"left out: 1 file or picture, listed in {elsewhere.url}/problems.csv" in lines
    assert elsewhere.store == files_of(Path(fields["out"]))
    assert [path.name for path in elsewhere.cache.rglob("*") if path.is_file()] == [".lock"]
    assert import_labelled(config, progress=False).written == 0
