import numpy as np
import pytest

from generator.depth.normalise import normalise


def test_inverse_values_are_scaled_between_their_percentiles() -> None:
    values = np.arange(101, dtype=np.float32).reshape(1, -1)  # the 1st percentile is 1, the 99th is 99
    depth = normalise(values, "inverse")
    assert depth[0, [0, 1, 50, 99, 100]].tolist() == [1, 1, 32768, 65535, 65535]


def test_metric_values_are_inverted() -> None:
    values = np.array([[1.0, 2.0, 4.0]] * 50)
    assert normalise(values, "metric")[0].tolist() == [65535, round(1 + 65534 / 3), 1]


def test_a_single_spike_does_not_squash_the_rest() -> None:
    values = np.tile(np.linspace(0, 1, 100), (10, 1))
    values[0, 0] = 1e6
    assert np.ptp(normalise(values, "inverse")[5].astype(int)) > 60_000


def test_what_is_not_finite_or_not_positive_is_unknown() -> None:
    depth = normalise(np.array([[np.nan, np.inf, -1.0, 0.0, 1.0, 2.0]]), "metric")
    assert depth[0, :4].tolist() == [0, 0, 0, 0] and (depth[0, 4:] > 0).all()
    assert (normalise(np.full((2, 2), np.nan), "inverse") == 0).all()


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.int16, np.uint16, np.int64])
def test_every_kind_of_number_is_taken(kind: type) -> None:
    values = np.array([[0, 10, 20, 40]] * 2).astype(kind)
    assert normalise(values, "metric")[0].tolist() == [0, 65535, round(1 + 65534 / 3), 1]
    assert normalise(values, "inverse")[0].tolist() == [1, 16384, 32768, 65535]


def test_numbers_beyond_reason_are_unknown() -> None:
    depth = normalise(np.array([[1e300, -1e300, 1e-300, 5e-324, 1.0, 2.0]]), "metric")
    assert depth[0].tolist() == [0, 0, 0, 0, 65535, 1]
    assert normalise(np.array([[1e300, -1e300, 1.0, 2.0]]), "inverse")[0].tolist() == [0, 0, 1, 65535]


def test_a_constant_map_becomes_the_middle() -> None:
    assert (normalise(np.full((2, 3), 7.0), "inverse") == 32768).all()
