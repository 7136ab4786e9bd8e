"""How the learning rate goes over a run whose length is known."""

import math

WARM_UP = 0.02
"""The part of the run in which the rate rises from nothing."""
LAST = 0.01
"""What is left of the rate at the end."""


def cosine(done: float) -> float:
    """The share of the learning rate at a point of the run.

    It rises linearly, then falls along half a cosine. A pure function of the point, so a resumed run goes on
    where it was; one that is made longer goes on where the longer run would be.

    Args:
        done: the part of all steps that is done; beyond 1, where a run was made shorter, the rate stays.

    Source: Loshchilov & Hutter 2017, "SGDR: Stochastic Gradient Descent with Warm Restarts", without them.
    """
    done = min(done, 1.0)
    return min(1.0, done / WARM_UP) * (LAST + (1 - LAST) * (1 + math.cos(math.pi * done)) / 2)
