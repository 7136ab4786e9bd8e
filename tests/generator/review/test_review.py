import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import generator.progress
from generator.drawing.write import DrawnSamples
from generator.errors import AssetError
from generator.review.finding import Finding
from generator.review.limits import Limits
from generator.review.review import review


def noise(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """A picture with details; pictures of different seeds do not look alike."""
    rng = np.random.default_rng(seed)
    coarse = cv2.resize(rng.integers(0, 200, (8, 8, 3), dtype=np.uint8), shape[1::-1])
    return np.asarray(coarse + rng.integers(0, 50, coarse.shape, dtype=np.uint8))


def cutout(seed: int, side: int = 96) -> np.ndarray:
    alpha = cv2.circle(np.zeros((side, side), np.uint8), (side // 2, side // 2), side // 3, 255, -1)
    return np.dstack([noise((side, side), seed), alpha])


def save(path: Path, pixels: np.ndarray, **options: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """A good foreground and a good background."""
    save(tmp_path / "fg" / "good.png", cutout(1))
    save(tmp_path / "bg" / "good.png", noise((200, 220), 2))
    return tmp_path / "fg", tmp_path / "bg"


def found(folders: tuple[Path, Path], limits: Limits | None = None) -> list[tuple[str, str, str, str]]:
    return [
        (finding.severity, finding.kind, finding.name, finding.problem)
        for finding in findings_in(folders, limits)
    ]


def findings_in(folders: tuple[Path, Path], limits: Limits | None = None) -> list[Finding]:
    return review(*folders, limits, progress=False).findings


def test_drawn_samples_and_good_pictures_have_no_findings(
    assets: DrawnSamples, folders: tuple[Path, Path]
) -> None:
    assert found(folders) == []
    limits = Limits(size=(64, 64), fg_size=32)
    assert [finding for finding in found((assets.fg, assets.bg), limits) if finding[0] == "error"] == []


def test_what_generate_would_refuse_is_an_error(folders: tuple[Path, Path]) -> None:
    fg, bg = folders
    save(fg / "sub" / "plain.png", noise((96, 96), 3))
    save(fg / "nothing.png", cutout(4) * np.array([1, 1, 1, 0], np.uint8))
    dot = cutout(5, 192)
    dot[..., 3] = 0
    dot[90, 90, 3] = 255
    save(fg / "dot.png", dot)
    save(bg / "half.png", noise((200, 200), 6))
    whole = (bg / "half.png").read_bytes()
    (bg / "half.png").write_bytes(whole[: len(whole) // 2])
    findings = findings_in(folders)
    assert [(found.severity, found.kind, found.name, found.problem) for found in findings] == [
        ("error", "bg", "half.png", "unreadable"),
        ("error", "fg", "dot.png", "empty"),
        ("error", "fg", "nothing.png", "empty"),
        ("error", "fg", "sub/plain.png", "no-alpha"),
    ]
    assert "truncated" in findings[0].detail and "export it again" in findings[0].advice
    assert findings[1].detail == "no opaque pixel is left at 96 px"


def test_foregrounds_that_harm(folders: tuple[Path, Path]) -> None:
    fg, _ = folders
    full = cutout(11)
    full[..., 3] = 255
    save(fg / "full.png", full)
    box = cutout(12)
    box[..., 3] = 0
    box[20:70, 30:80, 3] = 255
    save(fg / "box.png", box)
    empty = cutout(13)
    empty[..., 3] = cv2.circle(np.zeros((96, 96), np.uint8), (50, 50), 6, 255, -1)
    save(fg / "empty.png", empty)
    save(fg / "tiny.png", cutout(14, 40))
    board = np.where(np.add(*np.indices((96, 96)) // 8) % 2, 204, 255).astype(np.uint8)
    save(fg / "board.png", np.dstack([board, board, board, np.tri(96, k=40, dtype=np.uint8) * 255]))
    blurred = cutout(15)
    blurred[..., :3] = cv2.resize(cv2.resize(blurred[..., :3], (40, 40)), (96, 96))
    save(fg / "blurred.png", blurred)
    assert found(folders) == [
        ("warning", "fg", "blurred.png", "upscaled"),
        ("warning", "fg", "board.png", "checkerboard"),
        ("warning", "fg", "box.png", "opaque-box"),
        ("warning", "fg", "empty.png", "nearly-empty"),
        ("warning", "fg", "full.png", "nearly-full"),
        ("warning", "fg", "tiny.png", "tiny"),
        ("note", "fg", "board.png", "cut-off"),
    ]


def soft_cutout(seed: int, old: tuple[int, int, int] | None) -> np.ndarray:
    """A dark disc with a soft edge of 6 pixels; an old background may be mixed into the edge."""
    rows, columns = np.mgrid[:96, :96]
    share = np.clip(0.5 - (np.hypot(columns - 48, rows - 48) - 32) / 6, 0, 1)[..., None]
    own = noise((96, 96), seed) // 3 + 40
    seen = own if old is None else own * share + np.array(old) * (1 - share)
    return np.dstack([seen, 255 * share]).astype(np.uint8)


def test_edges_that_hold_an_old_background(folders: tuple[Path, Path]) -> None:
    fg, bg = folders
    for number, (name, old) in enumerate(
        {"clean": None, "green": (60, 250, 60), "white": (250, 250, 250)}.items()
    ):
        save(fg / f"{name}.png", soft_cutout(41 + number, old))
    assert found(folders) == [("warning", "fg", "green.png", "halo"), ("warning", "fg", "white.png", "halo")]
    nearly = soft_cutout(44, (250, 250, 250))
    nearly[..., :3] = nearly[..., :3] // 8 + 90
    save(fg / "nearly.png", nearly)
    assert len([row for row in found(folders) if row[3] == "halo"]) == 2
    detail = findings_in((fg, bg))[1].detail
    assert detail.startswith("its soft edge contains the colour of an old background, about 2")


def test_foregrounds_of_wrong_opacity(folders: tuple[Path, Path]) -> None:
    fg, _ = folders
    inverted, glass, smoke = cutout(51), cutout(52), cutout(53)
    inverted[..., 3] = 255 - inverted[..., 3]
    save(fg / "inverted.png", inverted)
    glass[..., 3] //= 4
    glass[..., 3] = cv2.circle(glass[..., 3].copy(), (48, 48), 10, 255, -1)
    save(fg / "glass.png", glass)
    smoke[..., 3] //= 3
    save(fg / "smoke.png", smoke)
    assert found(folders) == [
        ("error", "fg", "smoke.png", "empty"),
        ("warning", "fg", "inverted.png", "inverted"),
        ("note", "fg", "glass.png", "see-through"),
    ]
    assert findings_in(folders)[0].detail == "found none, its alpha is at most 85"


def test_12_and_14_bits_in_16_are_nearly_black(folders: tuple[Path, Path]) -> None:
    fg, bg = folders
    deep = noise((200, 200), 61).astype(np.uint16)
    cv2.imwrite(str(bg / "14.png"), deep * 64)
    cv2.imwrite(str(bg / "16.png"), deep[::-1] * 257)
    save(bg / "night.png", noise((200, 200), 62) // 18)
    alpha = cutout(63)[..., 3:].astype(np.uint16) * 257
    cv2.imwrite(str(fg / "12.png"), np.dstack([deep[:96, :96] * 16, alpha]))
    dark = [row for row in found(folders) if row[3] == "nearly-black"]
    assert dark == [
        ("warning", kind, name, "nearly-black")
        for kind, name in (("bg", "14.png"), ("bg", "night.png"), ("fg", "12.png"))
    ]


def test_a_colour_that_counts_as_transparent_is_noted(folders: tuple[Path, Path]) -> None:
    fg, bg = folders
    keyed = cutout(71)
    keyed[keyed[..., 3] == 0] = [255, 0, 255, 0]
    save(fg / "key.png", keyed[..., :3], transparency=(255, 0, 255))
    (finding,) = findings_in((fg, bg))
    assert finding.problem == "odd-mode" and "counts as transparent, also inside the object" in finding.detail


def test_backgrounds_that_harm_at_the_size_they_are_for(folders: tuple[Path, Path]) -> None:
    _, bg = folders
    save(bg / "tiny.png", noise((300, 100), 21))
    save(bg / "blurred.png", cv2.resize(noise((80, 80), 22), (200, 200)))
    assert found(folders) == [
        ("warning", "bg", "blurred.png", "upscaled"),
        ("warning", "bg", "tiny.png", "tiny"),
    ]
    # For a canvas of 64 pixels, both pictures are large enough.
    assert found(folders, Limits(size=(64, 64), fg_size=32)) == []


def test_repeated_pictures_name_each_other(folders: tuple[Path, Path]) -> None:
    fg, bg = folders
    (fg / "z.png").write_bytes((fg / "good.png").read_bytes())
    picture = noise((200, 220), 2)
    save(bg / "mirrored.jpg", picture[:, ::-1], quality=95)
    save(bg / "paler.png", (picture * 0.9).astype(np.uint8))
    findings = findings_in(folders)
    assert [(finding.kind, finding.name, finding.problem) for finding in findings] == [
        ("bg", "mirrored.jpg", "near-duplicate"),
        ("bg", "paler.png", "near-duplicate"),
        ("fg", "z.png", "duplicate"),
    ]
    assert findings[0].detail.startswith("looks like good.png, mirrored (")
    assert findings[1].detail.startswith("looks like good.png (")
    assert findings[2].detail == "the same file as good.png"


def test_oddities_are_notes(folders: tuple[Path, Path]) -> None:
    fg, bg = folders
    exif = Image.Exif()
    exif[0x0112] = 6
    save(bg / "turned.jpg", noise((200, 200), 31), exif=exif, quality=95)
    save(bg / "grey.png", noise((200, 200), 32)[..., 0])
    cv2.imwrite(str(bg / "deep.png"), noise((200, 200), 33).astype(np.uint16) * 257)
    Image.fromarray(noise((200, 200), 34)).convert("CMYK").save(bg / "print.jpg", quality=95)
    frames = [Image.fromarray(noise((200, 200), 35 + number)) for number in range(2)]
    frames[0].save(bg / "moving.webp", save_all=True, append_images=frames[1:], lossless=True)
    paletted = Image.fromarray(cutout(37)).quantize(256, method=Image.Quantize.FASTOCTREE)
    paletted.save(fg / "palette.png")
    assert found(folders) == [
        ("note", "bg", "deep.png", "odd-mode"),
        ("note", "bg", "grey.png", "odd-mode"),
        ("note", "bg", "moving.webp", "animated"),
        ("note", "bg", "print.jpg", "odd-mode"),
        ("note", "bg", "turned.jpg", "exif-rotated"),
        ("note", "fg", "palette.png", "odd-mode"),
    ]


def test_a_bar_counts_every_picture(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generator.progress, "LINE_SECONDS", 0)
    fg, bg = folders
    assert review(str(fg), str(bg)).pictures == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(" pictures")[0] for line in lines] == ["reviewing: 1/2", "reviewing: 2/2"]
    review(fg, bg, progress=False)
    assert capsys.readouterr().err == ""


def test_a_missing_folder_is_refused(folders: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"missing does not exist\. Put photos there, or .* with `bg`"):
        review(folders[0], tmp_path / "missing")


def test_names_that_generate_refuses_are_errors_and_their_pictures_are_looked_at(
    folders: tuple[Path, Path],
) -> None:
    fg, _ = folders
    latin = os.fsdecode(b"Stra\xdfe.png")
    save(fg / "cafe\u0301.png", cutout(4))
    save(fg / "caf\u00e9.png", cutout(5))
    save(fg / "gr\u00fcn.png", noise((96, 96), 7))
    (fg / "gr\u00fcn.png").rename(fg / latin)
    (fg / "gone.png").symlink_to("nowhere.png")
    assert found(folders) == [
        ("error", "fg", latin, "bad-name"),
        ("error", "fg", latin, "no-alpha"),
        ("error", "fg", "caf\u00e9.png", "bad-name"),
        ("error", "fg", "gone.png", "unreadable"),
    ]


def test_depth_files_are_looked_at(folders: tuple[Path, Path]) -> None:
    _, bg = folders
    cv2.imwrite(str(bg / "good.depth.png"), np.full((200, 220), 900, np.uint16))
    np.save(bg / "other.depth.npy", np.zeros((4, 4)))
    assert found(folders) == [
        ("warning", "bg", "good.png", "depth-constant"),
        ("warning", "bg", "other.depth.npy", "depth-unmatched"),
    ]


def test_objects_that_lost_a_part_are_noted(folders: tuple[Path, Path]) -> None:
    whole = cutout(7)
    save(folders[0] / "half.png", np.ascontiguousarray(whole[:50]))
    pieces = cutout(8)
    pieces[44:52, :, 3] = 0
    save(folders[0] / "pieces.png", pieces)
    assert found(folders) == [
        ("note", "fg", "half.png", "cut-off"),
        ("note", "fg", "pieces.png", "in-pieces"),
    ]
