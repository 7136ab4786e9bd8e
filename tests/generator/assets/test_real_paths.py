from pathlib import Path

import pytest

from generator.assets import real_paths
from generator.assets.real_paths import RealPaths


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real" / "a").touch()
    (tmp_path / "real" / "b").symlink_to("a")
    real = RealPaths()
    assert real.of(tmp_path / "link" / "b") == real.of(tmp_path / "real" / "a") == tmp_path / "real" / "a"
    assert real.in_real_folder(tmp_path / "link" / "b") == tmp_path / "real" / "b"


def test_each_folder_is_resolved_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resolved: list[Path] = []

    def real_path(path: Path) -> Path:
        resolved.append(path)
        return path

    monkeypatch.setattr(real_paths, "real_path", real_path)
    real = RealPaths()
    for name in ("a", "b", "c"):
        real.of(tmp_path / name)
    assert resolved == [tmp_path]
