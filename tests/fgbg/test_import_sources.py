"""`fgbg import` of folders of any layout, of archives, and of downloads."""

import hashlib
import json
import shutil
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import ExifTags, Image

from fgbg.cli import main
from generator.fetch import RemoteFile
from generator.importing import download
from generator.reading.dataset import open_dataset

SIDE = 24


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["import", *map(str, arguments), "--size", str(SIDE), "--workers", "1"])
    return result.exit_code, result.stdout, result.stderr


def noise(seed: int) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 255, (4, 4, 3), dtype=np.uint8)
    return cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)


@pytest.fixture
def capstone(tmp_path: Path) -> Path:
    """JPEGs of 3 backgrounds, each with 4 composites, their masks and their 8-bit depth."""
    folder = tmp_path / "capstone"
    for name in ("bg", "fg_bg", "mask", "depth"):
        (folder / name).mkdir(parents=True)
    for bg in range(3):
        cv2.imwrite(str(folder / "bg" / f"bg{bg}.jpg"), noise(bg))
        for number in range(4):
            mask = np.zeros((SIDE, SIDE), np.uint8)
            mask[6:18, 2 * number : 2 * number + 12] = 255
            picture = np.where(mask[..., None] == 255, np.uint8([20, 200, 90]), noise(bg))
            name = f"bg{bg}_fg0_{number}.jpg"
            cv2.imwrite(str(folder / "fg_bg" / name), picture)
            cv2.imwrite(str(folder / "mask" / name), mask)
            cv2.imwrite(str(folder / "depth" / name), np.full((SIDE, SIDE), 100, np.uint8) + mask // 2)
    return folder


def test_composites_with_shared_backgrounds_are_imported_as_they_are(capstone: Path, tmp_path: Path) -> None:
    triple = "{bg}_{fg}_{n}.jpg"
    patterns = ["--images", f"fg_bg/{triple}", "--masks", f"mask/{triple}"]
    patterns += ["--bg", "bg/{bg}.jpg", "--depth", f"depth/{triple}"]
    code, stdout, stderr = run("folder", capstone, "--out", tmp_path / "out", "--split", "none", *patterns)
    assert code == 0, stderr
    assert "masks are JPEG, whose values are approximate: grey is taken as alpha" in stdout
    train = open_dataset(tmp_path / "out")["train"]
    assert len(train) == 12
    batch = train.read(range(12))
    for row in range(12):
        name = train.name_of(row)
        number = int(name[-1])
        expected = np.zeros((SIDE, SIDE), bool)
        expected[6:18, 2 * number : 2 * number + 12] = True
        assert np.array_equal(batch.mask[row] >= 128, expected), name
        bg = cv2.imread(str(capstone / "bg" / f"{name.split('/')[1].split('_')[0]}.jpg"))[..., ::-1]
        assert np.abs(batch.bg[row].astype(int) - bg).max() <= 2
        assert batch.depth[row][expected].mean() > 1.5 * batch.depth[row][~expected].mean()


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    folder = tmp_path / "pairs"
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    for number in range(6):
        cv2.imwrite(str(folder / "images" / f"{number}.png"), noise(number))
        cv2.imwrite(str(folder / "masks" / f"{number}.png"), np.full((SIDE, SIDE), 255, np.uint8))
    return folder


@pytest.mark.parametrize("kind", ["zip", "gztar"])
def test_an_archive_gives_the_same_dataset_as_its_folder(pairs: Path, tmp_path: Path, kind: str) -> None:
    archive = shutil.make_archive(str(tmp_path / "set"), kind, pairs)
    assert run("folder", pairs, "--out", tmp_path / "a")[0] == 0
    code, stdout, _ = run("folder", archive, "--out", tmp_path / "b")
    assert code == 0 and f"{archive} is unpacked to {tmp_path}/set-" in stdout
    shards = [sorted(path.read_bytes() for path in (tmp_path / name).glob("*.h5")) for name in "ab"]
    assert shards[0] == shards[1] and shards[0]
    assert "already complete" in run("folder", archive, "--out", tmp_path / "b")[1]


def test_an_archive_that_is_not_safe_is_one_line(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as opened:
        opened.writestr("../x", "x")
    code, _, stderr = run("folder", tmp_path / "set.zip", "--out", tmp_path / "out")
    assert code == 1
    assert stderr.splitlines() == [
        f"fgbg: {tmp_path / 'set.zip'}: expected entries inside its own folder, found '../x'; if you trust"
        " the archive, unpack it yourself and give the folder"
    ]


TURNED_BACK = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How an upright picture is stored for each EXIF orientation."""


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["coco", "yolo", "labelme"])
def test_points_of_labels_lie_on_the_picture_as_its_exif_turns_it(
    tmp_path: Path, name: str, orientation: int
) -> None:
    """A red box stands where the label says, in the upright picture of 48 x 24 pixels."""
    upright = np.zeros((24, 48, 3), np.uint8)
    upright[2:14, 4:16] = (255, 0, 0)
    corners = [(4, 2), (16, 2), (16, 14), (4, 14)]
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    source = tmp_path / "source"
    (source / "images").mkdir(parents=True)
    stored = Image.fromarray(upright)
    if orientation > 1:
        stored = stored.transpose(TURNED_BACK[orientation])
    stored.save(source / "images/a.png", exif=exif)
    if name == "coco":
        box = {"image_id": 1, "category_id": 1, "segmentation": [[n for corner in corners for n in corner]]}
        head = {"id": 1, "file_name": "a.png", "width": 48, "height": 24}
        content = {"images": [head], "categories": [{"id": 1, "name": "red"}], "annotations": [box]}
        (source / "images/a.json").write_text(json.dumps(content))
    elif name == "yolo":
        (source / "labels").mkdir()
        (source / "labels/a.txt").write_text("0 " + " ".join(f"{x / 48} {y / 24}" for x, y in corners))
        (source / "data.yaml").write_text("names: [red]\ntrain: images\n")
    else:
        shape = {"label": "red", "points": corners, "shape_type": "polygon"}
        head = {"imagePath": "a.png", "imageWidth": 48, "imageHeight": 24, "shapes": [shape]}
        (source / "images/a.json").write_text(json.dumps(head))
    given = source / "images/a.json" if name == "coco" else source
    code, _, stderr = run(name, given, "--out", tmp_path / "out", "--split", "none", "--fit", "crop")
    assert code == 0, stderr
    batch = open_dataset(tmp_path / "out")["train"].read([0])
    # The middle 24 columns are kept: the box from 4 to 16 begins at column 12.
    assert ((batch.mask[0] == 1) == (batch.fg_bg[0, ..., 0] == 255)).all()
    assert (batch.mask[0, 2:14, :4] == 1).all() and np.count_nonzero(batch.mask[0]) == 12 * 4


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path))) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


def test_a_download(pairs: Path, tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = Path(shutil.make_archive(str(tmp_path / "set"), "gztar", pairs))
    content = archive.read_bytes()
    official = RemoteFile(f"{address}/{archive.name}", len(content), hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(download, "DOWNLOADS", {"folder": (official,)})
    for _ in range(2):
        assert run("folder", tmp_path / "new", "--download", "--out", tmp_path / "out")[0] == 0
        archive.unlink(missing_ok=True)
    dataset = open_dataset(tmp_path / "out")
    assert len(dataset["train"]) + len(dataset["val"]) == 6
    code, _, stderr = run("voc", tmp_path / "new", "--download", "--out", tmp_path / "voc")
    assert code == 2 and stderr.startswith("fgbg: --download does not know an address of voc. Download it")
