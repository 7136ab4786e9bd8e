import os
import subprocess
import sys
from pathlib import Path

import pytest

import fgbg.shadowed_packages
from fgbg.shadowed_packages import ShadowedPackageError, refuse_shadowed_packages

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("shadow", ["generator/__init__.py", "training.py"])
def test_a_package_of_the_users_is_named(
    shadow: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / shadow).parent.mkdir(exist_ok=True)
    (tmp_path / shadow).touch()
    name = Path(shadow).parts[0].removesuffix(".py")
    for module in [module for module in sys.modules if module.partition(".")[0] == name]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ShadowedPackageError, match="rename it") as failed:
        refuse_shadowed_packages()
    assert str(tmp_path / Path(shadow).parts[0]) in str(failed.value)


def test_a_folder_without_code_hides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "training").mkdir()
    for module in [module for module in sys.modules if module.partition(".")[0] == "training"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.syspath_prepend(tmp_path)
    refuse_shadowed_packages()


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fgbg.shadowed_packages, "find_spec", lambda name: None)
    with pytest.raises(ShadowedPackageError, match="'generator' is missing"):
        refuse_shadowed_packages()


def test_the_command_says_it_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / "__init__.py").touch()
    done = subprocess.run(
        [Path(sys.executable).with_name("fgbg"), "--help"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("fgbg: ") and len(done.stderr.splitlines()) == 1
    assert str(tmp_path / "training") in done.stderr
