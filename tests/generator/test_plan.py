import json

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from generator.numerals import format_bytes
from generator.plan import Request
from generator.splits import share_samples


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
    assert difference == "was made with other options (seed: 1, now 2)"
    # An older dataset may lack a newer option. It counts as the option's default.
    zeros = Request({**request.config, "depth_invalid": []}, request.hashes)
    for one, two in ((request, zeros), (zeros, request)):
        assert (difference := one.difference(two)) is not None
        assert "depth_invalid: " in difference
    changed = Request(request.config, {"fg": {"a.png": "z", "c.png": "w"}, "bg": {"b.png": "y"}})
    assert (difference := request.difference(changed)) is not None
    assert difference == "was made of other pictures (fg/a.png and 1 more added, removed or changed since)"
    assert request.id() != changed.id() != other.id()


@pytest.mark.parametrize(
    ("found", "wanted", "said"),
    [
        ({"b.png": "x"}, {"b.png": "x"}, None),
        ({"b.png": "x"}, {"b.png": "y"}, "depth of bg/b.png changed since"),
        ({}, {"b.png": "x"}, "depth of bg/b.png added since"),
        ({"b.png": "x"}, {}, "depth of bg/b.png removed since"),
        # An older version read a depth file but did not record its hash.
        ({"b.png": None}, {"b.png": "x"}, None),
        ({"b.png": None}, {}, "depth of bg/b.png removed since"),
    ],
)
def test_depth_files_are_part_of_a_request(
    found: dict[str, str | None], wanted: dict[str, str | None], said: str | None
) -> None:
    pictures = {"fg": {"a.png": "x"}, "bg": {"b.png": "y"}}
    difference = Request({}, pictures, found).difference(Request({}, pictures, wanted))
    assert difference == (said and f"was made with other depth files (the {said})")


def test_without_depth_files_the_id_is_what_it_always_was() -> None:
    config, pictures = {"seed": 1}, {"fg": {"a.png": "x"}, "bg": {"b.png": "y"}}
    old = blake3(json.dumps([config, pictures], sort_keys=True).encode()).hexdigest()
    assert Request(config, pictures).id() == Request(config, pictures, {"b.png": None}).id() == old
    ids = {Request(config, pictures, {"b.png": hash_}).id() for hash_ in ("x", "y")}
    assert len(ids | {old}) == 3


def test_bytes_for_people() -> None:
    assert [format_bytes(n) for n in (7, 1500, 58_400_000_000, 2 * 10**12)] == [
        "7 B",
        "1.5 kB",
        "58.4 GB",
        "2.0 TB",
    ]
