"""Every recipe: it goes from drawn pictures in the layout of its data set to a network and predictions."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fgbg.cli import main
from generator.drawing.write_labelled import write_labelled_samples
from training.checkpoint import load_checkpoint

RECIPES = Path(__file__).parents[2] / "recipes"
FORMATS = {"birds": "cub200", "pets": "oxford-pet", "roads": "kitti-road", "drone": "drone"}
OF_PETS = "pets-mobilenet"
SHORT = [
    "--res",
    "32:1",
    "--epoch-samples",
    "4",
    "--val-samples",
    "2",
    "--batch-size",
    "2",
    "--device",
    "cpu",
]


def call(recipe: str, *arguments: str) -> str:
    result = CliRunner().invoke(main, ["--config", str(RECIPES / f"{recipe}.toml"), *arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A dataset for each recipe, imported by the recipe from drawn pictures. Tests must not change them."""
    folders: dict[str, Path] = {}
    for recipe, layout in FORMATS.items():
        folder = tmp_path_factory.mktemp(recipe)
        write_labelled_samples(folder / "drawn", 3, layout, 12, (64, 48), 0, progress=False)
        out = folder / "shards"
        call(recipe, "import", layout, str(folder / "drawn"), "--out", str(out), "--size", "48x32")
        folders[recipe] = out
    return folders | {OF_PETS: folders["pets"]}


def test_there_is_a_recipe_for_each_of_the_four_systems() -> None:
    assert {path.stem for path in RECIPES.glob("*.toml")} == {*FORMATS, OF_PETS}


@pytest.mark.parametrize("recipe", [*FORMATS, OF_PETS])
def test_its_commands_fit_together(recipe: str) -> None:
    tables: dict[str, Any] = tomllib.loads((RECIPES / f"{recipe}.toml").read_text(encoding="utf-8"))
    train = tables["train"]
    assert tables.get("import", {"out": train["data"]})["out"] == train["data"] == tables["evaluate"]["data"]
    assert tables["evaluate"]["checkpoint"] == tables["predict"]["checkpoint"] == train["out"]
    documented = (RECIPES.parent / "docs" / "recipes.md").read_text(encoding="utf-8")
    assert f"recipes/{recipe}.toml" in documented


@pytest.mark.parametrize("recipe", [*FORMATS, OF_PETS])
def test_it_trains_and_predicts(recipe: str, datasets: dict[str, Path], tmp_path: Path) -> None:
    options = ["--data", str(datasets[recipe]), "--out", str(tmp_path / "run"), *SHORT]
    train = tomllib.loads((RECIPES / f"{recipe}.toml").read_text(encoding="utf-8"))["train"]
    if "encoder" in train:  # no download, and a tiny encoder
        options += [
            "--encoder",
            "test_efficientnet",
            "--encoder-weights",
            "none",
            "--no-freeze-encoder",
            "--widths",
            "4,4,4,4,4",
        ]
    else:
        options += ["--widths", "4,4,8"]
    if train["lr"] == "auto":
        options += ["--lr", "1e-3"]
    call(recipe, "train", *options)
    config = load_checkpoint(tmp_path / "run" / "last.pt").config
    kind = config.get("mask", {"kind": "alpha"})["kind"]
    assert (config["inputs"], config["depth_head"], kind == "alpha") == (3, False, recipe == "roads")
    picture = next(
        path
        for path in (datasets[recipe].parent / "drawn").rglob("*.*")
        if path.suffix == ".jpg" or path.parent.name == "image_2"
    )
    out = tmp_path / "out"
    call(
        recipe,
        "predict",
        str(picture),
        "--checkpoint",
        str(tmp_path / "run"),
        "--out",
        str(out),
        "--tile",
        "48" if recipe == "drone" else "64",
    )
    assert {path.name.partition(".")[2] for path in out.iterdir()} == {
        "mask.png",
        "overlay.png",
        "side-by-side.png",
    }
