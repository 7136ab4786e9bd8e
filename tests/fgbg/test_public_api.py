"""The public API: all names in `fgbg.__all__` stay available."""

import ast
import doctest
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

import fgbg
from generator.drawing.write import DrawnSamples

ROOT = Path(__file__).parent.parent.parent


def test_these_names_stay() -> None:
    """Scripts of users depend on these names: add to this list, but never remove from it."""
    assert set(fgbg.__all__) == {
        *("open_dataset", "Dataset", "Split", "Batch", "Sample", "verify_dataset"),
        *("torch_dataset", "TorchDataset", "TorchSample", "ImportConfig", "import_labelled"),
        *("GenerateConfig", "generate", "write_samples", "review", "Review", "Finding", "Limits"),
        *("cut_out_by_masks", "cut_out_by_network", "cut_out_in_box", "clean_cut_outs", "Foreground"),
        "cut_out_objects",
        *("ExportConfig", "export_dataset", "NetworkExportConfig", "export_network"),
        "describe_dataset",
        *("TrainConfig", "train", "TrainOutcome", "evaluate", "compare", "Predictor", "Predicted"),
        *("FgbgError", "UsageError", "ConfigError", "ExistsError", "AssetError", "ImageError"),
        *("DatasetError", "RunError", "StoppedError", "CheckpointError"),
    }


@pytest.fixture(scope="module")
def place(
    unrendered: Path,
    trained: Path,
    salient: Path,
    photos: Path,
    assets: DrawnSamples,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    """A working folder with all files that the examples need."""
    folder = tmp_path_factory.mktemp("place")
    for name in ("data", "images", "masks"):
        (folder / name).mkdir()
    shutil.copytree(unrendered, folder / "data" / "shards")  # an example writes there
    (folder / "data" / "photos").symlink_to(photos)
    (folder / "data" / "fg").symlink_to(assets.fg)
    (folder / "data" / "bg").symlink_to(assets.bg)
    (folder / "outputs").symlink_to(trained)
    (folder / "salient.onnx").symlink_to(salient)
    mask = cv2.circle(np.zeros((64, 64), np.uint8), (32, 32), 16, 1, -1)
    photo = np.where(mask[..., None] == 1, np.uint8([40, 90, 220]), np.uint8([90, 160, 60]))
    cv2.imwrite(str(folder / "photo.png"), photo)
    cv2.imwrite(str(folder / "images" / "photo.png"), photo)
    cv2.imwrite(str(folder / "masks" / "photo.png"), mask)
    before = Path.cwd()
    os.chdir(folder)
    yield
    os.chdir(before)


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("name", ["fgbg", *fgbg.__all__])
def test_each_name_has_an_example_that_runs(name: str) -> None:
    described = fgbg if name == "fgbg" else getattr(fgbg, name)
    test = doctest.DocTestParser().get_doctest(described.__doc__, {"fgbg": fgbg}, name, None, None)
    assert any(doctest.SKIP not in example.options for example in test.examples)
    told: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=told.append)
    assert not told, "".join(told)
    assert name == "fgbg" or name in dir(fgbg)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'fgbg' has no attribute 'paint'"):
        fgbg.paint  # type: ignore[attr-defined]  # noqa: B018


def test_types_and_values_come_from_the_same_places() -> None:
    """Type checkers read the imports under TYPE_CHECKING; Python reads the table."""
    tree = ast.parse((ROOT / "fgbg" / "__init__.py").read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == fgbg._HOMES
    assert sorted(seen) == sorted(fgbg.__all__)


def test_importing_it_is_quick_and_imports_no_library() -> None:
    script = (
        "import sys, time; began = time.process_time(); import fgbg;"
        "print(time.process_time() - began, {'numpy', 'torch', 'pydantic', 'click'} & set(sys.modules))"
    )
    runs = [
        subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=ROOT)
        for _ in range(2)
    ]
    assert all(run.stdout.endswith(" set()\n") for run in runs)
    assert min(float(run.stdout.split()[0]) for run in runs) < 0.1
