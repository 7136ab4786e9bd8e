import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.config import GenerateConfig
from generator.plan import Request, estimate_bytes, format_bytes, share_samples


@given(
    sizes=st.lists(st.integers(0, 10_000), min_size=3, max_size=3).filter(lambda sizes: sum(sizes) > 0),
    wanted=st.integers(1, 40_000),
)
def test_shares_are_kept(sizes: list[int], wanted: int) -> None:
    kept = share_samples(sizes, wanted)
    assert sum(kept) == min(wanted, sum(sizes))
    assert all(0 <= part <= size for part, size in zip(kept, sizes, strict=True))
    if wanted < sum(sizes):
        for part, size in zip(kept, sizes, strict=True):
            assert abs(part - wanted * size / sum(sizes)) <= 2


def test_small_splits_keep_a_sample() -> None:
    assert share_samples([256_000, 4_000, 4_000], 10) == [8, 1, 1]
    assert share_samples([256_000, 4_000, 4_000], 264) == [256, 4, 4]
    assert share_samples([5, 0, 0], None) == [5, 0, 0]


def test_differences_are_named() -> None:
    request = Request({"seed": 1, "flip": True}, {"fg": {"a.png": "x"}, "bg": {"b.png": "y"}})
    assert request.difference(request) is None
    other = Request({"seed": 2, "flip": True}, request.hashes)
    assert (difference := request.difference(other)) is not None
    assert (difference.wanted, difference.found) == ("seed 2", "seed 1")
    changed = Request(request.config, {"fg": {"a.png": "z", "c.png": "w"}, "bg": {"b.png": "y"}})
    assert (difference := request.difference(changed)) is not None
    assert difference.found == "a.png and 1 more added, removed or changed since"
    assert request.id() != changed.id() != other.id()


@pytest.mark.parametrize("render", [True, False])
def test_the_estimate_for_a_hundred_by_a_hundred(render: bool) -> None:
    config = GenerateConfig(render=render, split=None)
    pixels = 400_000 * 192 * 192 * 6 if render else 0
    bank = 100 * 96 * 96 * 4 + 100 * 192 * 192 * 5
    assert estimate_bytes(config, 100, 100) == pytest.approx(bank + 400_000 * 36 + pixels, rel=0.06)
    # In splits, 80 x 80 + 10 x 10 + 10 x 10 pairs of 100 x 100 remain.
    split = GenerateConfig(render=render)
    assert estimate_bytes(split, 100, 100) - bank == pytest.approx(264_000 * 36 + pixels * 0.66, rel=0.12)


def test_bytes_for_people() -> None:
    assert [format_bytes(n) for n in (7, 1500, 58_400_000_000, 2 * 10**12)] == [
        "7 B",
        "1.5 kB",
        "58.4 GB",
        "2.0 TB",
    ]
