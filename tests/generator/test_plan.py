import json
import pickle

import numpy as np
import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

import generator.scene.numbering
from generator.config import GenerateConfig
from generator.numerals import format_bytes
from generator.plan import Request, count_shards, plan_shards
from generator.scene.numbering import SplitPlan
from generator.splits import SplitName, share_samples


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


@pytest.mark.parametrize("most_sorted", [2**28, 10])
def test_shards_hold_the_samples_in_the_order_of_their_split(
    most_sorted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generator.scene.numbering, "MOST_SORTED", most_sorted)
    config = GenerateConfig(shard_samples=400, seed=5)
    plans: dict[SplitName, SplitPlan] = {
        "train": SplitPlan("train", np.arange(30), np.arange(10), 2, 2),
        "val": SplitPlan("val", np.arange(1), np.arange(1), 1, 5),
        "test": SplitPlan("test", np.arange(0), np.arange(0), 2, 2),
    }
    tasks = plan_shards(config, plans)
    assert [task.file for task in tasks] == [*(f"train-0000{n}.h5" for n in range(3)), "val-00000.h5"]
    assert count_shards(config, plans) == {"train": 3, "val": 1, "test": 0}
    train = plans["train"]
    order = train.order(5, 1200) if most_sorted > 10 else train.numbers_at(5, range(1200))
    in_shards = [task.sample_ids(train, 5) for task in tasks[:3]]
    assert np.concatenate(in_shards).tolist() == order.tolist() and in_shards[0].dtype == np.int64
    # A worker calculates the numbers of a split that is not sorted; they are not sent to it.
    assert (len(pickle.dumps(tasks[0])) < 400) == (most_sorted == 10)


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
