"""docs/quickstart.ipynb: it runs from the first cell to the last, and it is stored without errors."""

import ast
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from traitlets.config import Config

NOTEBOOK = Path(__file__).parents[2] / "docs" / "quickstart.ipynb"
SMALL = {"COUNT": 10, "SIZE": 32, "STAGES": [(16, 1)], "EPOCH_SAMPLES": 32, "VAL_SAMPLES": 8}


@pytest.fixture
def notebook() -> nbformat.NotebookNode:
    return nbformat.read(NOTEBOOK, as_version=4)


def outputs(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def is_clean(output: nbformat.NotebookNode) -> bool:
    return output.output_type != "error" and output.get("name") != "stderr"


def test_it_is_stored_with_small_results_and_without_errors(notebook: nbformat.NotebookNode) -> None:
    nbformat.validate(notebook)
    found = outputs(notebook)
    assert found and all(map(is_clean, found))
    assert NOTEBOOK.stat().st_size < 200_000


def test_it_runs(notebook: nbformat.NotebookNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (settings,) = (cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    names = {node.id for node in ast.walk(ast.parse(settings.source)) if isinstance(node, ast.Name)}
    assert names >= SMALL.keys()
    settings.source += "".join(f"\n{name} = {value!r}" for name, value in SMALL.items())

    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # more threads are slower with such small pictures
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "settings"))
    monkeypatch.delenv("MPLBACKEND", raising=False)
    work = tmp_path / "work"
    work.mkdir()
    resources = {"metadata": {"path": str(work)}}
    this_python = Config({"KernelSpecManager": {"kernel_dirs": []}})
    NotebookClient(notebook, timeout=300, resources=resources, config=this_python).execute()

    found = outputs(notebook)
    assert all(map(is_clean, found)), [output for output in found if not is_clean(output)]
    assert sum("image/jpeg" in output.get("data", {}) for output in found) >= 8
    assert {path.name for path in work.iterdir()} == {"quickstart"}
    made = {path.name for path in (work / "quickstart").iterdir()}
    assert made >= {"fg", "bg", "shards", "run", "photo.png", "cut-out.png"}
    assert (work / "quickstart" / "run" / "best.onnx").exists()
