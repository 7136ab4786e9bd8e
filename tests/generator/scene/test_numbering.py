import numpy as np

from generator.format.tables import PLACEMENT, SAMPLE
from generator.scene.numbering import SplitPlan, random_words, sample_words


def test_tables_are_packed() -> None:
    assert (SAMPLE.itemsize, PLACEMENT.itemsize) == (18, 18)


def test_a_sample_owns_64_words_of_its_splits_stream() -> None:
    stream = np.random.Philox(key=7, counter=[0, 1, 0, 0]).random_raw(64 * 10).reshape(10, 64)
    assert (sample_words(7, "val", np.array([9, 0, 4]), 64) == stream[[9, 0, 4]]).all()


def test_streams_differ() -> None:
    first = [int(random_words(7, stream, 1)[0]) for stream in ("order/train", "order/val", "fg", "bg")]
    first.append(int(sample_words(7, "train", np.array([0]), 1)[0, 0]))
    assert len(set(first)) == 5


def test_the_order_is_a_permutation_that_depends_on_the_seed() -> None:
    plan = SplitPlan("train", np.arange(3), np.arange(4), flips=2, positions=5)
    order = plan.order(1)
    assert sorted(order) == list(range(120)) and order.tolist() != list(range(120))
    assert (order == plan.order(1)).all() and (order != plan.order(2)).any()
