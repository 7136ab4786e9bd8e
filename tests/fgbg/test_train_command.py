import re

import pytest

from fgbg.commands.train import command
from training.losses import CLASS_LOSSES, DEPTH_LOSSES, MASK_LOSSES


@pytest.mark.parametrize(
    ("option", "names"), [("mask_loss", [*MASK_LOSSES, *CLASS_LOSSES]), ("depth_loss", list(DEPTH_LOSSES))]
)
def test_help_names_every_term_of_a_loss(option: str, names: list[str]) -> None:
    (parameter,) = (parameter for parameter in command.params if parameter.name == option)
    assert set(names) <= set(re.findall(r"\w+", parameter.help))
