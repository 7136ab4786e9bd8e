"""The names of the results of a video, and which of them may be replaced."""

from pathlib import Path

import pytest

from fgbg.video import kinds
from fgbg.video.kinds import refuse_results, require_pyav, result_paths
from generator.errors import ConfigError, ExistsError


def test_results_keep_dots_of_the_name() -> None:
    base = Path("out/a.b")
    assert result_paths(base, ("mask", "side-by-side"), "webm") == {
        "mask": Path("out/a.b.mask.webm"),
        "side-by-side": Path("out/a.b.side-by-side.webm"),
    }
    assert result_paths(base, ("depth",), "png") == {"depth": Path("out/a.b.depth")}


def test_existing_results_are_kept_unless_the_user_says_so(tmp_path: Path) -> None:
    video, folder, empty = tmp_path / "a.mask.mp4", tmp_path / "a.mask", tmp_path / "b.mask"
    video.touch()
    folder.mkdir()
    (folder / "000001.png").touch()
    empty.mkdir()
    refuse_results([empty, tmp_path / "new"], "png", overwrite=False)
    for path, form in ((video, "mp4"), (folder, "png")):
        with pytest.raises(ExistsError, match="exists already"):
            refuse_results([path], form, overwrite=False)
        refuse_results([path], form, overwrite=True)
    for path, form in ((folder, "mp4"), (video, "png")):
        with pytest.raises(ExistsError):
            refuse_results([path], form, overwrite=True)


def test_a_missing_pyav_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    require_pyav()
    monkeypatch.setattr(kinds, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install 'fgbg\[video\]'"):
        require_pyav()
