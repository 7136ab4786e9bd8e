import json
import os
import subprocess
import sys
from pathlib import Path

import click
import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image, ImageCms

from fgbg.cli import main
from fgbg.predictor import Predictor, sinks
from fgbg.predictor.engine import Answer
from fgbg.predictor.plate_depth import depth_with_objects
from generator.errors import DiskSpaceError

SRGB = ImageCms.createProfile("sRGB")


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
    # In one process, because importing torch takes seconds. Errors about paths need no torch, and prediction
    # imports nothing that only training uses.
    wrong = [
        ["missing.jpg", "--checkpoint", str(trained)],
        [str(pictures / "b.png"), "--checkpoint", str(tmp_path)],
        [str(pictures / "b.png"), "--checkpoint", str(trained), "--bg", "missing.jpg"],
    ]
    (pictures / "a.depth.png").touch()
    taken = [str(pictures / "a.jpg"), "--checkpoint", str(trained), "--out", str(pictures)]
    wrong += [taken, [str(pictures / "*.gif"), "--checkpoint", str(trained)]]
    wrong += [[str(pictures / "b.png"), "--checkpoint", str(trained), "--bg", "median"]]
    right = [str(pictures / "b.png"), "--checkpoint", str(trained), "--out", str(tmp_path), "--device", "cpu"]
    heavy = {
        *(
            "albumentations",
            "jinja2",
            "kornia",
            "lightning_fabric",
            "matplotlib",
            "numba",
            "pandas",
            "scipy",
            "sklearn",
        ),
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
    assert run(arguments) in (1, 2)
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
    assert len(lines) == 3
    assert "missing.jpg does not exist" in lines[0]
    assert "broken.png: expected a picture, found no known picture format" in lines[1]
    assert lines[2] == "fgbg: 2 of 5 pictures failed, the others are done"


def test_pictures_of_one_name_do_not_overwrite_each_other(
    trained: Path, pictures: Path, tmp_path: Path
) -> None:
    cv2.imwrite(str(pictures / "a.png"), np.zeros((8, 8, 3), np.uint8))
    out = tmp_path / "out"
    assert predict(trained, out, pictures)[0] == 0
    assert written(out) == results("a.jpg", "a.png", "b", "sub/a")


def test_pictures_of_one_name_in_two_folders_keep_their_folders(
    trained: Path, pictures: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert predict(trained, out, pictures / "sub", pictures / "a.jpg", pictures / "b.png")[0] == 0
    assert written(out) == results("a.jpg", "a.png", "b")
    other = tmp_path / "two"
    cv2.imwrite(str(pictures / "a.png"), np.zeros((8, 8, 3), np.uint8))
    assert predict(trained, other, pictures / "a.png", pictures / "sub" / "a.png")[0] == 0
    assert written(other) == results("pictures/a", "sub/a")


def test_nothing_that_exists_is_replaced_without_overwrite(
    trained: Path, pictures: Path, tmp_path: Path
) -> None:
    own = pictures / "b.mask.png"
    own.write_bytes(b"my own mask")
    code, stdout, stderr = predict(trained, pictures, pictures / "a.jpg", pictures / "b.png")
    assert code == 2 and stdout == "" and len(stderr.splitlines()) == 1
    assert stderr.startswith(f"fgbg: {own} exists already. Use another --out, or --overwrite")
    assert own.read_bytes() == b"my own mask" and not (pictures / "a.mask.png").exists()
    assert predict(trained, pictures, pictures / "b.png", "--overwrite")[0] == 0
    assert own.read_bytes() != b"my own mask"


def test_results_and_their_folder_are_no_input(
    trained: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(pictures)
    out = pictures / "out"
    assert predict(trained, out, ".")[0] == 0
    expected = results("a", "b", "sub/a")
    assert written(out) == expected
    cv2.imwrite(str(out / "extra.png"), np.zeros((8, 8, 3), np.uint8))
    assert predict(trained, out, ".", "--overwrite")[0] == 0
    assert written(out) == expected | {"extra.png"}
    # The folder contains results; their content tells that they are results.
    code, _, stderr = predict(trained, pictures / "more", ".", out / "b.mask.png")
    explicit = f"{out / 'b.mask.png'}: a result of fgbg, skipped"
    assert code == 0 and stderr.splitlines() == [".: 6 results of fgbg skipped", explicit]
    assert written(pictures / "more") == results("a", "b", "sub/a", "out/extra")
    # A picture with the name of a result is not a result.
    cv2.imwrite(str(pictures / "night.mask.png"), np.zeros((8, 8, 3), np.uint8))
    assert predict(trained, pictures / "third", "night.mask.png")[0] == 0
    assert written(pictures / "third") == results("night.mask")


def test_a_result_that_cannot_be_written_is_one_picture_s_error(
    trained: Path, pictures: Path, tmp_path: Path
) -> None:
    long = pictures / ("x" * 246 + ".png")
    (pictures / "b.png").rename(long)
    (pictures / "line\nbreak\x1b[2J.png").write_bytes(long.read_bytes())
    code, stdout, stderr = predict(trained, tmp_path / "out", pictures)
    assert code == 1 and written(tmp_path / "out") == results("a", "sub/a", "line\nbreak\x1b[2J")
    first, summary = stderr.splitlines()
    assert f"{'x' * 246}.* cannot be written: File name too long" in first
    assert summary == "fgbg: 1 of 4 pictures failed, the others are done"
    assert len(stdout.splitlines()) == 3 and r"line\nbreak\x1b[2J.png" in stdout


def test_a_full_disk_ends_the_work_with_one_line(
    trained: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(path: Path, content: bytes, durable: bool) -> None:
        if path.name == "b.depth.png":
            raise DiskSpaceError(path, "room for it", "none", "run the same command again")
        path.write_bytes(content)

    monkeypatch.setattr(sinks, "write_atomically", write)
    file = tmp_path / "lines"
    code, stdout, stderr = predict(trained, tmp_path / "out", pictures, "--json", file)
    assert code == 1 and len(stdout.splitlines()) == len(file.read_text().splitlines()) == 1
    assert stderr == (
        f"fgbg: {tmp_path / 'out' / 'b.depth.png'}: expected room for it, found none; make room, then predict"
        " the others, or all again with --overwrite\n"
    )


def test_every_way_to_store_a_picture_gives_the_same_result(trained: Path, tmp_path: Path) -> None:
    folder, out = tmp_path / "pictures", tmp_path / "out"
    folder.mkdir()
    grey = np.random.default_rng(0).integers(0, 256, (40, 30), np.uint8)
    grey = cv2.GaussianBlur(grey, (0, 0), 3)
    plain = Image.fromarray(grey)
    turned = Image.Exif()
    turned[0x0112] = 6  # turn it clockwise to see it upright
    plain.convert("RGB").save(folder / "rgb.png")
    plain.save(folder / "grey.png")
    Image.fromarray(grey.astype(np.uint16) * 257).save(folder / "16 bit.png")
    plain.convert("RGBA").save(folder / "rgba.png")
    plain.save(folder / "animated.gif", save_all=True, append_images=[plain.rotate(90)])
    plain.rotate(90, expand=True).save(folder / "turned.png", exif=turned)
    plain.convert("RGB").save(folder / "profile.png", icc_profile=ImageCms.ImageCmsProfile(SRGB).tobytes())
    plain.convert("CMYK").save(folder / "cmyk.tif")
    code, _, stderr = predict(trained, out, folder, "--write", "overlay")
    assert code == 0 and not stderr
    # An overlay shows the picture as it was read.
    overlays = {path.name: cv2.imread(str(path)).astype(int) for path in out.iterdir()}
    assert len(overlays) == 8 and np.ptp(overlays["rgb.overlay.png"]) > 20
    for name, overlay in overlays.items():
        # Colours from a profile or from CMYK are rounded once more.
        assert overlay.shape == (40, 30, 3), name
        assert np.abs(overlay - overlays["rgb.overlay.png"]).max() <= 2, name


@pytest.mark.parametrize("kinds", ["mask,depth", "mask,depth,overlay,cutout,side-by-side"])
def test_thin_pictures_have_every_kind_of_result(trained: Path, tmp_path: Path, kinds: str) -> None:
    for name, size in (("one", (1, 1)), ("tall", (3000, 1)), ("wide", (1, 3000))):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((*size, 3), 90, np.uint8))
    out = tmp_path / "out"
    code, _, stderr = predict(trained, out, tmp_path / "*.png", "--write", kinds)
    assert code == 0 and not stderr
    assert written(out) == {
        f"{name}.{kind}.png" for name in ("one", "tall", "wide") for kind in kinds.split(",")
    }
    assert cv2.imread(str(out / "tall.mask.png"), cv2.IMREAD_UNCHANGED).shape == (3000, 1)


def test_a_pipe_and_a_link_in_a_circle_are_named(trained: Path, pictures: Path, tmp_path: Path) -> None:
    os.mkfifo(pictures / "pipe.png")
    (pictures / "loop.png").symlink_to("loop.png")
    code, _, stderr = predict(trained, tmp_path / "out", pictures)
    assert code == 1 and written(tmp_path / "out") == results("a", "b", "sub/a")
    loop, pipe, summary = stderr.splitlines()
    assert "loop.png: expected a picture, found Too many levels of symbolic links" in loop
    assert "pipe.png: expected a picture, found a named pipe, not a file" in pipe
    assert summary == "fgbg: 2 of 5 pictures failed, the others are done"


def test_a_folder_that_cannot_be_made_is_said_before_the_network_is_loaded(
    trained: Path, pictures: Path
) -> None:
    code, _, stderr = predict(trained, pictures / "b.png" / "out", pictures)
    assert code == 2 and "cannot be made, because" in stderr and len(stderr.splitlines()) == 1


def test_what_is_skipped_is_said(trained: Path, pictures: Path, tmp_path: Path) -> None:
    (pictures / "IMG.HEIC").touch()
    (pictures / "gone").symlink_to("nowhere")
    empty = tmp_path / "empty"
    empty.mkdir()
    code, _, stderr = predict(trained, tmp_path / "out", pictures, empty)
    assert code == 1 and written(tmp_path / "out") == results("a", "b", "sub/a")
    assert stderr.splitlines()[:2] == [
        f"{pictures / 'gone'}: a broken link, skipped",
        f"{pictures}: 1 file skipped: .heic (1)",
    ]
    assert stderr.splitlines()[2].startswith(f"fgbg: {empty} holds no pictures")
    assert predict(trained, tmp_path / "out", empty)[0] == 1


def test_a_picture_that_does_not_fit_into_memory_is_one_line_and_the_others_are_done(
    trained: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cramped(predictor: Predictor, pictures: np.ndarray, bgs: np.ndarray | None = None) -> Answer:
        if pictures.shape[1:3] == (24, 32):
            raise torch.OutOfMemoryError(
                "CUDA out of memory. Tried to allocate 2 GiB.\nSee the documentation"
            )
        return see(predictor, pictures, bgs)

    see = Predictor.see
    monkeypatch.setattr(Predictor, "see", cramped)
    out = tmp_path / "out"
    code, _, stderr = predict(trained, out, pictures)
    assert code == 1 and written(out) == results("b", "sub/a")
    first, last = stderr.splitlines()
    assert first.startswith(
        f"fgbg: {pictures / 'a.jpg'}: cpu has too little memory for a picture at 32 px. Lower"
    )
    assert "1 of 3 pictures failed" in last


def test_threshold_and_background(trained: Path, pictures: Path, tmp_path: Path) -> None:
    picture = pictures / "a.jpg"
    out = tmp_path / "out"
    assert predict(trained, out, picture, "--bg", picture, "--mask-threshold", "0.5")[0] == 0
    mask = cv2.imread(str(out / "a.mask.png"), cv2.IMREAD_UNCHANGED)
    assert set(np.unique(mask)) <= {0, 255}


def test_a_moved_background_is_aligned_and_one_of_another_place_is_named(
    trained: Path, tmp_path: Path
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (80, 112), dtype=np.uint8)
    scene = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2), None, 20, 220, cv2.NORM_MINMAX)
    scene = cv2.merge([scene] * 3)
    picture, moved, other = (str(tmp_path / name) for name in ("a.png", "moved.png", "other.png"))
    cv2.imwrite(picture, scene[8:72, 8:104])
    cv2.imwrite(moved, scene[8:72, 12:108])
    cv2.imwrite(other, scene[8:72, 8:104][::-1, ::-1])
    code, stdout, stderr = predict(trained, tmp_path / "out", picture, "--bg", moved)
    assert code == 0 and not stderr
    assert "a.overlay.png (background moved by 4." in stdout and "% of the longer side)" in stdout
    code, stdout, stderr = predict(trained, tmp_path / "as it is", picture, "--bg", moved, "--no-align")
    assert code == 0 and "moved by" not in stdout
    assert stderr == (
        f"fgbg: {moved} is shifted against {picture}, so it was not used: use --align, with which it fits\n"
    )
    code, _, stderr = predict(trained, tmp_path / "other", picture, moved, "--bg", other)
    assert code == 0 and len(stderr.splitlines()) == 1
    assert f"{other} does not show the place of {picture} (and 1 more), so it was not used: take" in stderr
    copy = tmp_path / "copy.png"
    copy.write_bytes(Path(picture).read_bytes())
    code, _, stderr = predict(trained, tmp_path / "copy", picture, "--bg", copy)
    assert code == 0 and stderr == (
        f"fgbg: {copy} is the same picture as {picture}, so it was not used: give the view without the"
        " object, or leave --bg out\n"
    )
    alone = predict(trained, tmp_path / "alone", picture)[0]
    assert alone == 0
    aligned, other_place, same, without = (
        cv2.imread(str(tmp_path / out / "a.mask.png"), cv2.IMREAD_UNCHANGED).astype(int)
        for out in ("out", "other", "copy", "alone")
    )
    assert np.array_equal(same, without) and not np.array_equal(aligned, without)
    # Numbers of a batch differ from those of one picture by rounding.
    assert np.abs(other_place - without).max() <= 1


def test_a_network_without_depth_head_writes_the_rest_and_says_so(
    trained_for_masks: Path, pictures: Path, tmp_path: Path
) -> None:
    code, stdout, _ = predict(trained_for_masks, tmp_path / "out", pictures / "a.jpg")
    assert code == 0 and written(tmp_path / "out") == {"a.mask.png", "a.overlay.png"}
    first, second = stdout.splitlines()
    assert first == f"{trained_for_masks / 'best.pt'}: the network has no depth head, so no depth is written"
    assert second.endswith(f"{tmp_path / 'out' / 'a.mask.png'} a.overlay.png")


def test_a_background_is_refused_by_a_network_that_sees_none(
    trained_for_masks: Path, pictures: Path, tmp_path: Path
) -> None:
    picture = pictures / "a.jpg"
    code, _, stderr = predict(trained_for_masks, tmp_path / "out", picture, "--bg", picture)
    assert (
        code == 2
        and "--bg: expected a network that sees backgrounds, found one that gets only the picture" in stderr
    )
    assert not (tmp_path / "out").exists()


def test_a_background_that_does_not_fit_is_named(trained: Path, pictures: Path, tmp_path: Path) -> None:
    code, _, stderr = predict(
        trained, tmp_path / "out", pictures / "a.jpg", "--bg", pictures / "sub" / "a.png"
    )
    assert code == 1 and "expected the aspect of the picture, 40 x 30, found 33 x 33" in stderr


def test_without_a_checkpoint_it_says_to_train_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["predict", "a.jpg"])
    assert result.exit_code == 1 and "Train a network first with 'fgbg train'" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_all_kinds_of_results(trained: Path, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, stdout, _ = predict(
        trained, out, pictures / "a.jpg", "--write", "cutout,mask,side-by-side,depth", "--format", "npy"
    )
    assert code == 0 and stdout.endswith("a.mask.npy a.depth.npy a.cutout.png a.side-by-side.png\n")
    assert len(list(out.iterdir())) == 4
    mask, depth = np.load(out / "a.mask.npy"), np.load(out / "a.depth.npy")
    assert mask.dtype == depth.dtype == np.float32 and mask.shape == depth.shape == (30, 40)
    assert mask.min() >= 0 and mask.max() <= 1 and depth.min() >= 0 and depth.max() <= 1
    cutout = cv2.imread(str(out / "a.cutout.png"), cv2.IMREAD_UNCHANGED)
    assert (cutout[..., 3] == np.rint(mask * 255)).all()
    # All chosen kinds are checked before anything is written.
    code, _, stderr = predict(trained, out, pictures / "a.jpg", "--write", "overlay,cutout")
    assert code == 2 and f"{out / 'a.cutout.png'} exists already" in stderr
    assert not (out / "a.overlay.png").exists()


def test_a_wrong_kind_is_answered_with_the_right_ones(trained: Path, pictures: Path, tmp_path: Path) -> None:
    code, _, stderr = predict(trained, tmp_path / "out", pictures, "--write", "mask,cutouts")
    assert code == 2 and "--write: expected some of mask, depth, overlay, cutout" in stderr
    assert "did you mean 'cutout'?" in stderr


def test_json_has_a_line_for_each_picture(trained: Path, pictures: Path, tmp_path: Path) -> None:
    out, file = tmp_path / "out", tmp_path / "new" / "figures.jsonl"
    (pictures / "broken.png").write_text("no picture")
    bg = tmp_path / "bg.jpg"
    bg.write_bytes((pictures / "a.jpg").read_bytes())
    arguments = (pictures, "--bg", bg, "--json", file)
    assert predict(trained, out, *arguments)[0] == 1
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [Path(line["name"]).name for line in lines] == ["a.jpg", "b.png", "broken.png", "a.png"]
    good, square, broken, _ = lines
    assert good["files"]["mask"] == str(out / "a.mask.png") and good["size"] == [40, 30]
    mask = cv2.imread(good["files"]["mask"], cv2.IMREAD_UNCHANGED)
    assert abs(good["coverage"] - mask.mean() / 255) < 1e-6 and good["error"] is None
    assert set(good["depth"]["picture"]) == {"min", "median", "max"} and good["seconds"] >= 0
    assert good["bg"] == str(bg) and good["bg_moved"] == 0 and good["bg_unused"] == "same picture"
    assert "--bg: expected the aspect of the picture, 2 x 3" in square["error"]
    assert broken["error"].startswith(f"{pictures / 'broken.png'}: expected a picture")
    assert broken["files"] == {} and broken["coverage"] is broken["depth"] is None
    assert set(good) == set(broken)
    code, _, stderr = predict(trained, tmp_path / "other", *arguments)
    assert code == 2 and f"{file} exists already. Use another --json, or --overwrite" in stderr


def test_json_replaces_no_picture(trained: Path, pictures: Path, tmp_path: Path) -> None:
    picture = pictures / "a.jpg"
    before = picture.read_bytes()
    code, _, stderr = predict(trained, tmp_path / "out", picture, "--json", picture, "--overwrite")
    assert code == 2 and f"{picture} would be replaced by a result" in stderr
    assert picture.read_bytes() == before


def test_a_picture_through_standard_input(trained: Path, pictures: Path, tmp_path: Path) -> None:
    arguments = [
        "--checkpoint",
        str(trained),
        "--out",
        str(tmp_path / "out"),
        "--device",
        "cpu",
        "--json",
        "-",
    ]
    content = (pictures / "a.jpg").read_bytes()
    result = CliRunner().invoke(main, ["predict", "-", *arguments], input=content)
    assert result.exit_code == 0 and written(tmp_path / "out") == results("stdin")
    (line,) = result.stdout.splitlines()  # nothing else disturbs the program that reads it
    assert json.loads(line)["name"] == "stdin"
    result = CliRunner().invoke(main, ["predict", "-", *arguments, "--no-save"], input=content)
    assert result.exit_code == 0 and json.loads(result.stdout)["files"] == {}


def test_figures_without_files(trained: Path, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, stdout, stderr = predict(trained, out, pictures / "*.jpg", "--no-save", "--write", "mask")
    assert code == 0 and not out.exists()
    assert f"{pictures / 'a.jpg'}: mask covers " in stdout and "depth of the picture 0." in stdout
    assert stderr.splitlines() == [
        "--write has no effect with --no-save",
        "--out has no effect with --no-save",
    ]


def test_each_picture_gets_the_background_of_its_name(trained: Path, pictures: Path, tmp_path: Path) -> None:
    bgs = tmp_path / "bgs"
    bgs.mkdir()
    cv2.imwrite(str(bgs / "a.png"), np.full((60, 80, 3), 90, np.uint8))
    out = tmp_path / "out"
    file = tmp_path / "lines"
    code, _, stderr = predict(trained, out, pictures, "--bg", bgs, "--json", file)
    assert code == 0 and written(out) == results("a", "b", "sub/a")
    assert f"{bgs} holds no background for {pictures / 'b.png'} and 1 more: predicted without one" in stderr
    assert [json.loads(line)["bg"] for line in file.read_text().splitlines()] == [
        str(bgs / "a.png"),
        None,
        None,
    ]


def test_results_are_opened(
    trained: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(click, "launch", lambda url: opened.append(url) or 0)
    assert predict(trained, tmp_path / "one", pictures / "a.jpg", "--open")[0] == 0
    assert predict(trained, tmp_path / "all", pictures, "--open")[0] == 0
    assert opened == [str(tmp_path / "one" / "a.overlay.png"), str(tmp_path / "all")]
    monkeypatch.setattr(click, "launch", lambda url: 1)
    code, _, stderr = predict(trained, tmp_path / "none", pictures / "a.jpg", "--open")
    assert code == 0 and "a.overlay.png cannot be opened here" in stderr


def test_a_video_is_not_taken_for_a_broken_picture(trained: Path, pictures: Path, tmp_path: Path) -> None:
    (pictures / "clip.mp4").touch()
    code, _, stderr = predict(trained, tmp_path / "out", pictures / "b.png", pictures / "clip.mp4")
    assert code == 1 and "clip.mp4: expected a video, found an empty file" in stderr
    assert written(tmp_path / "out") == results("b")


def test_objects_stand_in_the_depth_of_the_background(trained: Path, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    scene = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2), None, 20, 200, cv2.NORM_MINMAX)
    picture, bgs = tmp_path / "a.png", tmp_path / "bgs"
    bgs.mkdir()
    cv2.imwrite(str(picture), scene)
    cv2.imwrite(str(bgs / "a.png"), cv2.convertScaleAbs(scene, alpha=1.1))
    ramp = np.repeat(np.linspace(1000, 60000, 64).astype(np.uint16)[:, None], 96, axis=1)
    cv2.imwrite(str(bgs / "a.depth.png"), ramp)

    def depth(out: str, *arguments: str | Path) -> np.ndarray:
        code, _, stderr = predict(
            trained, tmp_path / out, picture, "--json", tmp_path / f"{out}.json", *arguments
        )
        assert code == 0 and not stderr
        return cv2.imread(str(tmp_path / out / "a.depth.png"), cv2.IMREAD_UNCHANGED)

    def source(out: str) -> str | None:
        return json.loads((tmp_path / f"{out}.json").read_text())["bg_depth"]

    for number, bg in enumerate((bgs / "a.png", bgs)):
        found = depth(f"auto{number}", "--bg", bg)
        mask = cv2.imread(str(tmp_path / f"auto{number}" / "a.mask.png"), cv2.IMREAD_UNCHANGED)
        assert (found == depth_with_objects(ramp, mask)).all()
        assert source(f"auto{number}") == str(bgs / "a.depth.png")
    off = depth("off", "--bg", bgs, "--bg-depth", "none")
    assert source("off") is None and not (off == found).all()

    distances = tmp_path / "distances.npy"
    np.save(distances, 1 / np.linspace(1, 10, 64)[:, None].repeat(96, axis=1))
    metric = depth("metric", "--bg", bgs, "--bg-depth", distances, "--depth-convention", "metric")
    assert source("metric") == str(distances) and metric[0, 0] < 2000

    wide = tmp_path / "wide.npy"
    np.save(wide, np.ones((64, 64), np.float32))
    code, _, stderr = predict(trained, tmp_path / "wide", picture, "--bg", bgs, "--bg-depth", wide)
    assert code == 1 and len(stderr.splitlines()) == 1
    assert f"{wide}: expected the aspect ratio of its picture, 96 x 64, found 64 x 64" in stderr
    code, _, stderr = predict(trained, tmp_path / "alone", picture, "--bg-depth", distances)
    assert code == 2 and "--bg-depth: expected one background for a depth file, found no background" in stderr
