"""`make bench` with almost no work: whoever can run here gives figures, and the files are written."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

ROOT = Path(__file__).parent.parent.parent


# The group step takes the same steps as gpu; predict trains and exports first, which other tests do.
@pytest.mark.filterwarnings("default")  # of other tools
@pytest.mark.parametrize("group", ["generate", "read", "growth", "quality", "gpu"])
def test_a_group_runs(
    group: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_torch_thread: None
) -> None:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import bench

    options = ["--quick", "--only", group, "--device", "cpu", "--out", str(tmp_path)]
    done = CliRunner().invoke(bench.main, options, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    contests = json.loads((tmp_path / "benchmarks.json").read_text())["groups"][group]["contests"]
    assert contests
    for contest in contests:
        assert contest["rows"], contest["note"]
        assert contest["name"] in done.output
        for row in contest["rows"]:
            assert row["values"] or row["missing"].startswith("no "), f"{contest['name']}: {row}"
    assert (tmp_path / "benchmarks.png").read_bytes().startswith(b"\x89PNG")
