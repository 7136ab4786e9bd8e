"""Foregrounds from a labelled dataset."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from fgbg.cli import main
from generator.assets.images import read_rgba
from generator.cut_objects import cut_out_objects
from generator.errors import UsageError
from generator.format.manifest import AlphaMask, ClassMask
from generator.reading.batch import Batch
from generator.reading.dataset import open_dataset
from generator.reading.labelled_split import LabelledSplit

BEASTS = ClassMask(names=["background", "cat", "dog"], colours=[[0, 0, 0], [200, 0, 0], [0, 200, 0]])


def halves(split: str, batch: Batch) -> np.ndarray:
    """Cats in the left half, dogs in the right; the columns in the middle, and the first row, are void."""
    labels = np.zeros_like(batch.mask)
    labels[:, 8:20, 4:15] = 1
    labels[:, 8:20, 17:28] = 2
    labels[:, 8:20, 15:17] = 255
    labels[:, :2] = 255
    batch.fg_bg[labels == 1] = 40
    batch.fg_bg[labels == 2] = 210
    assert batch.instances is not None
    batch.instances[...] = np.where(labels == 1, 1, np.where(labels == 2, 5, 0))
    return labels


@pytest.fixture(scope="module")
def beasts(write_labelled: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of classes without instances. Tests must not change it."""
    return write_labelled(tmp_path_factory.mktemp("beasts"), BEASTS, (), halves)


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))


def test_the_object_is_all_but_the_background_and_void_beside_it_is_soft(
    beasts: Path, tmp_path: Path
) -> None:
    train = open_dataset(beasts)["train"]
    outcome = cut_out_objects(beasts, tmp_path, margin=0, progress=False)
    assert outcome.made == len(train) and not outcome.failed + outcome.empty
    assert files(tmp_path) == sorted(f"{train.name_of(row)}.png" for row in range(len(train)))
    alpha = read_rgba(tmp_path / f"{train.name_of(0)}.png")[..., 3]
    # The void row at the top of the canvas is a border that padding added, and stays transparent.
    assert alpha.shape == (12, 24)
    assert (alpha[:, :11] == 255).all() and (alpha[:, 13:] == 255).all() and (alpha[:, 11:13] == 128).all()


def test_a_class_is_chosen_by_its_name(beasts: Path, tmp_path: Path) -> None:
    cut_out_objects(beasts, tmp_path, "val", ["dog"], margin=0, progress=False)
    val = open_dataset(beasts)["val"]
    rgba = read_rgba(tmp_path / f"{val.name_of(0)}.png")
    assert len(files(tmp_path)) == len(val)
    assert rgba.shape == (12, 12, 4)  # 11 columns of the dog, and one of the void beside it
    assert (rgba[:, 1:] == [210, 210, 210, 255]).all() and (rgba[:, 0, 3] == 128).all()
    with pytest.raises(UsageError, match=r"`foreground`: expected names of classes, found 'cow'; .*cat, dog"):
        cut_out_objects(beasts, tmp_path, foreground=["cow"], progress=False)


def test_objects_that_are_told_apart_get_a_file_each(
    write_labelled: Callable[..., Path], tmp_path: Path
) -> None:
    dataset = write_labelled(tmp_path_of(tmp_path), BEASTS, ("instances",), halves)
    outcome = cut_out_objects(dataset, tmp_path / "fg", None, margin=0, progress=False)
    total = sum(len(split) for split in open_dataset(dataset).splits.values())
    name = open_dataset(dataset)["test"].name_of(0)
    assert outcome.made == 2 * total
    cat, dog = (read_rgba(tmp_path / "fg" / f"{name}.{number}.png") for number in (1, 5))
    assert (cat[cat[..., 3] == 255, :3] == 40).all() and (dog[dog[..., 3] == 255, :3] == 210).all()
    assert cat.shape == dog.shape == (12, 12, 4)


def tmp_path_of(tmp_path: Path) -> Path:
    (tmp_path / "dataset").mkdir()
    return tmp_path / "dataset"


def test_an_alpha_keeps_its_soft_edge_and_a_picture_without_object_is_named(
    write_labelled: Callable[..., Path], tmp_path: Path
) -> None:
    def label(split: str, batch: Batch) -> np.ndarray:
        mask = np.zeros_like(batch.mask)
        mask[1:, 6:18, 6:18] = 255
        mask[1:, 6:18, 6] = 40
        return mask

    dataset = write_labelled(tmp_path_of(tmp_path), AlphaMask(void=127), (), label)
    outcome = cut_out_objects(dataset, tmp_path / "fg", margin=0, progress=False)
    train = open_dataset(dataset)["train"]
    assert outcome.made == len(train) - 1
    assert str(outcome.empty[0]).startswith(f"{train.name_of(0)}: expected an object in its mask, found none")
    alpha = read_rgba(tmp_path / "fg" / f"{train.name_of(1)}.png")[..., 3]
    assert (alpha[:, 0] == 40).all() and (alpha[:, 1:] == 255).all() and alpha.shape == (12, 12)


def test_a_name_that_leads_out_of_the_folder_is_refused(
    beasts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LabelledSplit, "scene_name", lambda self, scene: f"../{scene}")
    outcome = cut_out_objects(beasts, tmp_path / "fg", progress=False)
    assert outcome.made == 0 and not files(tmp_path)
    assert "expected names of pictures inside their folder, found ../0" in str(outcome.failed[0])


def test_the_command_takes_a_dataset(beasts: Path, unrendered: Path, tmp_path: Path) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["cutout", *arguments, "--out", str(tmp_path / "fg")])
        return result.exit_code, result.output

    code, said = run(str(beasts), "--foreground", "cat", "--subset", "all")
    total = sum(len(split) for split in open_dataset(beasts).splits.values())
    assert code == 0 and f"{total} cut-outs in {tmp_path / 'fg'}" in said
    for arguments, line in (
        ([str(beasts), "--foreground", "1"], "--foreground is a number or a colour, and"),
        ([str(beasts), "--soft", "3"], "--soft goes with --masks only, and"),
        ([str(unrendered)], "expected a labelled dataset, found a generated one"),
        (
            [str(tmp_path), "--masks", str(tmp_path), "--foreground", "cat"],
            "names a class, and PICTURES is no dataset",
        ),
        ([str(tmp_path), "--masks", str(tmp_path), "--subset", "val"], "--subset is for datasets"),
    ):
        code, said = run(*arguments)
        assert code == 2 and line in said, said
