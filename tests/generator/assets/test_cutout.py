from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import generator.progress
from generator.assets.cutout import (
    Outcome,
    clean_cut_outs,
    clean_named,
    cut_out_by_masks,
    cut_out_in_box,
    cut_out_pairs,
)
from generator.assets.foreground import Foreground, Note
from generator.assets.images import read_rgba
from generator.assets.pairing import Pair
from generator.errors import ConfigError, EmptyMaskError, UsageError


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """A picture of 12 x 8 with a red right half, and its mask."""
    rgb = np.full((8, 12, 3), 60, np.uint8)
    rgb[:, 6:] = [200, 30, 20]
    Image.fromarray(rgb).save(tmp_path / "a.png")
    mask = np.zeros((8, 12), np.uint8)
    mask[:, 6:] = 1
    Image.fromarray(mask).save(tmp_path / "a_mask.png")
    return Pair(tmp_path / "a.png", tmp_path / "a_mask.png", Path("sub/a.b"))


def test_the_result_is_the_object_on_transparent(pair: Pair, tmp_path: Path) -> None:
    assert cut_out_pairs([pair], tmp_path / "out", margin=0) == Outcome(made=1)
    assert (read_rgba(tmp_path / "out" / "sub" / "a.b.png") == [200, 30, 20, 255]).all()


def test_a_picture_turned_by_exif_fits_its_upright_mask(pair: Pair, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise to see it upright
    stored = Image.open(pair.picture).transpose(Image.Transpose.ROTATE_90)
    stored.save(tmp_path / "turned.png", exif=exif)
    turned = Pair(tmp_path / "turned.png", pair.mask, Path("t"))
    assert cut_out_pairs([turned], tmp_path / "out", margin=0).made == 1
    assert (read_rgba(tmp_path / "out" / "t.png") == [200, 30, 20, 255]).all()


def test_bad_pairs_are_named_and_the_good_are_done(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generator.progress, "LINE_SECONDS", 0)
    small, empty = tmp_path / "small.png", tmp_path / "empty.png"
    lying = tmp_path / "lying.png"
    Image.fromarray(np.ones((4, 6), np.uint8)).save(small)
    Image.fromarray(np.zeros((8, 12), np.uint8)).save(empty)
    Image.fromarray(np.ones((12, 8), np.uint8)).save(lying)
    broken = tmp_path / "broken.png"
    broken.write_text("no picture")
    pairs = [Pair(pair.picture, mask, Path(mask.stem)) for mask in (small, empty, broken, lying)]
    outcome = cut_out_pairs([*pairs, pair], tmp_path / "out")
    assert "cutting out: 5/5 pictures" in capsys.readouterr().err and outcome.made == 1
    problems = outcome.failed
    assert [problem.where for problem in problems] == [str(path) for path in (small, broken, lying)]
    assert str(problems[0]).startswith(f"{small}: expected 12 x 8 as {pair.picture}, found 6 x 4; ")
    assert "turn it upright" in problems[2].fix
    assert [str(skipped) for skipped in outcome.empty] == [
        f"{empty}: expected some foreground, found none among values 0; skipped"
    ]
    assert [path.name for path in (tmp_path / "out").rglob("*.png")] == ["a.b.png"]


@pytest.mark.parametrize("orientation", [2, 3, 4, 6])
def test_a_picture_turned_by_exif_needs_a_mask_that_is_turned_too(orientation: int, tmp_path: Path) -> None:
    """Both sizes agree, whether the mask is turned or not."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    rgb = np.full((8, 8, 3), 60, np.uint8)
    rgb[:3, 1:6] = [200, 30, 20]
    mask = np.zeros((8, 8), np.uint8)
    mask[:3, 1:6] = 255
    Image.fromarray(rgb).save(tmp_path / "a.png", exif=exif)
    Image.fromarray(mask).save(tmp_path / "plain.png")
    Image.fromarray(mask).save(tmp_path / "turned.png", exif=exif)
    pairs = [Pair(tmp_path / "a.png", tmp_path / f"{name}.png", Path(name)) for name in ("plain", "turned")]
    outcome = cut_out_pairs(pairs, tmp_path / "out", margin=0)
    assert outcome.made == 1 and (read_rgba(tmp_path / "out" / "turned.png") == [200, 30, 20, 255]).all()
    assert [problem.where for problem in outcome.failed] == [str(tmp_path / "plain.png")]
    assert f"the EXIF orientation of {tmp_path / 'a.png'}, {orientation}, found none;" in str(
        outcome.failed[0]
    )


def test_a_mask_turned_by_exif_needs_a_picture_that_is_turned_too(pair: Pair, tmp_path: Path) -> None:
    for orientation, found in ((2, "found 2;"), (4, "found 4;")):
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.open(pair.mask).save(tmp_path / "turned.png", exif=exif)
        outcome = cut_out_pairs([Pair(pair.picture, tmp_path / "turned.png", Path("t"))], tmp_path / "out")
        assert outcome.made == 0 and found in str(outcome.failed[0])


def test_what_was_assumed_about_masks_is_told(pair: Pair, tmp_path: Path) -> None:
    mask = np.zeros((8, 12), np.uint8)
    mask[:, 6:] = 1
    mask[:, 5] = 255
    Image.fromarray(mask).save(pair.mask)
    outcome = cut_out_pairs([pair], tmp_path / "out", margin=0)
    assert outcome.notes == {Note.VOID: [pair.mask]}
    assert (read_rgba(tmp_path / "out" / "sub" / "a.b.png") == [200, 30, 20, 255]).all()


def test_finished_cutouts_are_cleaned_at_their_size(tmp_path: Path) -> None:
    share = np.clip((26 - np.hypot(*np.ogrid[-40:40, -50:50])) / 6, 0, 1)[..., None]
    mixed = share * [200.0, 30, 20] + (1 - share) * 250
    rgba = np.dstack([mixed, 255 * share]).astype(np.uint8)
    rgba[rgba[..., 3] == 0] = 0
    Image.fromarray(rgba).save(tmp_path / "a.png")
    Image.fromarray(rgba[..., :3]).save(tmp_path / "b.png")
    named = {Path("x/a"): tmp_path / "a.png", Path("b"): tmp_path / "b.png"}
    outcome = clean_named(named, tmp_path / "out")
    assert outcome.made == 1 and [problem.where for problem in outcome.failed] == [str(tmp_path / "b.png")]
    cleaned = read_rgba(tmp_path / "out" / "x" / "a.png")
    assert cleaned.shape == rgba.shape and (cleaned[..., 3] == rgba[..., 3]).all()
    assert np.abs(cleaned[rgba[..., 3] > 30][:, :3] - [200.0, 30, 20]).max() < 25
    with pytest.raises(UsageError, match="would be replaced by a result that is made from it"):
        clean_named({Path("a"): tmp_path / "a.png"}, tmp_path, overwrite=True)


def test_existing_files_are_kept_unless_told_otherwise(pair: Pair, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = out / "sub" / "a.b.png"
    cut_out_pairs([pair], out)
    whole = result.read_bytes()
    cut_out_pairs([pair], out)  # the same again
    other = Pair(pair.picture, pair.mask, Path("x" * 252))
    another = Pair(pair.picture, pair.mask, Path("b"))
    outcome = cut_out_pairs([pair, other, another], out, margin=0)
    assert outcome.made == 1 and outcome.kept == [result]
    assert [problem.found for problem in outcome.failed] == ["cannot be written: File name too long"]
    assert result.read_bytes() == whole
    cut_out_pairs([pair], out, margin=0, overwrite=True)
    assert read_rgba(result).shape == (8, 6, 4)


def test_a_picture_is_never_replaced_by_its_own_cutout(pair: Pair, tmp_path: Path) -> None:
    before = pair.picture.read_bytes()
    with pytest.raises(UsageError, match="would be replaced by a result that is made from it"):
        cut_out_pairs([Pair(pair.picture, pair.mask, Path("a"))], tmp_path, overwrite=True)
    pairs = [Pair(pair.picture, pair.mask, Path(name)) for name in ("b", "A_mask")]
    with pytest.raises(UsageError, match=r"A_mask\.png would be replaced by a result"):
        cut_out_pairs(pairs, tmp_path, overwrite=True)
    assert not (tmp_path / "b.png").exists()
    with pytest.raises(UsageError, match="would be replaced by a result that is made from it"):
        cut_out_in_box(pair.picture, (6, 0, 4, 8), tmp_path, overwrite=True)
    assert pair.picture.read_bytes() == before


def test_palette_masks_keep_their_indices(pair: Pair, tmp_path: Path) -> None:
    mask = Image.new("P", (12, 8))
    mask.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0])
    mask.putdata([2 if number % 12 >= 6 else 1 for number in range(96)])
    mask.save(tmp_path / "classes.png")
    by_index = Pair(pair.picture, tmp_path / "classes.png", Path("i"))
    assert cut_out_pairs([by_index], tmp_path / "out", Foreground((2,)), margin=0).made == 1
    by_colour = Pair(pair.picture, tmp_path / "classes.png", Path("c"))
    assert cut_out_pairs([by_colour], tmp_path / "out", Foreground(((0, 128, 0),)), margin=0).made == 1
    for name in ("i", "c"):
        assert (read_rgba(tmp_path / "out" / f"{name}.png") == [200, 30, 20, 255]).all()


def test_folders_are_given_as_text_or_paths(
    pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("b", "c_mask"):
        Image.fromarray(np.zeros((8, 12), np.uint8)).save(tmp_path / f"{name}.png")
    out = tmp_path / "out"
    outcome = cut_out_by_masks(str(tmp_path), str(tmp_path), str(out), margin=0, progress=False)
    assert outcome.made == 1 and (read_rgba(out / "a.png") == [200, 30, 20, 255]).all()
    assert [Path(problem.where).name for problem in outcome.failed] == ["b.png", "c_mask.png"]
    assert clean_cut_outs(str(out), str(tmp_path / "clean"), progress=False).made == 1
    assert cut_out_in_box(str(pair.picture), (5, 0, 7, 8), str(tmp_path / "box")).name == "a.png"
    assert capsys.readouterr().err == ""


def test_masks_that_all_are_empty_are_a_failure(pair: Pair, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((8, 12), np.uint8)).save(pair.mask)
    outcome = cut_out_by_masks(pair.picture, pair.mask, tmp_path / "out", progress=False)
    assert len(outcome.empty) == 1 and [type(problem) for problem in outcome.failed] == [EmptyMaskError]
    assert "check `foreground`, or the masks" in str(outcome.failed[0])


def test_cleaned_cutouts_go_to_another_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"is the folder of the cut-outs themselves\. Use another `out`"):
        clean_cut_outs(tmp_path, tmp_path / "x" / "..")
