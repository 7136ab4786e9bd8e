import errno
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.summary.writer.record_writer import RecordWriter

from training.records.board import Board
from training.records.log import RunLog


def test_events_are_read_by_tensorboard_and_known_for_a_runs(tmp_path: Path) -> None:
    board = Board(tmp_path)
    board.add_scalar("x", 0.5, 3)
    board.close()
    (file,) = tmp_path.iterdir()
    assert file.name.startswith("events.out.tfevents.") and file.name.endswith(".fgbg")
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [(event.step, event.value) for event in events.Scalars("x")] == [(3, 0.5)]


def test_a_full_disk_ends_the_file_and_not_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    log = RunLog(tmp_path, 0, 0, said.append)
    log.training(1, {"loss": 0.5}, 0.1)
    assert said == []

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(RecordWriter, "write", fail)
        log.training(2, {"loss": 0.5}, 0.1)
    log.training(3, {"loss": 0.5}, 0.1)
    log.epoch(4, {"epoch": 1})
    log.close()
    line = f"{tmp_path}: TensorBoard gets no more events (No space left on device); training continues"
    assert said == [line]
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [event.step for event in events.Scalars("train/loss")] == [1]
    assert (tmp_path / "metrics.csv").exists()
