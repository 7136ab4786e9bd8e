"""How the learning rate goes over a run: factors of the rate that the optimiser holds.

Each is a pure function of how much of the run is done, so a resumed run goes on where it was, and one that
is made longer goes on where the longer run would be.
"""

import math
from typing import Literal, get_args

Schedule = Literal["plateau", "cosine", "one-cycle"]
SCHEDULES: tuple[Schedule, ...] = get_args(Schedule)

LAST = 0.01
"""What a cosine leaves of the rate at the end."""
RISING = 0.3
"""The part of one cycle in which the rate rises."""
FIRST = 1 / 25
"""What one cycle begins with."""
FINAL = FIRST / 1e4
"""What one cycle leaves at the end."""


def rate_factor(schedule: Schedule, done: float, step: int, warm_up: int) -> float:
    """What the rate is multiplied by for one step.

    Args:
        schedule: `plateau` leaves the rate to the plateau; one cycle has a warm-up of its own.
        done: the part of the run's pixels that is done; beyond 1, where a run was shortened, the rate stays.
        step: the number of the step since the run began, from 0.
        warm_up: over so many first steps the rate rises from nothing.
    """
    done = min(max(done, 0.0), 1.0)
    if schedule == "one-cycle":
        return one_cycle(done)
    warmth = min(1.0, (step + 1) / warm_up) if warm_up else 1.0
    return warmth * (cosine(done) if schedule == "cosine" else 1.0)


def cosine(done: float) -> float:
    """From 1 to LAST along half a cosine.

    Source: Loshchilov & Hutter 2017, "SGDR: Stochastic Gradient Descent with Warm Restarts", without them.
    """
    return _between(1.0, LAST, done)


def one_cycle(done: float) -> float:
    """From FIRST to 1, then to FINAL, each along half a cosine.

    Source: Smith & Topin 2018, "Super-Convergence", in the shape of torch's OneCycleLR; momentum stays.
    """
    if done < RISING:
        return _between(FIRST, 1.0, done / RISING)
    return _between(1.0, FINAL, (done - RISING) / (1 - RISING))


def _between(first: float, last: float, done: float) -> float:
    return last + (first - last) * (1 + math.cos(math.pi * done)) / 2
