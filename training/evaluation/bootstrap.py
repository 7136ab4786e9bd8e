"""How sure a mean over samples is: percentile bootstrap."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

RESAMPLES = 1000
LEVEL = 0.95

_SEED = 0
_NUMBERS_AT_ONCE = 2**22

Statistic = Callable[..., Any]
"""Of columns (..., n), along `axis`."""


@dataclass(frozen=True)
class Estimate:
    """A statistic of samples.

    Attributes:
        value: of all samples; not a number where there are none.
        low, high: ends of its 95 % interval; not a number below two samples.
        samples: how many counted.
    """

    value: float
    low: float
    high: float
    samples: int


def estimate(*columns: np.ndarray, statistic: Statistic = np.mean) -> Estimate:
    """A statistic with its percentile bootstrap interval: samples drawn anew 1,000 times, always alike.

    Args:
        columns: (n,) float each, what the statistic takes; samples without a number in one are left out.
        statistic: vectorised, with `axis`.

    Source: Efron & Tibshirani 1993, "An introduction to the bootstrap", chapter 13.
    """
    counted = ~np.any(np.isnan(columns), axis=0)
    kept = [np.asarray(column[counted], np.float64) for column in columns]
    samples = int(counted.sum())
    if samples == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)
    value = float(statistic(*kept, axis=-1))
    if samples == 1:
        return Estimate(value, math.nan, math.nan, 1)
    interval = stats.bootstrap(
        kept,
        statistic,
        n_resamples=RESAMPLES,
        batch=max(1, _NUMBERS_AT_ONCE // samples),
        vectorized=True,
        paired=True,
        axis=-1,
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.default_rng(_SEED),
    ).confidence_interval
    return Estimate(value, float(interval.low), float(interval.high), samples)


def root_of_weighted_mean(squares: np.ndarray, weights: np.ndarray, axis: int = -1) -> Any:
    """From mean squares of samples (..., n) to the root mean square of all they were taken of.

    Args:
        squares: mean square of each sample.
        weights: how many values it was taken over.
        axis: of the samples.
    """
    return np.sqrt((squares * weights).sum(axis=axis) / weights.sum(axis=axis))
