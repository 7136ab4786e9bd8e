import csv
import json
import math
import os
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from generator.format.manifest import AlphaMask, ClassMask
from training.batches.prepare import Prepared
from training.config import TrainConfig
from training.errors import RunError
from training.models import Prediction, Truth
from training.records.log import PICTURES, RunLog, columns, grid, read_rows, with_legend, write_config
from training.records.run_folder import CSV_FILE, recorded_data
from training.target import AlphaTarget, ClassTarget


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / CSV_FILE).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def scalars(folder: Path, name: str) -> list[tuple[int, float]]:
    events = EventAccumulator(str(folder)).Reload()
    return [(event.step, event.value) for event in events.Scalars(name)]


def samples(count: int, height: int = 2, width: int = 3) -> tuple[Prepared, Prediction]:
    """Uniform samples: bg 0.1, fg_bg 0.2, mask 0.4 (predicted 0.6), depth 0.8 (predicted 1)."""
    plain = torch.ones(count, 1, height, width)
    truth = Truth(0.4 * plain, 0.8 * plain, plain > 0)
    colour = plain.expand(-1, 3, -1, -1)
    return Prepared(-0.8 * colour, -0.6 * colour, truth), Prediction(torch.logit(0.6 * plain), plain)


def test_the_table_has_a_row_an_epoch_and_a_column_a_number(tmp_path: Path) -> None:
    log = RunLog(tmp_path, 0, 0)
    log.epoch(4, {"epoch": 1, "res": 16, "val_loss": 0.5})
    log.epoch(8, {"epoch": 2, "res": 16, "val_loss": 1 / 3})
    log.close()
    assert (tmp_path / CSV_FILE).read_bytes() == b"epoch,res,val_loss\n1,16,0.5\n2,16,0.333333\n"


def test_the_table_is_whole_after_every_epoch(tmp_path: Path) -> None:
    log = RunLog(tmp_path, 0, 0)
    for epoch in (1, 2, 3):
        log.epoch(epoch, {"epoch": epoch})
        assert [row["epoch"] for row in table(tmp_path)] == [str(number) for number in range(1, epoch + 1)]
    log.close()


def test_a_new_column_leaves_earlier_rows_empty(tmp_path: Path) -> None:
    log = RunLog(tmp_path, 0, 0)
    log.epoch(1, {"epoch": 1, "val_loss": 0.5})
    log.epoch(2, {"epoch": 2, "train_loss/dice": 0.25})
    log.close()
    assert table(tmp_path) == [
        {"epoch": "1", "val_loss": "0.5", "train_loss/dice": ""},
        {"epoch": "2", "val_loss": "", "train_loss/dice": "0.25"},
    ]


def test_a_resumed_log_drops_what_came_after_its_checkpoint(tmp_path: Path) -> None:
    log = RunLog(tmp_path, 0, 0)
    for epoch, loss in ((1, 0.5), (2, 0.4), (3, 0.3)):
        log.epoch(4 * epoch, {"epoch": epoch, "val_loss": loss})
    log.close()
    # TensorBoard reads files in the order of their names, which contain the time in seconds.
    (events,) = tmp_path.glob("events.out.tfevents.*")
    events.rename(tmp_path / "events.out.tfevents.0000000001.earlier")
    log = RunLog(tmp_path, epoch=1, step=4)
    log.epoch(8, {"epoch": 2, "val_loss": 0.25})
    log.close()
    assert [row["val_loss"] for row in table(tmp_path)] == ["0.5", "0.25"]
    assert scalars(tmp_path, "epoch/val_loss") == [(4, 0.5), (8, 0.25)]


def test_a_new_log_leaves_no_rows_of_a_run_before(tmp_path: Path) -> None:
    log = RunLog(tmp_path, 0, 0)
    log.epoch(4, {"epoch": 1})
    log.close()
    log = RunLog(tmp_path, 0, 0)
    log.epoch(4, {"epoch": 1})
    log.close()
    assert len(table(tmp_path)) == 1


def test_tensorboard_can_read_losses_rate_and_pictures(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "new" / "log", 0, 0)
    log.training(50, {"loss": 0.5, "loss/dice": 0.25}, lr=0.125)
    log.pictures(60, AlphaTarget(), *samples(2))
    log.close()
    folder = tmp_path / "new" / "log"
    assert scalars(folder, "train/loss") == [(50, 0.5)]
    assert scalars(folder, "train/loss/dice") == [(50, 0.25)]
    assert scalars(folder, "train/lr") == [(50, 0.125)]
    events = EventAccumulator(str(folder)).Reload()
    (picture,) = events.Images("bg, fg_bg, mask, mask_pred, mask_error, depth, depth_pred, depth_error")
    assert (picture.step, picture.width, picture.height) == (60, 24, 4)


def test_a_grid_has_a_row_a_sample_and_a_column_a_picture() -> None:
    picture = grid(columns(AlphaTarget(), *samples(2, height=2, width=3)))
    assert picture.shape == (3, 4, 24)
    greys = (0.1, 0.2, 0.4, 0.6, abs(0.4 - 0.6), 0.8, 1, abs(0.8 - 1))
    for channel in picture:
        assert channel[0].tolist() == pytest.approx([x for x in greys for _ in range(3)])
        assert torch.allclose(channel, channel[:1].expand(4, 24))


def test_where_depth_is_unknown_it_has_no_error() -> None:
    prepared, prediction = samples(1)
    prepared.truth.depth[..., 0], prepared.truth.known[..., 0] = 0, False
    error = columns(AlphaTarget(), prepared, prediction)["depth_error"]
    assert error[0, 0].flatten().tolist() == pytest.approx([0, 0.2, 0.2] * 2)


def test_a_grid_shows_a_few_samples_of_many() -> None:
    assert grid(columns(AlphaTarget(), *samples(PICTURES + 5))).shape == (3, 2 * PICTURES, 24)


def test_samples_of_a_grid_stand_in_their_order() -> None:
    prepared, prediction = samples(2)
    prepared.truth.mask[1] = 1
    picture = grid(columns(AlphaTarget(), prepared, prediction))
    assert picture[0, 0, 6] == pytest.approx(0.4) and picture[0, 2, 6] == 1


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n1,2\n",
        b"epoch,stage,res,step\n",
        b"epoch,stage,res,step\n1,0,16\n",
        b"epoch,stage,res,step\n1,0,16,4,5\n",
        b"epoch,stage,res,step\nfirst,0,16,4\n",
        b"epoch,stage,res,step\n0,0,16,4\n",
        b"epoch,stage,res,step\n" + b"9" * 5000 + b",0,16,4\n",
        b"epoch,stage,res,step\n1,0,\xff,4\n",
        b'epoch,stage,res,step\n1,0,"16\n',
        b"epoch,stage,res,step\n1," + b"0" * 200_000 + b",16,4\n",
    ],
)
def test_a_table_of_someone_else_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / CSV_FILE
    path.write_bytes(content)
    if content.count(b"\n") == 1:
        assert read_rows(path) == []
        return
    with pytest.raises(RunError, match=r"metrics\.csv: expected a row of numbers per epoch, found") as error:
        RunLog(tmp_path, 1, 4)
    assert len(str(error.value)) < 600 and path.read_bytes() == content


def test_without_a_depth_head_no_depth_is_shown(tmp_path: Path) -> None:
    prepared, prediction = samples(2)
    masks = Prediction(prediction.mask_logits, None)
    picture = grid(columns(AlphaTarget(), prepared, masks))
    assert torch.equal(picture, grid(columns(AlphaTarget(), prepared, prediction))[..., : 5 * 3])
    log = RunLog(tmp_path, 0, 0)
    log.pictures(4, AlphaTarget(), prepared, masks)
    log.close()
    assert EventAccumulator(str(tmp_path)).Reload().Tags()["images"] == [
        "bg, fg_bg, mask, mask_pred, mask_error"
    ]


def test_histograms_show_weights_and_gradients_that_are_there_and_finite(tmp_path: Path) -> None:
    network = torch.nn.Linear(2, 2)
    with torch.no_grad():
        network.weight.copy_(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
        network.bias.copy_(torch.tensor([math.nan, math.nan]))
    network.weight.grad = torch.tensor([[-1.0, math.inf], [-5.0, -3.0]])
    log = RunLog(tmp_path, 0, 0)
    log.histograms(7, network)
    log.close()
    events = EventAccumulator(str(tmp_path)).Reload()
    assert set(events.Tags()["histograms"]) == {"weights/weight", "gradients/weight"}
    (weights,), (gradients,) = (events.Histograms(f"{kind}/weight") for kind in ("weights", "gradients"))
    found = [
        (event.step, event.histogram_value.num, event.histogram_value.min, event.histogram_value.max)
        for event in (weights, gradients)
    ]
    assert found == [(7, 4, 1, 4), (7, 3, -5, -1)]


def test_the_config_is_written_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    write_config(tmp_path, TrainConfig(lr=0.25, out=tmp_path))
    os.utime(path, ns=(10**18, 10**18))
    content = json.loads(path.read_text())
    assert (content["lr"], content["data"], content["widths"][0]) == (0.25, "data/shards", 16)
    assert set(content) == set(TrainConfig.model_fields) - {"out", "load"}
    write_config(tmp_path, TrainConfig(lr=0.25, out=tmp_path))
    assert path.stat().st_mtime_ns == 10**18
    write_config(tmp_path, TrainConfig(lr=0.5, out=tmp_path))
    assert json.loads(path.read_text())["lr"] == 0.5
    data = tmp_path / os.fsdecode(b"d\xdf")
    write_config(tmp_path, TrainConfig(data=data, out=tmp_path))
    assert recorded_data(tmp_path) == data


def test_pictures_of_classes_have_a_legend_of_their_colours() -> None:
    entry = ClassMask(names=["sky", "car"], colours=[[200, 0, 0], [0, 0, 200]])
    picture = torch.zeros(3, 24, 400)
    shown = (with_legend(picture, ClassTarget(entry)) * 255).byte()
    assert torch.equal(shown[:, :24], torch.zeros(3, 24, 400, dtype=torch.uint8))
    legend = shown[:, 24:].flatten(1).T.tolist()
    assert [200, 0, 0] in legend and [0, 0, 200] in legend
    # A small picture gets room for names; a picture of alpha stays as it is.
    assert with_legend(picture[..., :40], ClassTarget(entry)).shape[2] == 320
    assert with_legend(picture, AlphaTarget()) is picture
    assert with_legend(picture, AlphaTarget(AlphaMask(void=127))).shape[1] > 24
