"""Intervals of means over samples: percentile bootstrap."""

import math
import warnings
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
"""A function of columns (..., n), along `axis`."""


@dataclass(frozen=True)
class Estimate:
    """A statistic of samples.

    Attributes:
        value: over all samples; NaN if there are none.
        low, high: ends of its 95 % interval; NaN with fewer than two samples.
        samples: number of samples with a value.
    """

    value: float
    low: float
    high: float
    samples: int


def estimate(*columns: np.ndarray, statistic: Statistic = np.mean) -> Estimate:
    """A statistic with its percentile bootstrap interval, from 1,000 resamples with a fixed seed.

    Args:
        columns: (n,) float each, the arguments of the statistic; samples with a NaN in any are left out.
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


def estimate_of_sums(columns: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray]) -> list[Estimate]:
    """Statistics of sums over samples, each with its percentile bootstrap interval as in `estimate`.

    Args:
        columns: (n, k) float64, the terms of the sums for each sample; samples whose terms are all 0 are left
            out.
        statistic: from sums (..., k) to statistics (..., m); NaN where one is not defined. Resamples without
            a value are left out.

    Returns:
        The m estimates.
    """
    kept = columns[columns.any(axis=1)]
    samples = len(kept)
    values = statistic(kept.sum(axis=0))
    if samples < 2:
        return [Estimate(float(value), math.nan, math.nan, samples) for value in values]
    rng = np.random.default_rng(_SEED)
    block = max(1, _NUMBERS_AT_ONCE // samples)
    resampled = [
        statistic(rng.multinomial(samples, [1 / samples] * samples, min(block, RESAMPLES - start)) @ kept)
        for start in range(0, RESAMPLES, block)
    ]
    ends = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN slice")
        lows, highs = np.nanquantile(np.concatenate(resampled), ends, axis=0)
    return [
        Estimate(float(value), float(low), float(high), samples)
        for value, low, high in zip(values, lows, highs, strict=True)
    ]


def root_of_weighted_mean(squares: np.ndarray, weights: np.ndarray, axis: int = -1) -> Any:
    """The root mean square over all values, from the mean squares of samples (..., n).

    Args:
        squares: mean square of each sample.
        weights: number of values of each sample.
        axis: of the samples.
    """
    return np.sqrt((squares * weights).sum(axis=axis) / weights.sum(axis=axis))
