from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from fgbg.cli import main
from generator.drawing.write import DrawnSamples


def run(assets: DrawnSamples, csv: Path, *arguments: str) -> tuple[int, str, str]:
    sizes = ["--size", "64", "--fg-size", "32"]
    folders = ["--fg", str(assets.fg), "--bg", str(assets.bg), "--csv", str(csv)]
    result = CliRunner().invoke(main, ["review", *folders, *sizes, *arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def mixed(assets: DrawnSamples, tmp_path: Path) -> DrawnSamples:
    """A good foreground, a good background, a foreground without alpha, and a grey background."""
    mixed = DrawnSamples(tmp_path / "fg", tmp_path / "bg")
    for folder, source in ((mixed.fg, assets.fg / "fg000.png"), (mixed.bg, assets.bg / "bg000.png")):
        folder.mkdir()
        (folder / source.name).write_bytes(source.read_bytes())
    grey = np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)
    cv2.imwrite(str(mixed.bg / "grey.png"), grey)
    return mixed


def test_a_note_alone_is_no_failure(mixed: DrawnSamples, tmp_path: Path) -> None:
    code, stdout, stderr = run(mixed, tmp_path / "out" / "r.csv")
    assert (code, stderr) == (0, "")
    assert "note  bg/grey.png  odd-mode  grey, 8 bits per channel" in stdout
    assert stdout.splitlines()[-1].startswith("3 pictures: 0 errors, 0 warnings, 1 note; ")
    assert (tmp_path / "out" / "r.csv").read_text().startswith("severity,kind,name,problem,detail,advice\n")


def test_an_error_is_in_the_table_the_report_and_the_exit_code(mixed: DrawnSamples, tmp_path: Path) -> None:
    cv2.imwrite(str(mixed.fg / "plain.png"), np.full((64, 64, 3), 90, np.uint8))
    code, stdout, _ = run(mixed, tmp_path / "r.csv")
    assert code == 1
    table = stdout.splitlines()
    assert table[0].startswith("error  fg/plain.png  no-alpha  found 3 without alpha")
    assert table[1].startswith("note   bg/grey.png   odd-mode  ")
    assert "no-alpha: export the cut-out with transparency" in table
    assert "error,fg,plain.png,no-alpha," in (tmp_path / "r.csv").read_text()
    code, _, stderr = run(mixed, tmp_path / "r.csv")
    assert code == 2 and "r.csv exists already. Use another --csv, or --overwrite" in stderr
    assert run(mixed, tmp_path / "r.csv", "--overwrite")[0] == 1


def test_the_report_names_options(mixed: DrawnSamples, tmp_path: Path) -> None:
    dot = np.zeros((640, 640, 4), np.uint8)
    dot[300, 300] = 255
    cv2.imwrite(str(mixed.fg / "dot.png"), dot)
    run(mixed, tmp_path / "r.csv")
    assert ',"remove it, or raise --fg-size"\n' in (tmp_path / "r.csv").read_text()


def test_an_empty_folder_is_one_line(mixed: DrawnSamples, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, _, stderr = run(mixed, tmp_path / "r.csv", "--bg", str(tmp_path / "empty"))
    assert code == 1 and "holds no pictures" in stderr and len(stderr.splitlines()) == 1


def test_what_is_skipped_is_said_and_names_are_one_line(mixed: DrawnSamples, tmp_path: Path) -> None:
    for name in ("IMG_1.HEIC", "IMG_2.heic", "x.tga"):
        (mixed.bg / name).touch()
    (mixed.fg / "cats").symlink_to("nowhere")
    (mixed.fg / "two\nlines\x1b[2J.png").write_text("no picture")
    code, stdout, stderr = run(mixed, tmp_path / "r.csv")
    assert code == 1
    assert stderr.splitlines() == [
        f"{mixed.fg / 'cats'}: a broken link, skipped",
        f"{mixed.bg}: 3 files skipped: .heic (2), .tga (1)",
    ]
    assert stdout.splitlines()[0].startswith(r"error  fg/two\nlines\x1b[2J.png  unreadable  ")


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Four pictures with masks, whose object is the left half."""
    folder = tmp_path / "labelled"
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    for number in range(4):
        picture = np.random.default_rng(number).integers(0, 255, (20, 20, 3), dtype=np.uint8)
        mask = np.zeros((20, 20), np.uint8)
        mask[:, :10] = 255
        cv2.imwrite(str(folder / "images" / f"{number}.png"), picture)
        cv2.imwrite(str(folder / "masks" / f"{number}.png"), mask)
    return folder


def run_labelled(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["review", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_labelled_data(labelled: Path, tmp_path: Path) -> None:
    code, stdout, stderr = run_labelled(labelled, "--out", tmp_path / "out")
    assert stderr == f"{labelled}: format folder; --format chooses another one\n"
    assert stdout.splitlines() == [
        "class       number  pictures  pixels   share",
        "background       0         4     800  50.00%",
        "object           1         4     800  50.00%",
        "void           255         0       0   0.00%",
        f"4 pictures: 0 problems; {tmp_path / 'out'}",
    ]
    assert code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        *("class-shares.png", "df_data.csv", "df_label.csv", "df_test.csv", "df_train.csv", "df_valid.csv")
    ]


def test_problems_of_labelled_data_are_said_and_counted(labelled: Path, tmp_path: Path) -> None:
    (labelled / "masks" / "0.png").unlink()
    cv2.imwrite(str(labelled / "masks" / "1.png"), np.zeros((20, 21), np.uint8))
    code, stdout, _ = run_labelled(labelled, "--format", "folder", "--out", tmp_path / "out")
    assert code == 1
    lines = stdout.splitlines()
    assert lines[0].startswith(f"{labelled / 'images' / '0.png'} has no mask in")
    assert lines[1].startswith(f"{labelled / 'masks' / '1.png'}: expected 20 x 20 as")
    assert lines[-1] == f"3 pictures: 2 problems; {tmp_path / 'out'}"


def test_classes_that_no_picture_shows_are_named(labelled: Path, tmp_path: Path) -> None:
    for path in (labelled / "masks").iterdir():
        cv2.imwrite(str(path), np.zeros((20, 20), np.uint8))
    _, stdout, _ = run_labelled(labelled, "--format", "folder", "--out", tmp_path / "out")
    assert "classes that no picture shows: object" in stdout.splitlines()


def test_options_of_the_other_review_are_refused(labelled: Path, tmp_path: Path) -> None:
    code, _, stderr = run_labelled(labelled, "--fg", tmp_path)
    assert code == 2
    assert stderr == "fgbg: --fg is for foregrounds and backgrounds, not for SRC. Leave one of them out.\n"
    code, _, stderr = run_labelled("--masks", "m")
    assert (code, stderr) == (2, "fgbg: --masks goes with SRC only. Give SRC.\n")
    code, _, stderr = run_labelled(labelled, "--format", "jpeg")
    assert code == 2 and "--format: expected ade20k, camvid," in stderr
