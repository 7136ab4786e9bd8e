import torch

from training.loss_sums import LossSums
from training.process.fabric import Fabric


def terms(loss: float) -> dict[str, torch.Tensor]:
    return {"loss": torch.tensor(loss), "iou": torch.tensor(loss / 2)}


def test_means_are_over_the_epoch_or_since_the_last_log() -> None:
    sums = LossSums(Fabric(accelerator="cpu", devices=1))
    for loss in (1.0, 3.0):
        sums.add(terms(loss))
    assert sums.new_means(2) == {"loss": 2.0, "iou": 1.0}
    sums.add(terms(8.0))
    assert sums.new_means(1) == {"loss": 8.0, "iou": 4.0}
    assert sums.means(3) == {"loss": 4.0, "iou": 2.0}
    sums.clear()
    sums.add(terms(1.0))
    assert sums.means(1) == sums.new_means(1) == {"loss": 1.0, "iou": 0.5}


def test_an_interrupted_epoch_goes_on() -> None:
    fabric = Fabric(accelerator="cpu", devices=1)
    first = LossSums(fabric)
    first.add(terms(1.0))
    first.new_means(1)
    first.add(terms(3.0))
    second = LossSums(fabric, first.state())
    second.add(terms(5.0))
    assert second.new_means(2)["loss"] == 4.0 and second.means(3)["loss"] == 3.0
    assert first.means(2)["loss"] == 2.0
