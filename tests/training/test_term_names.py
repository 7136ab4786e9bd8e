import pytest

from training.term_names import current_column


@pytest.mark.parametrize(
    ("written", "now"),
    [
        ("train_iou", "train_loss/iou"),
        ("train_mask_ssim", "train_loss/mask_ssim"),
        ("train_loss", "train_loss"),
        ("train_loss/iou", "train_loss/iou"),
        ("val_iou", "val_iou"),
        ("epoch", "epoch"),
    ],
)
def test_columns_of_earlier_releases_are_known_by_their_names_of_today(written: str, now: str) -> None:
    assert current_column(written) == now
