"""Learning rate schedules over a run, as factors of the optimiser's rate.

Each is a pure function of the share of the run that is done. So a resumed run continues where it was, and a
run that is made longer continues where the longer run would be. The plateau schedule is in plateau.py.
"""

import math
from typing import Literal

Schedule = Literal["plateau", "cosine", "one-cycle"]

LAST = 0.01
"""Factor at the end of a cosine."""
RISING = 0.3
"""Share of one cycle in which the rate rises."""
FIRST = 1 / 25
"""Factor at the start of one cycle."""
FINAL = FIRST / 1e4
"""Factor at the end of one cycle."""


def rate_factor(schedule: Schedule, done: float, step: int, warm_up: int) -> float:
    """The factor of the learning rate in one step.

    Args:
        schedule: `plateau` has only a warm-up here; `one-cycle` ignores `warm_up`.
        done: share of the run's pixels that is done. Above 1, as in a run made shorter, it counts as 1.
        step: number of the step since the run began, from 0.
        warm_up: steps in which the rate rises from 0.
    """
    done = min(max(done, 0.0), 1.0)
    if schedule == "one-cycle":
        return one_cycle(done)
    warmth = min(1.0, (step + 1) / warm_up) if warm_up else 1.0
    return warmth * (cosine(done) if schedule == "cosine" else 1.0)


def cosine(done: float) -> float:
    """From 1 to LAST along half a cosine.

    Source: Loshchilov & Hutter 2017, "SGDR: Stochastic Gradient Descent with Warm Restarts", with no restart.
    """
    return _between(1.0, LAST, done)


def one_cycle(done: float) -> float:
    """From FIRST to 1, then to FINAL, each along half a cosine.

    Source: Smith & Topin 2018, "Super-Convergence", in the shape of torch's OneCycleLR.
    """
    if done < RISING:
        return _between(FIRST, 1.0, done / RISING)
    return _between(1.0, FINAL, (done - RISING) / (1 - RISING))


def _between(first: float, last: float, done: float) -> float:
    return last + (first - last) * (1 + math.cos(math.pi * done)) / 2
