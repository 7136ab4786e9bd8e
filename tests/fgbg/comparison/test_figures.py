from dataclasses import replace
from pathlib import Path

import pytest

from fgbg.comparison.figures import figures_table, print_table, verdict
from fgbg.comparison.runs import ComparedRun, open_runs
from generator.format.manifest import ClassMask
from training.target import ClassTarget


@pytest.fixture
def run(trained: Path) -> ComparedRun:
    (run,) = open_runs([trained], "cpu")
    metrics = {"val_iou": 0.75, "val_depth_rmse": 0.1}
    return replace(run, label="a", best=replace(run.best, metrics=metrics), curves={})


def changed(run: ComparedRun, label: str, **metrics: float) -> ComparedRun:
    return replace(run, label=label, best=replace(run.best, metrics=run.best.metrics | metrics))


def test_the_best_run_is_named_and_marked(run: ComparedRun) -> None:
    runs = [run, changed(run, "b", val_iou=0.8), changed(run, "c", val_iou=0.8, val_depth_rmse=0.2)]
    assert verdict(runs) == ["Best validation IoU: b, c (0.8000).", "Best depth RMSE: a, b (0.1000)."]
    best = {row.name: row.best for row in figures_table(runs)}
    assert best["validation IoU ↑"] == {1, 2} and best["depth RMSE ↓"] == {0, 1}
    # Nothing is best where all runs are equal, or where neither more nor less is better.
    assert best["parameters ↓"] == best["epochs"] == frozenset()


def test_a_run_without_a_score_is_passed_over(run: ComparedRun) -> None:
    masks = replace(run, label="masks", best=replace(run.best, metrics={"val_iou": 0.5}))
    rows = {row.name: row for row in figures_table([masks, run])}
    assert rows["depth RMSE ↓"].texts == ["-", "0.1000"] and not rows["depth RMSE ↓"].best
    assert verdict([masks, run]) == ["Best validation IoU: a (0.7500)."]


def test_runs_that_do_not_compare_get_no_winner(run: ComparedRun) -> None:
    other = changed(run, "b", val_iou=0.8)
    other = replace(other, last=replace(other.last, dataset_id="f" * 64))
    assert "different datasets" in verdict([run, other])[0] and len(verdict([run, other])) == 1
    assert not any(row.best for row in figures_table([run, other]))
    assert verdict([run, changed(run, "b")]) == ["No run is better than the others."]


def test_one_run_is_told_by_its_scores(run: ComparedRun) -> None:
    assert verdict([run]) == ["a: validation IoU 0.7500, depth RMSE 0.1000."]


def test_five_runs_fit_a_terminal(run: ComparedRun) -> None:
    runs = [changed(run, f"runs/a-long-name-of-a-run-{number}") for number in range(5)]
    lines = print_table([one.label for one in runs], figures_table(runs))
    assert max(map(len, lines)) <= 80 and sum(line.count("0.7500") for line in lines) == 5


def test_runs_of_classes_have_a_row_for_each_class(run: ComparedRun) -> None:
    target = ClassTarget(ClassMask(names=["sky", "car", "tree"], colours=[[0, 0, 0], [1, 1, 1], [2, 2, 2]]))
    of_classes = replace(run, engine=replace(run.engine, target=target))
    found = {"val_mean_iou": 0.6, "val_iou/sky": 0.9, "val_iou/car": 0.3}
    other = {"val_mean_iou": 0.5, "val_iou/sky": 0.8, "val_iou/car": 0.4}
    rows = figures_table([changed(of_classes, "a", **found), changed(of_classes, "b", **other)])
    shown = {row.name: (row.texts, row.best) for row in rows}
    assert shown["mean IoU of classes ↑"] == (["0.6000", "0.5000"], {0})
    assert shown["IoU of car ↑"] == (["0.3000", "0.4000"], {1})
    # No validation sample has this class.
    assert shown["IoU of tree ↑"] == (["-", "-"], frozenset())
