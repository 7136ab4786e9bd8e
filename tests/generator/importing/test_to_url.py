"""An import to a URL: the same bytes as here, continued by another machine."""

import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from generator.errors import DiskSpaceError, RemoteError
from generator.importing.config import ImportConfig
from generator.importing.pipeline import import_labelled


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}


@pytest.mark.parametrize("same_machine", [False, True])
def test_an_import_to_a_url_continues_with_the_same_bytes(
    source: Path, fields: dict[str, Any], elsewhere: Any, same_machine: bool
) -> None:
    cv2.imwrite(str(source / "p02.mask.png"), np.full((30, 40), 3, np.uint8))  # goes to problems.csv
    import_labelled(ImportConfig(**fields), progress=False)
    config = ImportConfig(**fields | {"out": elsewhere.url})
    elsewhere.faults.fail_after["put_file"] = 2
    with pytest.raises(RemoteError):
        import_labelled(config, progress=False)
    elsewhere.faults.fail_after.clear()
    if not same_machine:
        shutil.rmtree(elsewhere.cache)
    lines: list[str] = []
    assert 0 < import_labelled(config, say=lines.append, progress=False).written < 20
    assert f"left out: 1 file or picture, listed in {elsewhere.url}/problems.csv" in lines
    assert elsewhere.store == files_of(Path(fields["out"]))
    assert [path.name for path in elsewhere.cache.rglob("*") if path.is_file()] == [".lock"]
    assert import_labelled(config, progress=False).written == 0


def test_a_full_cache_is_found_before_work(
    fields: dict[str, Any], elsewhere: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(1, 1, 5))
    with pytest.raises(DiskSpaceError, match=r"lower `size`, or set FGBG_CACHE to a folder on a larger disk"):
        import_labelled(ImportConfig(**fields | {"out": elsewhere.url}), progress=False)
