import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from fgbg.cli import main


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    (folder / "sub").mkdir(parents=True)
    for name, size in (("a.jpg", (30, 40)), ("b.png", (3, 2)), ("sub/a.png", (33, 33))):
        cv2.imwrite(str(folder / name), np.full((*size, 3), 90, np.uint8))
    return folder


def predict(trained: Path, out: Path, *arguments: str | Path) -> tuple[int, str, str]:
    checkpoint = ["--checkpoint", str(trained / "best.pt"), "--out", str(out), "--device", "cpu"]
    result = CliRunner().invoke(main, ["predict", *map(str, arguments), *checkpoint])
    return result.exit_code, result.stdout, result.stderr


def written(out: Path) -> set[str]:
    return {path.relative_to(out).as_posix() for path in out.rglob("*.png")}


def results(*names: str) -> set[str]:
    return {f"{name}.{kind}.png" for name in names for kind in ("mask", "depth", "overlay")}


def test_files_and_folders(trained: Path, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, stdout, _ = predict(trained, out, pictures)
    assert code == 0 and written(out) == results("a", "b", "sub/a")
    assert str(out / "a.mask.png") in stdout
    assert cv2.imread(str(out / "a.depth.png"), cv2.IMREAD_UNCHANGED).shape == (30, 40)
    assert predict(trained, tmp_path / "one", pictures / "b.png")[0] == 0
    assert written(tmp_path / "one") == results("b")


def test_it_imports_no_more_than_it_uses(trained: Path, pictures: Path, tmp_path: Path) -> None:
    # In one process, as importing torch takes seconds: wrong paths are said without it, and with it comes
    # nothing that is used in training alone.
    wrong = [
        ["missing.jpg", "--checkpoint", str(trained)],
        [str(pictures / "b.png"), "--checkpoint", str(tmp_path)],
        [str(pictures / "b.png"), "--checkpoint", str(trained), "--bg", "missing.jpg"],
    ]
    right = [str(pictures / "b.png"), "--checkpoint", str(trained), "--out", str(tmp_path), "--device", "cpu"]
    heavy = {
        *("albumentations", "kornia", "lightning", "matplotlib", "numba", "pandas", "scipy", "sklearn"),
        *("segmentation_models_pytorch", "tensorboard", "timm", "torch._dynamo", "torchmetrics"),
        *("torchvision", "transformers"),
    }
    code = f"""
import sys
from fgbg.cli import main

def run(arguments):
    try:
        main(["predict", *arguments])
    except SystemExit as end:
        return end.code

for arguments in {wrong!r}:
    assert run(arguments) == 1
    assert "torch" not in sys.modules, arguments
assert not run({right!r}) and "torch" in sys.modules
print(sorted({heavy!r} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
    assert len(done.stderr.splitlines()) == len(wrong)


def test_a_missing_and_a_broken_file_among_good_ones(trained: Path, pictures: Path, tmp_path: Path) -> None:
    (pictures / "broken.png").write_text("no picture")
    out = tmp_path / "out"
    code, _, stderr = predict(trained, out, tmp_path / "missing.jpg", pictures)
    assert code == 1 and written(out) == results("a", "b", "sub/a")
    lines = stderr.splitlines()
    assert len(lines) == 2
    assert "missing.jpg: expected a picture, found no such file" in lines[0]
    assert "broken.png: expected a picture, found no known picture format" in lines[1]


def test_pictures_of_one_name_do_not_overwrite_each_other(
    trained: Path, pictures: Path, tmp_path: Path
) -> None:
    cv2.imwrite(str(pictures / "a.png"), np.zeros((8, 8, 3), np.uint8))
    out = tmp_path / "out"
    assert predict(trained, out, pictures)[0] == 0
    assert written(out) == results("a.jpg", "a.png", "b", "sub/a")


def test_threshold_and_background(trained: Path, pictures: Path, tmp_path: Path) -> None:
    picture = pictures / "a.jpg"
    out = tmp_path / "out"
    assert predict(trained, out, picture, "--bg", picture, "--mask-threshold", "0.5")[0] == 0
    mask = cv2.imread(str(out / "a.mask.png"), cv2.IMREAD_UNCHANGED)
    assert set(np.unique(mask)) <= {0, 255}


def test_a_network_without_depth_head_writes_the_rest_and_says_so(
    trained_for_masks: Path, pictures: Path, tmp_path: Path
) -> None:
    code, stdout, _ = predict(trained_for_masks, tmp_path / "out", pictures / "a.jpg")
    assert code == 0 and written(tmp_path / "out") == {"a.mask.png", "a.overlay.png"}
    first, second = stdout.splitlines()
    assert (
        first
        == f"{trained_for_masks / 'best.pt'}: a network without depth head, so there is no depth to write"
    )
    assert second.endswith(f"{tmp_path / 'out' / 'a.mask.png'} a.overlay.png")


def test_a_background_is_refused_by_a_network_that_sees_none(
    trained_for_masks: Path, pictures: Path, tmp_path: Path
) -> None:
    picture = pictures / "a.jpg"
    code, _, stderr = predict(trained_for_masks, tmp_path / "out", picture, "--bg", picture)
    assert code == 2 and "--bg: expected a network that sees backgrounds, found one trained with" in stderr
    assert not (tmp_path / "out").exists()


def test_a_background_that_does_not_fit_is_named(trained: Path, pictures: Path, tmp_path: Path) -> None:
    code, _, stderr = predict(
        trained, tmp_path / "out", pictures / "a.jpg", "--bg", pictures / "sub" / "a.png"
    )
    assert code == 1 and "expected the aspect of the picture, 40 x 30, found 33 x 33" in stderr


def test_without_a_checkpoint_it_says_to_train_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["predict", "a.jpg"])
    assert result.exit_code == 1 and "run 'fgbg train' first" in result.stderr
    assert len(result.stderr.splitlines()) == 1
