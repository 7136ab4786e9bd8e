import shutil
from pathlib import Path

import pytest

from fgbg.app.run_view import charts, curves_of, run_figures, run_options
from training.errors import RunError

TABLE = (
    "epoch,stage,res,step,lr,train_loss,val_loss,val_iou,val_depth_rmse,seconds\n"
    "1,0,32,8,0.01,1.5,1.2,0.5,0.2,100\n2,0,32,16,0.01,1.2,1.1,0.7,0.1,100\n3,1,48,24,0.01,1.1,1.3,0.6,0.3,100\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "metrics.csv").write_text(TABLE)
    return tmp_path


def test_figures_name_the_best_epoch(folder: Path) -> None:
    assert run_figures(curves_of(folder)) == {
        **{"Epochs": "3", "Best IoU (epoch 2)": "0.700", "Best depth RMSE (epoch 2)": "0.100"},
        "Training time": "5 min",
    }
    assert run_figures({}) == {"Epochs": "0"}
    for seconds, text in ((30.0, "30 s"), (9000.0, "2.5 h")):
        assert run_figures({"seconds": [(1, seconds)]})["Training time"] == text


def test_charts_change_with_the_table_and_the_theme(folder: Path) -> None:
    light = charts(folder, dark=False)
    assert [chart.title for chart in light] == ["loss ↓", "IoU ↑", "depth RMSE ↓", "learning rate"]
    assert all(chart.svg.startswith("<?xml") for chart in light)
    assert charts(folder, dark=False) is light
    assert "#121212" in charts(folder, dark=True)[0].svg and "#121212" not in light[0].svg
    (folder / "log" / "metrics.csv").write_text(TABLE.replace("0.7", "0.75"))
    assert charts(folder, dark=False)[1].svg != light[1].svg


def test_a_table_of_something_else_is_an_error(folder: Path) -> None:
    (folder / "log" / "metrics.csv").write_text("a,b\n1,2\n")
    with pytest.raises(RunError, match="expected a row of numbers per epoch"):
        charts(folder, dark=False)


def test_options_are_those_that_the_run_stored(folder: Path) -> None:
    assert run_options(folder) == {}
    (folder / "config.json").write_text('{"lr": 0.01, "data": "a", "encoder": null, "widths": [4, 8]}')
    assert run_options(folder) == {"lr": "0.01", "data": "a", "widths": "[4, 8]"}
    shutil.rmtree(folder / "log")
    assert charts(folder, dark=False) == ()
