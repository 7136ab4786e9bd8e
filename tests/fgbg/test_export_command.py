import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from fgbg.cli import main


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["export", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_it_says_what_it_wrote_and_that_it_is_complete(
    unrendered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = [unrendered, "--format", "folder", "--subset", "val", "--samples", 4, "--workers", 1]
    code, stdout, _ = run(*arguments)
    assert code == 0 and "4 samples in" in stdout and "4 samples (val 4), folder" in stdout
    assert len(list((tmp_path / "outputs" / "export" / "folder" / "val" / "mask").iterdir())) == 4
    code, stdout, _ = run(*arguments)
    assert code == 0 and "already complete: 4 samples (val 4)" in stdout
    code, _, stderr = run(*arguments, "--picture-format", "jpg", "--quality", 80)
    assert code == 2 and "(picture_format: png, now jpg)" in stderr and len(stderr.splitlines()) == 1
    assert run(*arguments, "--picture-format", "jpg", "--quality", 80, "--overwrite")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            [],
            "--format is missing. Choose folder, coco, yolo, webdataset, croissant for a dataset, onnx or",
        ),
        (
            ["--format", "zip"],
            "expected folder, coco, yolo, webdataset, croissant, onnx, safetensors, found 'zip'",
        ),
        (["--format", "croissant"], "--out does not go with --format croissant. Leave it out."),
        (["--format", "coco", "--croissant"], "--croissant does not go with --format coco. Leave it out."),
        (["--format", "folder", "--creator", "me"], "--creator does not go with --format folder. Leave it"),
        (["--format", "folder", "--half"], "--half does not go with --format folder. Leave it out."),
        (["--format", "folder", "--ray-address", "a:1"], "--ray-address has no effect on this machine alone"),
        (
            ["--format", "onnx"],
            "is a dataset, and --format onnx is for networks. Choose folder, coco, yolo, webda",
        ),
        (["--format", "folder", "--subset", "half"], "--subset"),
        (["--format", "folder", "--samples", "0"], "--samples"),
        (["--format", "folder", "--quality", "101"], "--quality"),
        (["--format", "folder", "--quality", "90"], "--quality: expected JPEG pictures"),
        (["--format", "folder", "--workers", "no"], "--workers"),
    ],
)
def test_wrong_use(unrendered: Path, tmp_path: Path, arguments: list[str], complaint: str) -> None:
    code, _, stderr = run(unrendered, *arguments, "--out", tmp_path / "out")
    assert code == 2 and complaint in stderr and len(stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_croissant_metadata(unrendered: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    credits = ["--licence", "CC0", "--creator", "me"]
    arguments = [unrendered, "--format", "folder", "--subset", "val", "--samples", 2, "--out", out]
    code, stdout, _ = run(*arguments, "--croissant", *credits)
    assert code == 0 and f"{out / 'croissant.json'}: Croissant metadata of the pictures" in stdout
    written = json.loads((out / "croissant.json").read_text())
    assert written["license"] == "CC0" and written["creator"]["name"] == "me"
    assert run(*arguments, "--overwrite")[0] == 0 and not (out / "croissant.json").exists()
    data = tmp_path / "data"
    shutil.copytree(unrendered, data)
    code, stdout, _ = run(data, "--format", "croissant")
    assert code == 0 and stdout == f"{data / 'croissant.json'}: Croissant metadata of the dataset's files\n"
    code, _, stderr = run(data, "--format", "croissant")
    assert code == 2 and "exists already" in stderr
    for option in (["--subset", "val"], ["--runner", "ray"]):
        code, _, stderr = run(data, "--format", "croissant", *option)
        assert code == 2 and f"{option[0]} does not go with --format croissant. Leave it out." in stderr
    assert run(data, "--format", "croissant", *credits, "--overwrite")[0] == 0


def test_what_is_no_dataset(tmp_path: Path) -> None:
    code, _, stderr = run(tmp_path / "nowhere", "--format", "coco")
    assert code == 1 and "Run 'fgbg generate' or 'fgbg import' first" in stderr
    code, _, stderr = run(tmp_path, "--format", "folder", "--out", tmp_path / "out")
    assert (
        code == 1
        and "Run 'fgbg generate' or 'fgbg import' first" in stderr
        and not (tmp_path / "out").exists()
    )
    (tmp_path / "last.pt").touch()
    code, _, stderr = run(tmp_path / "last.pt", "--format", "coco")
    assert code == 2 and "is a file, and --format coco is for datasets. Choose onnx or safetensors" in stderr
    code, _, stderr = run(tmp_path, "--format", "folder")
    assert code == 2 and "is the folder of a run, and --format folder is for datasets" in stderr


def test_a_file_in_place_of_the_folder(unrendered: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    code, _, stderr = run(unrendered, "--format", "folder", "--out", tmp_path / "out")
    assert code == 2 and "is a file, and the export of a dataset needs a folder" in stderr


def test_a_network(trained: Path, tmp_path: Path) -> None:
    arguments = [trained, "--format", "safetensors", "--out", tmp_path / "net.safetensors"]
    code, stdout, _ = run(*arguments, "--licence", "Ask me.")
    assert code == 0 and "net.safetensors: safetensors, " in stdout and "metadata: Ask me." in stdout
    code, _, stderr = run(*arguments)
    assert code == 2 and "net.safetensors exists already. Use another --out, or --overwrite" in stderr
    assert run(*arguments, "--overwrite")[0] == 0
    again = ["--checkpoint", trained, "--format", "safetensors", "--out", tmp_path / "again.safetensors"]
    assert run(*again)[0] == 0
    assert (tmp_path / "again.safetensors").read_bytes() == (tmp_path / "net.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--format", "onnx", "--subset", "val"], "--subset does not go with --format onnx. Leave it out."),
        (["--format", "onnx", "--picture-format", "jpg"], "--picture-format does not go with --format onnx"),
        (["--format", "safetensors", "--half"], "--half goes with --format onnx only. Leave it out."),
        (["--format", "safetensors", "--contract", "rembg"], "--contract goes with --format onnx only"),
        (["--format", "onnx", "--checkpoint", "elsewhere"], "is given twice, as"),
    ],
)
def test_wrong_use_with_a_network(
    trained: Path, tmp_path: Path, arguments: list[str], complaint: str
) -> None:
    code, _, stderr = run(trained, *arguments, "--out", tmp_path / "out")
    assert code == 2 and complaint in stderr and len(stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()
