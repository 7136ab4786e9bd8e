from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from fgbg.cli import main
from generator.assets.foreground import Note
from generator.assets.images import read_rgba


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Pictures a and b of a red square on grey, with trimaps: 1 is the square, 3 its border, 2 the rest."""
    for name in ("a", "b"):
        rgb = np.random.default_rng(ord(name)).integers(90, 110, (40, 50, 3), dtype=np.uint8)
        rgb[10:30, 15:35] = [220, 20, 20]
        trimap = np.full((40, 50), 2, np.uint8)
        trimap[10:30, 15:35] = 3
        trimap[12:28, 17:33] = 1
        for folder, pixels in (("pictures", rgb), ("masks", trimap)):
            (tmp_path / folder).mkdir(exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / folder / f"{name}.png")
    return tmp_path


def cutout(labelled: Path, pictures: str, *arguments: str) -> tuple[int, str, str]:
    out = ["--out", str(labelled / "fg")]
    result = CliRunner().invoke(main, ["cutout", str(labelled / pictures), *arguments, *out])
    return result.exit_code, result.stdout, result.stderr


def test_a_labelled_folder(labelled: Path) -> None:
    masks = str(labelled / "masks")
    code, stdout, _ = cutout(labelled, "pictures", "--masks", masks, "--foreground", "1", "--margin", "0")
    assert code == 0 and stdout == f"2 cut-outs in {labelled / 'fg'}\n"
    for name in ("a", "b"):
        rgba = read_rgba(labelled / "fg" / f"{name}.png")
        assert rgba.shape == (16, 16, 4) and (rgba == [220, 20, 20, 255]).all()
    again = ["--masks", masks, "--foreground", "1", "--soft", "3", "--margin", "0"]
    code, _, stderr = cutout(labelled, "pictures", *again)
    assert code == 2 and stderr.startswith(
        f"fgbg: {labelled / 'fg' / 'a.png'} (and 1 more) exists already with other content. Use"
    )
    assert "--overwrite" in stderr
    assert cutout(labelled, "pictures", *again, "--overwrite")[0] == 0
    alpha = read_rgba(labelled / "fg" / "a.png")[..., 3]
    assert alpha.shape == (20, 20) and alpha[10, :4].tolist() == [85, 170, 255, 255]


def test_what_fails_is_named_and_the_rest_is_done(labelled: Path) -> None:
    Image.new("L", (50, 40), 2).save(labelled / "masks" / "b.png")
    Image.new("L", (50, 40), 1).save(labelled / "masks" / "c.png")
    (labelled / "pictures" / "d.heic").touch()
    code, stdout, stderr = cutout(
        labelled, "pictures", "--masks", str(labelled / "masks"), "--foreground", "1"
    )
    assert code == 1 and "1 cut-out in" in stdout
    lines = stderr.splitlines()
    assert len(lines) == 3
    assert lines.pop(0) == f"{labelled / 'pictures'}: 1 file skipped: .heic (1)"
    assert "c.png has no picture in" in lines[0]
    assert "b.png: expected some foreground (1), found none among values 2; skipped" in lines[1]


def test_a_picture_without_the_object_is_no_failure(labelled: Path) -> None:
    Image.new("L", (50, 40), 2).save(labelled / "masks" / "b.png")
    masks = ["--masks", str(labelled / "masks"), "--foreground"]
    code, stdout, stderr = cutout(labelled, "pictures", *masks, "1")
    assert code == 0 and "1 cut-out in" in stdout and stderr.endswith("; skipped\n")
    code, _, stderr = cutout(labelled, "pictures", *masks, "9")
    assert code == 1 and "expected the object in some mask, found none in 2; check --foreground" in stderr


def test_what_is_assumed_about_masks_is_one_line(labelled: Path) -> None:
    for name in ("a", "b"):
        mask = np.zeros((40, 50), np.uint8)
        mask[10:30, 15:35] = 255
        Image.fromarray(np.dstack([np.full_like(mask, 255), mask])).save(labelled / "masks" / f"{name}.png")
    code, _, stderr = cutout(labelled, "pictures", "--masks", str(labelled / "masks"))
    first = labelled / "masks" / "a.png"
    assert code == 0 and stderr == f"fgbg: {first} and 1 more: {Note.OPACITY.value}\n"


def test_cleaning_finished_cutouts(labelled: Path) -> None:
    code, _, _ = cutout(labelled, "pictures", "--masks", str(labelled / "masks"), "--foreground", "1")
    assert code == 0
    (labelled / "fg").rename(labelled / "ready")
    code, stdout, _ = cutout(labelled, "ready", "--clean-edges")
    assert code == 0 and stdout == f"2 cut-outs in {labelled / 'fg'}\n"
    code, _, stderr = cutout(labelled, "fg", "--clean-edges")
    assert code == 2 and "is the folder of the cut-outs themselves. Use another --out" in stderr


def test_a_box_in_one_picture(labelled: Path) -> None:
    code, stdout, _ = cutout(labelled, "pictures/a.png", "--box", "11,6,28,28", "--margin", "0")
    assert code == 0 and stdout.rstrip().endswith(str(labelled / "fg" / "a.png"))
    rgba = read_rgba(labelled / "fg" / "a.png")
    assert abs(rgba.shape[0] - 20) <= 2 and abs(rgba.shape[1] - 20) <= 2
    assert (rgba[4:-4, 4:-4] == [220, 20, 20, 255]).all()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["pictures"], "takes one of --masks, --network, --box and --clean-edges, not none."),
        (["pictures", "--masks", "masks", "--box", "1,1,5,5"], "and --clean-edges, not --masks and --box."),
        (["pictures", "--masks", "masks", "--clean-edges"], ", not --masks and --clean-edges. Choose one"),
        (["pictures", "--clean-edges", "--soft", "3"], "go with --masks only, not with --clean-edges"),
        (["pictures", "--box", "1,1,5,5"], "expected one picture, found the folder"),
        (["pictures/a.png", "--box", "1,1,5"], "expected left, top, width and height"),
        (["pictures/a.png", "--box", "1,1,5,5", "--soft", "3"], "go with --masks only, not with --box"),
        (["pictures/a.png", "--box", "30,1,25,5"], "expected a box inside the 50 x 40"),
        (
            ["pictures", "--masks", "masks", "--foreground", "1,2"],
            "expected a value up to 65535 like 3, or a colour",
        ),
        (["pictures", "--masks", "masks", "--foreground", "300,0,0"], "or a colour like 255,0,255"),
        (["pictures", "--masks", "masks", "--foreground", "1", "--grey-is-alpha"], "--grey-is-alpha"),
    ],
)
def test_wrong_use(
    arguments: list[str], complaint: str, labelled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(labelled)
    code, _, stderr = cutout(labelled, *arguments)
    assert code == 2 and complaint in stderr and len(stderr.splitlines()) == 1
    assert not (labelled / "fg").exists()


def test_a_network_finds_the_object(labelled: Path, salient: Path) -> None:
    Image.new("RGB", (50, 40), (90, 160, 60)).save(labelled / "pictures" / "empty.png")
    code, stdout, stderr = cutout(labelled, "pictures", "--network", str(salient), "--margin", "0")
    assert code == 0 and stdout == f"2 cut-outs in {labelled / 'fg'}\n"
    lines = stderr.splitlines()
    assert lines[0] == f"{salient}: sees 32 x 32 px, normalised by 'imagenet'"
    assert "empty.png: expected an object, found none" in lines[1] and len(lines) == 2
    rgba = read_rgba(labelled / "fg" / "a.png")
    assert abs(rgba.shape[0] - 20) <= 6 and abs(rgba.shape[1] - 20) <= 6
    assert (rgba[4:-4, 4:-4] == [220, 20, 20, 255]).all()
    code, _, stderr = cutout(labelled, "pictures", "--network", str(labelled / "nowhere.onnx"))
    assert code == 1 and "nowhere.onnx does not exist. Check the path." in stderr


def test_a_folder_of_masks_that_does_not_exist_is_named_with_its_option(labelled: Path) -> None:
    code, _, stderr = cutout(labelled, "pictures", "--masks", "nowhere")
    assert code == 1
    assert stderr == "fgbg: nowhere does not exist. Put masks there, or give another folder with --masks.\n"
