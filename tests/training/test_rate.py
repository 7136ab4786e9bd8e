import pytest

from training.rate import cosine


@pytest.mark.parametrize(
    ("done", "share"),
    [
        (0.0, 0.0),
        (0.01, 0.5 * (0.01 + 0.99 * 0.9997533)),  # half of the warm-up; (1 + cos(pi / 100)) / 2
        (0.5, 0.505),
        (1.0, 0.01),
        (1.7, 0.01),
    ],
)
def test_worked_out_by_hand(done: float, share: float) -> None:
    assert cosine(done) == pytest.approx(share)


def test_after_the_warm_up_it_only_falls() -> None:
    shares = [cosine(number / 1000) for number in range(20, 1001)]
    assert shares == sorted(shares, reverse=True) and shares[0] > 0.99
