from pathlib import Path

import pytest

from generator.assets.originals import Kept
from generator.errors import UsageError


def test_files_are_kept_however_their_path_is_spelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.chdir(tmp_path)
    kept = Kept([Path("real/caf\u00e9.png"), tmp_path / "b.png"])
    assert Path("link/CAFE\u0301.png") in kept and Path("real/../b.png") in kept
    assert Path("b.png.png") not in kept and Path("real/b.png") not in kept
    kept.refuse([tmp_path / "new.png"])
    with pytest.raises(UsageError, match=r"B\.png would be replaced by a result that is made from it"):
        kept.refuse([tmp_path / "new.png", tmp_path / "B.png"])
