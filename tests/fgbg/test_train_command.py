import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from fgbg.cli import main
from fgbg.commands.train import command
from training.losses import CLASS_LOSSES, DEPTH_LOSSES, MASK_LOSSES
from training.models import MODELS


def train(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["train", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_every_network_can_be_named() -> None:
    (choices,) = (option.type.choices for option in command.params if option.name == "model")
    assert list(choices) == list(MODELS)


def test_the_summary_is_printed_before_anything_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, stdout, _ = train("--summary", "--widths", "64,128,256,512,1024", "--res", "48:2,64:2")
    assert code == 0 and stdout.startswith("unet-siam on 6 x 64 x 64\n")
    assert "31,055,202 parameters" in stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "title", "parameters"),
    [
        (["--model", "conv-deconv"], "conv-deconv on 6 x 96 x 96", 65_218),
        (["--inputs", "3", "--no-depth-head"], "unet on 3 x 96 x 96", 495_874 - 3 * 16 * 9 - 17),
    ],
)
def test_the_options_decide_the_network(options: list[str], title: str, parameters: int) -> None:
    _, stdout, _ = train("--summary", *options)
    assert stdout.splitlines()[0] == title and f"{parameters:,} parameters" in stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--encoder", "resnet43"], "there is resnet"),
        (["--inputs", "3", "--bg-dropout", "0.5"], "--bg-dropout has no effect with --inputs 3. Change"),
        (
            ["--no-depth-head", "--depth-loss", "l1"],
            "--depth-loss has no effect with --no-depth-head. Change",
        ),
        (["--freeze-encoder"], "--freeze-encoder has no effect without --encoder. Change"),
    ],
)
def test_options_that_would_do_nothing_are_refused_in_one_line(options: list[str], message: str) -> None:
    code, _, stderr = train("--summary", *options)
    assert code == 2 and message in stderr and len(stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("option", "names"), [("mask_loss", [*MASK_LOSSES, *CLASS_LOSSES]), ("depth_loss", list(DEPTH_LOSSES))]
)
def test_help_names_every_term_of_a_loss(option: str, names: list[str]) -> None:
    (parameter,) = (parameter for parameter in command.params if parameter.name == option)
    assert set(names) <= set(re.findall(r"\w+", parameter.help))
