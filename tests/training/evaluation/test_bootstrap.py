import math

import numpy as np
import pytest

from training.evaluation.bootstrap import estimate, root_of_weighted_mean


def test_the_interval_is_that_of_a_normal_mean() -> None:
    values = np.random.default_rng(1).normal(3, 2, 900)
    found = estimate(values)
    error = values.std() / 30
    assert found.value == pytest.approx(values.mean()) and found.samples == 900
    assert found.low == pytest.approx(values.mean() - 1.96 * error, abs=0.2 * error)
    assert found.high == pytest.approx(values.mean() + 1.96 * error, abs=0.2 * error)


def test_it_is_half_as_wide_for_four_times_the_samples_and_always_the_same() -> None:
    values = np.random.default_rng(2).random(1600)
    many, few = estimate(values), estimate(values[:400])
    assert (few.high - few.low) / (many.high - many.low) == pytest.approx(2, abs=0.3)
    assert estimate(values) == many


def test_what_is_no_number_is_left_out() -> None:
    values = np.array([0.0, math.nan, 1.0, math.nan, 0.5])
    assert estimate(values) == estimate(np.array([0.0, 1.0, 0.5]))


def test_too_few_samples_have_no_interval() -> None:
    one = estimate(np.array([0.7]))
    assert (one.value, one.samples) == (0.7, 1) and math.isnan(one.low) and math.isnan(one.high)
    none = estimate(np.array([math.nan]))
    assert none.samples == 0 and math.isnan(none.value)


def test_samples_keep_their_weights_when_drawn_anew() -> None:
    # 3 values with a mean square of 4, and 1 value with a square of 16: sqrt((12 + 16) / 4).
    squares, weights = np.array([4.0, 16.0, math.nan]), np.array([3.0, 1.0, 0.0])
    found = estimate(squares, weights, statistic=root_of_weighted_mean)
    assert found.value == pytest.approx(7**0.5) and found.samples == 2
    # In a quarter of the draws, both are the first sample; in another quarter, both are the second.
    assert (found.low, found.high) == pytest.approx((2, 4))


def test_the_columns_of_a_sample_stay_together() -> None:
    values = np.random.default_rng(3).random(50)
    found = estimate(values, values, statistic=lambda one, other, axis: (one - other).mean(axis=axis))
    assert (found.value, found.low, found.high) == (0, 0, 0)
