from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.tensorboard import SummaryWriter

from training.models import Architecture
from training.models.graph import add_graph


@pytest.mark.parametrize("model", ["unet", "unet-elu", "conv-deconv"])
@pytest.mark.parametrize("depth", [True, False])
def test_every_network_can_be_drawn_and_the_random_state_stays(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], model: str, depth: bool
) -> None:
    board = SummaryWriter(str(tmp_path))
    before = torch.get_rng_state()
    architecture = Architecture(
        model=model, widths=(4, 8), encoder=None, freeze_encoder=False, inputs=6, depth=depth
    )
    assert add_graph(board, architecture) is None
    board.close()
    assert torch.equal(torch.get_rng_state(), before)
    names = [node.name for node in EventAccumulator(str(tmp_path)).Reload().Graph().node]
    assert any("mask_head" in name for name in names)
    assert any("depth_head" in name for name in names) == depth
    assert capfd.readouterr() == ("", "")


def test_an_encoder_can_be_drawn(tmp_path: Path) -> None:
    board = SummaryWriter(str(tmp_path))
    architecture = Architecture(
        model="unet",
        widths=(4, 4, 4, 4, 4),
        encoder="mobilenet_v2",
        freeze_encoder=False,
        inputs=6,
        depth=True,
    )
    assert add_graph(board, architecture) is None
    board.close()
    assert EventAccumulator(str(tmp_path)).Reload().Tags()["graph"]
