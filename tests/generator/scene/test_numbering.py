import numpy as np

from generator.scene.numbering import SplitPlan


def test_the_order_is_a_permutation_that_depends_on_the_seed() -> None:
    plan = SplitPlan("train", np.arange(3), np.arange(4), flips=2, positions=5)
    order = plan.order(1)
    assert sorted(order) == list(range(120)) and order.tolist() != list(range(120))
    assert (order == plan.order(1)).all() and (order != plan.order(2)).any()
