from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from fgbg.cli import main
from fgbg.predictor import Predictor
from generator.errors import AssetError, ConfigError

GREEN, RED = (0, 200, 0), (250, 0, 0)


def photo() -> np.ndarray:
    """A red box on green, 80 x 120."""
    rgb = np.full((80, 120, 3), GREEN, np.uint8)
    rgb[20:60, 30:90] = RED
    return rgb


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["predict", *map(str, arguments)])
    return result.exit_code, result.output


def test_it_finds_the_object_of_any_photo(salient: Path) -> None:
    predictor = Predictor.of_network(salient)
    found = predictor(photo())
    truth = np.zeros((80, 120), bool)
    truth[20:60, 30:90] = True
    assert predictor.res == 32 and found.depth is None
    assert ((found.mask > 127) != truth).mean() < 0.02
    [first, second] = predictor.predict_many([photo(), photo()[:, ::-1]])
    assert (first.mask == found.mask).all() and np.abs(
        first.mask - second.mask[:, ::-1].astype(int)
    ).max() <= 2


@pytest.mark.parametrize("colour", [GREEN, (200, 151, 0)])
def test_without_an_object_the_mask_is_empty(salient: Path, colour: tuple[int, int, int]) -> None:
    # Of the second colour the network is sure to 30 %. Stretched to its own range, as rembg does it, the mask
    # would be an object.
    empty = np.full((80, 120, 3), colour, np.uint8)
    empty[:20, :20, 1] += 5
    assert not Predictor.of_network(salient)(empty).mask.any()


def test_tiles_and_backgrounds(salient: Path) -> None:
    large = np.tile(photo(), (2, 2, 1))
    assert (Predictor.of_network(salient, tile=80)(large).mask > 127).mean() == pytest.approx(0.25, abs=0.02)
    with pytest.raises(ConfigError, match="at least the 32 pixels"):
        Predictor.of_network(salient, tile=16)
    with pytest.raises(ConfigError, match="sees backgrounds"):
        Predictor.of_network(salient)(photo(), photo())
    with pytest.raises(AssetError, match="does not exist"):
        Predictor.of_network("nowhere.onnx")


def test_the_command_takes_it_in_place_of_a_checkpoint(salient: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "photo.png"), photo()[..., ::-1])
    out = tmp_path / "out"
    code, said = run(tmp_path / "photo.png", "--network", salient, "--out", out)
    assert code == 0 and f"{salient}: the network has no depth head, so no depth is written" in said
    assert {path.name for path in out.iterdir()} == {"photo.mask.png", "photo.overlay.png"}
    assert cv2.imread(str(out / "photo.mask.png"), cv2.IMREAD_UNCHANGED)[40, 60] == 255


@pytest.mark.parametrize("option", ["--checkpoint", "--bg", "--res", "--device"])
def test_options_of_checkpoints_are_refused(salient: Path, tmp_path: Path, option: str) -> None:
    value = {"--res": "64", "--device": "cpu"}.get(option, str(salient))
    code, said = run("photo.png", "--network", salient, option, value, "--out", tmp_path)
    assert code == 2 and said == f"fgbg: {option} does not go with --network. Leave one of them out.\n"


def test_without_any_network_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cv2.imwrite(str(tmp_path / "photo.png"), photo())
    monkeypatch.chdir(tmp_path)
    assert run("photo.png") == (
        1,
        "fgbg: outputs does not exist. Train a network first with 'fgbg train', or give another --checkpoint,"
        " or use a network that needs no training: --network u2netp.\n",
    )
