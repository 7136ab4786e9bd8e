from pathlib import Path

import pytest

from training.errors import CheckpointError
from training.records.run_files import find_checkpoint


def test_a_file_is_taken_as_it_is_and_of_a_folder_best_then_last(tmp_path: Path) -> None:
    with pytest.raises(
        CheckpointError,
        match=r"holds neither best\.pt nor last\.pt\. Train a network first with 'fgbg train'",
    ):
        find_checkpoint(tmp_path)
    for name in ("last.pt", "best.pt"):
        (tmp_path / name).touch()
        assert find_checkpoint(tmp_path) == tmp_path / name
    other = tmp_path / "other.pt"
    other.touch()
    assert find_checkpoint(other) == other
    with pytest.raises(CheckpointError, match=r"does not exist\. Train a network first"):
        find_checkpoint(tmp_path / "missing")
