"""Contests of benchmarks/: turns, ratios, budgets, and contestants that cannot run."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parent.parent.parent / "benchmarks"


@pytest.fixture
def contest(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    import rows.contest

    return rows.contest


def counting(name: str, turns: list[str], values: Sequence[float]) -> Callable[[], float]:
    left = list(values)

    def measure() -> float:
        turns.append(name)
        return left.pop(0)

    return measure


def test_contestants_take_turns_and_the_first_round_is_discarded(contest: ModuleType) -> None:
    turns: list[str] = []
    result = contest.hold(
        contest.Contest("x", "1/s", ""),
        [
            contest.Contestant("a", counting("a", turns, [99, 1, 3, 2]), "fgbg", "c"),
            contest.Contestant("b", counting("b", turns, [99, 4, 4, 4])),
            contest.Contestant("c", counting("c", turns, [99, 2, 4, 8]), "limit"),
        ],
        3,
        contest.Clock(1000),
    )
    assert "".join(turns) == "abc" * 4
    a, b, _ = result.rows
    assert (a.values, a.median, b.values) == ([1, 3, 2], 2, [4, 4, 4])
    assert result.of_limit(a) == 0.5  # of 0.5, 0.75 and 0.25
    assert result.against_best(a) == 0.5  # of 0.25, 0.75 and 0.5
    assert result.is_behind(a)
    assert not result.is_behind(b)
    assert math.isnan(result.of_limit(b))


def test_of_costs_the_lower_one_is_ahead(contest: ModuleType) -> None:
    result = contest.hold(
        contest.Contest("x", "s", "", lower_is_better=True),
        [
            contest.Contestant("ours", lambda: 2.0, "fgbg"),
            contest.Contestant("best", lambda: 6.0),
            contest.Contestant("worst", lambda: 9.0),
        ],
        2,
        contest.Clock(1000),
    )
    assert result.best_other().name == "best"
    assert result.against_best(result.rows[0]) == pytest.approx(3)
    assert not result.is_behind(result.rows[0])


def test_who_cannot_run_or_fails_does_not_stop_the_others(contest: ModuleType) -> None:
    def fail() -> float:
        raise ValueError("no disk\nsecond line")

    result = contest.hold(
        contest.Contest("x", "1/s", ""),
        [
            contest.needing("no_such_package", contest.Contestant("absent", lambda: 1.0)),
            contest.Contestant("failing", fail),
            contest.Contestant("ours", lambda: 1.0, "fgbg"),
        ],
        2,
        contest.Clock(1000),
    )
    absent, failing, ours = result.rows
    assert absent.missing == "no no_such_package here: pip install 'fgbg[bench]'"
    assert failing.missing == "failed: ValueError: no disk"
    assert ours.values == [1.0, 1.0]
    assert math.isnan(result.against_best(ours))


def test_no_round_begins_beyond_the_budget(contest: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(contest.time, "monotonic", lambda: now[0])

    def measure() -> float:
        now[0] += 10
        return 1.0

    def held(limit: float) -> tuple[int, str]:
        contestants = [contest.Contestant("a", measure)]
        clock = contest.Clock(limit, began=now[0])
        result = contest.hold(contest.Contest("x", "1/s", "", budget=35), contestants, 5, clock)
        return len(result.rows[0].values), result.note

    assert held(1000) == (2, "2 of 5 rounds in 30 s")
    assert held(36) == (2, "2 of 5 rounds in 30 s")
    assert held(30) == (0, "skipped: 30 s left")
