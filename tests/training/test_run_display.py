from training.run_display import epoch_lines, scores_in_words
from training.run_position import RunPosition
from training.stages import Stage

METRICS = {
    "train_loss": 12.34567,
    "val_loss": 12.5,
    "val_iou": 0.91239,
    "val_iou_without_bg": 0.8,
    "val_depth_rmse": 0.05,
    "train_loss/iou": 0.2,
}


def test_an_epoch_is_two_lines_that_fit_a_terminal() -> None:
    stages = [Stage(res=48, epochs=4), Stage(res=1024, epochs=1000)]
    lines = epoch_lines(stages, RunPosition(stage=1, stage_epochs=999), METRICS)
    assert lines == [
        "epoch 999/1000 at 1024 px: train loss 12.3457, validation loss 12.5000",
        "  validation IoU 0.9124 (0.8000 without background), depth RMSE 0.0500",
    ]
    assert max(map(len, lines)) <= 80


def test_an_epoch_without_validation_is_one_line() -> None:
    lines = epoch_lines([Stage(res=48, epochs=4)], RunPosition(stage_epochs=1), {"train_loss": 0.5})
    assert lines == ["epoch 1/4 at 48 px: train loss 0.5000"]


def test_only_scores_that_were_measured_are_named() -> None:
    assert scores_in_words({"val_iou": 0.5}) == "validation IoU 0.5000"
    assert scores_in_words({"train_loss": 0.5}) == ""
