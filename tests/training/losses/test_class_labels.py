import pytest
import torch

from generator.errors import DatasetError
from training.losses.class_labels import check_classes, one_hot


def test_labels_become_a_mask_for_each_class_and_an_ignored_pixel_none() -> None:
    flags = one_hot(torch.tensor([[[0, 2, 255]]]), 3)
    assert flags.dtype == torch.bool
    assert flags[0, :, 0].tolist() == [[True, False, False], [False, False, False], [False, True, False]]


def test_the_first_label_out_of_range_is_named_with_its_place() -> None:
    labels = torch.zeros(2, 3, 4, dtype=torch.int64)
    labels[1, 2, 3], labels[1, 2, 1] = 9, 3
    check_classes(labels, 10)
    with pytest.raises(DatasetError, match=r"0 to 2, or 255 .* class 3 in sample 1 of the batch at x 1, y 2"):
        check_classes(labels, 3)
