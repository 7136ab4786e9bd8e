import io
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from generator.encode import encode_png
from generator.own_results import is_marked, maker_of, mark_png, write_results


def test_a_marked_picture_is_known_and_the_same_picture(tmp_path: Path) -> None:
    pixels = np.arange(12, dtype=np.uint16).reshape(3, 4) * 5000
    plain = encode_png(pixels)
    marked = mark_png(plain, "predict")
    (tmp_path / "plain.png").write_bytes(plain)
    (tmp_path / "marked.png").write_bytes(marked)
    assert is_marked(tmp_path / "marked.png", "predict")
    assert not is_marked(tmp_path / "marked.png", "compare")
    assert maker_of(tmp_path / "marked.png") == "predict" and maker_of(tmp_path / "plain.png") is None
    with Image.open(io.BytesIO(marked)) as picture:
        assert picture.info["Software"] == "fgbg predict"
        assert (np.asarray(picture) == pixels).all()


def test_what_is_no_png_is_not_marked(tmp_path: Path) -> None:
    (tmp_path / "short.png").write_bytes(b"\x89PNG")
    assert not is_marked(tmp_path / "short.png", "predict")
    assert not is_marked(tmp_path / "missing.png", "predict")
    assert not is_marked(tmp_path, "predict")


def test_a_picture_of_another_program_is_nobody_s(tmp_path: Path) -> None:
    for software in ("another", "fgbg train"):
        info = PngInfo()
        info.add_text("Software", software)
        Image.new("L", (2, 2)).save(tmp_path / f"{software}.png", pnginfo=info)
    assert maker_of(tmp_path / "another.png") is None and maker_of(tmp_path / "fgbg train.png") == "train"


def test_results_replace_their_names_and_remove_only_what_their_command_left(tmp_path: Path) -> None:
    out, picture = tmp_path / "new" / "out", encode_png(np.zeros((2, 2), np.uint8))
    first: dict[str, bytes | None] = {name: mark_png(picture, "compare") for name in ("a.png", "b.png")}
    assert write_results(out, first, "compare") == [out / "a.png", out / "b.png"]
    (out / "a.png").write_bytes(b"mine")
    (out / "c.png").write_bytes(b"mine")
    assert write_results(out, {"a.png": b"new", "b.png": None, "c.png": None}, "compare") == [out / "a.png"]
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {"a.png": b"new", "c.png": b"mine"}
