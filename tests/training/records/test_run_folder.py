import json
import os
from pathlib import Path

import pytest

from generator.errors import ConfigError, UsageError
from training.records.run_folder import (
    hold_run,
    recorded_data,
    refuse_foreign,
    refuse_foreign_plot,
    remove_run,
)
from training.tuning.learning_rate import LrRange, plot_lr_range

NAMES = ["last.pt", "best.pt", "config.json", "log/metrics.csv"]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "run" / "log").mkdir(parents=True)
    return tmp_path / "run"


def of_a_run(out: Path) -> None:
    """Write the files of a run, with just enough content to be recognised."""
    for name in ("last.pt", "best.pt"):
        (out / name).write_bytes(b"PK\x03\x04" + bytes(60) + b"formatX\x0f\0\0\0fgbg-checkpoint" + bytes(99))
    config = {"data": "data/shards", "stages": [], "widths": [4, 8], "lr": 0.1, "seed": 0}
    (out / "config.json").write_text(json.dumps(config))
    (out / "log" / "metrics.csv").write_text("epoch,stage,res,step,lr\n1,0,16,4,0.1\n")
    (out / "log" / "events.out.tfevents.1.host.1.0.fgbg").write_bytes(b"events")


def test_one_call_trains_in_a_folder_at_a_time(out: Path) -> None:
    with hold_run(out), pytest.raises(ConfigError, match="in use by another 'fgbg train'"), hold_run(out):
        pytest.fail("two hold it")
    with hold_run(out):
        pass


def test_other_processes_of_a_run_leave_the_lock_to_the_first(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCAL_RANK", "1")
    with hold_run(out), hold_run(out):
        pass


def test_files_of_a_run_are_its_own(out: Path) -> None:
    refuse_foreign(out)
    of_a_run(out)
    refuse_foreign(out)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("content", [b"", b"{}", b"my notes", b"\xff\xfe\0", b"[" * 100_000, b"a,b\n1,2\n"])
def test_files_of_others_are_refused_and_stay(out: Path, name: str, content: bytes) -> None:
    (out / name).write_bytes(content)
    with pytest.raises(UsageError, match=rf"{Path(name).name} was not written by a run"):
        refuse_foreign(out)
    remove_run(out)
    assert (out / name).read_bytes() == content


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are of POSIX")
@pytest.mark.parametrize("name", [*NAMES, "log/lr-range.png"])
@pytest.mark.parametrize("kind", ["pipe", "dangling", "folder"])
def test_what_is_no_file_is_refused_and_hangs_nothing(out: Path, name: str, kind: str) -> None:
    path = out / name
    {"pipe": os.mkfifo, "dangling": lambda path: path.symlink_to("nowhere"), "folder": os.mkdir}[kind](path)
    with pytest.raises(UsageError, match="was not written by a run"):
        refuse_foreign(out)
        refuse_foreign_plot(out)
    remove_run(out)
    assert path.is_symlink() or path.exists()


@pytest.mark.parametrize("name", ["run", "run/log"])
def test_a_file_in_place_of_a_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(UsageError, match="is a file, and a run needs a folder there"):
        hold_run(tmp_path / "run").__enter__()


def test_removing_a_run_leaves_what_others_put_there(out: Path) -> None:
    of_a_run(out)
    kept = ["notes.txt", "log/events.out.tfevents.1.host.1.0", "log/mine.csv"]
    for name in kept:
        (out / name).write_text("mine")
    remove_run(out)
    left = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert left == {*kept, "config.json"}  # the next run replaces config.json


def test_a_plot_is_known_by_its_maker(out: Path) -> None:
    path = out / "log" / "lr-range.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n of someone else")
    with pytest.raises(UsageError, match=r"lr-range\.png was not written by a run"):
        refuse_foreign_plot(out)
    path.unlink()
    plot_lr_range(LrRange(*[[1e-3, 1e-2]] * 2, 1e-3), path)  # type: ignore[arg-type]
    refuse_foreign_plot(out)


def test_a_run_knows_its_dataset(out: Path) -> None:
    assert recorded_data(out) is None
    of_a_run(out)
    assert recorded_data(out) == Path("data/shards")
    for content in ('{"data": 7}', '{"data": ""}', "[]", "{"):
        (out / "config.json").write_text(content)
        assert recorded_data(out) is None
