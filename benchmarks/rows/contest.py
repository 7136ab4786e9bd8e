"""Contestants that take turns at the same work, and the figures that come out."""

import math
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, Literal

Role = Literal["fgbg", "other", "limit"]

INSTALL = "pip install 'fgbg[bench]'"


@dataclass(frozen=True)
class Measured:
    """One measurement.

    Attributes:
        value: in the unit of the contest.
        megabytes: peak memory; None if it was not measured.
    """

    value: float
    megabytes: float | None = None


@dataclass(frozen=True)
class Contestant:
    """Somebody who does the work of a contest.

    Attributes:
        name: in the table.
        measure: does the work once; None if it cannot run here.
        role: "fgbg", "other", or "limit": the bare hardware.
        limit: name of the limit that it is compared with; "" for none.
        cause: why it is behind another or under half of its limit, for the case that it is.
        missing: why it cannot run here.
    """

    name: str
    measure: Callable[[], Measured | float] | None
    role: Role = "other"
    limit: str = ""
    cause: str = ""
    missing: str = ""


@dataclass(frozen=True)
class Contest:
    """Contestants of the same work.

    Attributes:
        name: in the table.
        unit: of the values.
        work: what one measurement does, in one line.
        lower_is_better: whether values are costs, not rates.
        budget: seconds that the rounds may take; no round begins that would go beyond.
    """

    name: str
    unit: str
    work: str
    lower_is_better: bool = False
    budget: float = 60.0


@dataclass(frozen=True)
class Row:
    """A contestant with its values, one for each round."""

    name: str
    role: Role
    values: Sequence[float] = ()
    megabytes: float | None = None
    limit: str = ""
    cause: str = ""
    missing: str = ""
    x: float | None = None
    """Of a curve: the size of the work."""

    @property
    def median(self) -> float:
        return statistics.median(self.values) if self.values else math.nan


@dataclass(frozen=True)
class Result:
    """A finished contest."""

    contest: Contest
    rows: Sequence[Row]
    seconds: float = 0.0
    note: str = ""

    def ratio(self, row: Row, other: Row) -> float:
        """How many times as good as another: the median over the rounds, so that slow minutes cancel out."""
        pairs = list(zip(row.values, other.values, strict=False))
        if not pairs:
            return math.nan
        ratio = statistics.median(mine / theirs if theirs else math.nan for mine, theirs in pairs)
        return 1 / ratio if self.contest.lower_is_better and ratio else ratio

    def of_limit(self, row: Row) -> float:
        """The share of its limit that a row reaches; NaN if it has none."""
        limit = next((other for other in self.rows if row.limit and other.name == row.limit), None)
        return math.nan if limit is None else self.ratio(row, limit)

    def best_other(self) -> Row | None:
        others = [row for row in self.rows if row.role == "other" and row.values]
        if not others:
            return None
        return (min if self.contest.lower_is_better else max)(others, key=lambda row: row.median)

    def against_best(self, row: Row) -> float:
        """How many times as good as the best contestant that is not fgbg; NaN if there is none."""
        best = self.best_other()
        return math.nan if best is None or row.role != "fgbg" else self.ratio(row, best)

    def is_behind(self, row: Row) -> bool:
        """Whether a row of fgbg is behind another contestant, or under half of its limit."""
        return row.role == "fgbg" and (self.against_best(row) < 1 or self.of_limit(row) < 0.5)

    def document(self) -> dict[str, Any]:
        """Everything, as JSON."""
        return {
            "name": self.contest.name,
            "unit": self.contest.unit,
            "work": self.contest.work,
            "lower_is_better": self.contest.lower_is_better,
            "seconds": self.seconds,
            "note": self.note,
            "rows": [
                {
                    "name": row.name,
                    "role": row.role,
                    "values": list(row.values),
                    "median": row.median,
                    "megabytes": row.megabytes,
                    "of_limit": self.of_limit(row),
                    "against_best_other": self.against_best(row),
                    "missing": row.missing,
                    "cause": row.cause if self.is_behind(row) else "",
                    "x": row.x,
                }
                for row in self.rows
            ],
        }


@dataclass
class Clock:
    """How long the whole run may take."""

    limit: float
    began: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float:
        return self.limit - (time.monotonic() - self.began)


def hold(
    contest: Contest, contestants: Sequence[Contestant], rounds: int, clock: Clock, warm_up: bool = True
) -> Result:
    """Let contestants take turns (A B C A B C ...): a round to warm up, which is discarded, then `rounds`."""
    running = {one.name: one.measure for one in contestants if one.measure is not None}
    began = time.monotonic()
    if clock.left < contest.budget:
        return _result(contest, contestants, {}, {}, 0.0, f"skipped: {clock.left:.0f} s left")
    values: dict[str, list[float]] = {name: [] for name in running}
    megabytes: dict[str, list[float]] = {name: [] for name in running}
    failed: dict[str, str] = {}
    note, last = "", 0.0
    for number in range(0 if warm_up else 1, rounds + 1):
        here = time.monotonic()
        left = min(contest.budget - (here - began) if number > 1 else math.inf, clock.left)
        if number and last > left:
            note = f"{number - 1} of {rounds} rounds in {here - began:.0f} s"
            break
        for name, measure in running.items():
            if name in failed:
                continue
            try:
                found = measure()
            except Exception as error:  # one contestant must not end the run of all
                failed[name] = f"failed: {type(error).__name__}: {error}".splitlines()[0]
                continue
            if number:  # the first round warms up
                found = found if isinstance(found, Measured) else Measured(found)
                values[name].append(found.value)
                megabytes[name] += [] if found.megabytes is None else [found.megabytes]
        last = time.monotonic() - here
    return _result(contest, contestants, values, megabytes, time.monotonic() - began, note, failed)


def _result(
    contest: Contest,
    contestants: Sequence[Contestant],
    values: Mapping[str, Sequence[float]],
    megabytes: Mapping[str, Sequence[float]],
    seconds: float,
    note: str,
    failed: Mapping[str, str] | None = None,
) -> Result:
    rows = [
        Row(
            one.name,
            one.role,
            values.get(one.name, ()),
            max(megabytes.get(one.name) or [math.nan]) if megabytes.get(one.name) else None,
            one.limit,
            one.cause,
            one.missing or (failed or {}).get(one.name, ""),
        )
        for one in contestants
    ]
    return Result(contest, rows, seconds, note)


def needing(package: str, contestant: Contestant) -> Contestant:
    """The contestant, or the same that does not run where a package is missing."""
    if find_spec(package) is not None:
        return contestant
    return Contestant(contestant.name, None, contestant.role, missing=f"no {package} here: {INSTALL}")


def rate(work: Callable[[], Iterable[int]], seconds: float) -> float:
    """Samples per second: starts the work again until the time is over. `work` yields counts of samples."""
    began, count = time.perf_counter(), 0
    while True:
        for done in work():
            count += done
        spent = time.perf_counter() - began
        if spent >= seconds:
            return count / spent
