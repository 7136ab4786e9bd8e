from typing import Any

import numpy as np
import pytest

from generator.config import GenerateConfig
from generator.format.bank import NO_FG, Bank
from generator.format.tables import OBJECT, SHADOW
from generator.scene.draw import draw
from generator.scene.numbering import SplitPlan

WIDTH, HEIGHT = 8, 6
PLAIN = GenerateConfig(size=(WIDTH, HEIGHT + 2), fg_size=3)


def test_numbering(bank: Bank) -> None:
    # fgs 1, 0 and bgs 1, 0 of the bank; n = ((fg * 2 + bg) * 2 + flip) * 3 + position
    plan = SplitPlan("train", np.array([1, 0]), np.array([1, 0]), flips=2, positions=3)
    assert len(plan) == 24
    samples, placements = draw(plan, bank, PLAIN, np.array([0, 3, 6, 12, 23]))
    assert samples["sample_id"].tolist() == [0, 3, 6, 12, 23]
    assert placements["sprite"].tolist() == [1, 1, 1, 0, 0]
    assert samples["bg"].tolist() == [1, 1, 0, 1, 0]
    assert placements["flip"].tolist() == [0, 1, 0, 0, 1]
    assert samples["first"].tolist() == [0, 1, 2, 3, 4] and (samples["count"] == 1).all()


def test_any_one_sample_can_be_drawn_alone(bank: Bank) -> None:
    plan = SplitPlan("val", np.array([0, 1]), np.array([0]), flips=2, positions=5)
    _, together = draw(plan, bank, PLAIN, np.arange(20))
    for number in (0, 7, 19):
        assert draw(plan, bank, PLAIN, np.array([number]))[1] == together[number]


def test_objects_lie_inside_the_canvas_and_reach_all_of_it(bank: Bank) -> None:
    plan = SplitPlan("train", np.array([0]), np.array([0]), flips=1, positions=2000)
    _, placements = draw(plan, bank, PLAIN, np.arange(2000))
    assert set(placements["x"].tolist()) == set(range(WIDTH - 3 + 1))
    assert set(placements["y"].tolist()) == set(range(HEIGHT - 2 + 1))


# Whole scenes, with a bank of 4 foregrounds (3 variants with two kinds of edges each) and their shadows.
SIDE = 40
ALL = GenerateConfig(
    size=(SIDE, SIDE),
    fg_size=16,
    objects=(1, 3),
    scale=(0.5, 1),
    variants=3,
    blend="mixed",
    overlap=0.3,
    truncate=0.4,
    empty=0.2,
    shadow=0.5,
    harmonise=0.6,
    seed=4,
)
PLAN = SplitPlan("train", np.arange(4), np.arange(3), flips=2, positions=50)


@pytest.fixture(scope="module")
def scenery() -> Bank:
    generator = np.random.default_rng(0)
    sizes = np.repeat(np.array([[16, 10], [12, 12], [8, 14]]), 2, axis=0)
    sizes = np.tile(sizes, (4, 1))
    shadows = np.array([[3, width] for width in range(3, 17)])
    pixels = np.zeros((24 + len(shadows), 16, 16, 4), np.uint8)
    for number, (height, width) in enumerate(sizes):
        pixels[number, 2:height, 1 : width - 1] = [*generator.integers(30, 220, 3), 255]
    for number, (height, width) in enumerate(shadows):
        pixels[24 + number, :height, :width, 3] = 100
    sizes = np.concatenate([sizes, shadows])
    rows = np.repeat(np.linspace(1, 65535, SIDE).astype(np.uint16)[:, None], SIDE, axis=1)
    return Bank(
        np.zeros(0, np.uint8),
        pixels,
        sizes.astype(np.uint16),
        np.append(np.repeat(np.arange(4), 6), [NO_FG] * len(shadows)).astype(np.uint32),
        generator.integers(0, 255, (3, SIDE, SIDE, 3)).astype(np.uint8),
        np.stack([rows] * 3),
    )


def scenes(bank: Bank, **fields: Any) -> list[tuple[np.void, np.ndarray]]:
    """Each sample of the plan with its placements."""
    samples, placements = draw(PLAN, bank, ALL.model_copy(update=fields), np.arange(len(PLAN)))
    assert samples["first"].tolist() == (samples["count"].cumsum() - samples["count"]).tolist()
    assert samples["count"].sum() == len(placements)
    return [(s, placements[s["first"] : s["first"] + s["count"]]) for s in samples]


def objects_of(placements: np.ndarray) -> np.ndarray:
    return placements[placements["kind"] == OBJECT]


def cut_off(bank: Bank, placement: np.void) -> float:
    """Share of an object's opaque pixels that are outside the canvas, by counting them."""
    height, width = bank.sprite_size[placement["sprite"]]
    opaque = bank.sprite_pixels[placement["sprite"], :height, :width, 3] >= 128
    rows, columns = np.nonzero(opaque[:, ::-1] if placement["flip"] else opaque)
    rows, columns = rows + int(placement["y"]), columns + int(placement["x"])
    inside = (rows >= 0) & (rows < SIDE) & (columns >= 0) & (columns < SIDE)
    return 1 - float(inside.mean())


def test_any_one_whole_scene_can_be_drawn_alone(scenery: Bank) -> None:
    together = scenes(scenery)
    for number in (0, 17, 333, len(PLAN) - 1):
        samples, placements = draw(PLAN, scenery, ALL, np.array([number]))
        assert samples["count"] == together[number][0]["count"]
        assert (placements == together[number][1]).all()


def test_how_many_objects_and_how_many_empty_scenes(scenery: Bank) -> None:
    counts = np.array([len(objects_of(placements)) for _, placements in scenes(scenery, overlap=1.0)])
    assert len(counts) == 1200
    shares = np.bincount(counts, minlength=4) / len(counts)
    assert shares[0] == pytest.approx(0.2, abs=0.04)
    assert shares[1:] == pytest.approx([0.8 / 3] * 3, abs=0.05)


def test_the_first_object_is_the_one_that_the_number_names(scenery: Bank) -> None:
    for sample, placements in scenes(scenery, objects=(1, 1), empty=0.0):
        fg, flip = divmod(int(sample["sample_id"]) // 50, 6)[0], int(sample["sample_id"]) // 50 % 2
        (placement,) = objects_of(placements)
        assert scenery.sprite_fg[placement["sprite"]] == fg and placement["flip"] == flip
        assert sample["bg"] == int(sample["sample_id"]) // 100 % 3


def test_every_variant_and_edge_is_used(scenery: Bank) -> None:
    used = {int(sprite) for _, placements in scenes(scenery) for sprite in objects_of(placements)["sprite"]}
    assert used == set(range(24))


def test_no_box_is_covered_beyond_the_limit(scenery: Bank) -> None:
    largest = 0.0
    for _, placements in scenes(scenery):
        boxes = [
            (int(p["x"]), int(p["y"]), *scenery.sprite_size[p["sprite"]][::-1].tolist())
            for p in objects_of(placements)
        ]
        for number, (x, y, width, height) in enumerate(boxes):
            for other_x, other_y, other_width, other_height in boxes[:number]:
                across = min(x + width, other_x + other_width) - max(x, other_x)
                down = min(y + height, other_y + other_height) - max(y, other_y)
                common = max(across, 0) * max(down, 0)
                largest = max(largest, common / min(width * height, other_width * other_height))
    assert 0.25 < largest <= 0.3


def test_no_object_is_cut_off_beyond_the_limit_but_some_up_to_it(scenery: Bank) -> None:
    lost = [cut_off(scenery, p) for _, placements in scenes(scenery) for p in objects_of(placements)]
    assert 0.35 < max(lost) <= 0.4
    assert 0.1 < np.mean(np.array(lost) > 0) < 0.9
    inside = scenes(scenery, truncate=0.0)
    assert max(cut_off(scenery, p) for _, placements in inside for p in objects_of(placements)) == 0


def test_nearer_objects_stand_in_front(scenery: Bank) -> None:
    depths = [objects_of(placements)["depth"].tolist() for _, placements in scenes(scenery)]
    assert any(len(depth) == 3 for depth in depths)
    assert all(depth == sorted(depth) for depth in depths)


def test_a_shadow_lies_behind_its_object_at_its_foot(scenery: Bank) -> None:
    cast = standing = 0
    for _, placements in scenes(scenery, truncate=0.0):
        standing += len(objects_of(placements))
        for number in np.flatnonzero(placements["kind"] == SHADOW):
            shadow, thing = placements[number], placements[number + 1]
            height, width = scenery.sprite_size[thing["sprite"]].tolist()
            # Objects fill the columns 1 to width - 2, down to the last row. Shadows are 1.2 times as wide.
            assert thing["kind"] == OBJECT
            wide = {8: 10, 10: 12, 12: 14}[width - 2]
            assert scenery.sprite_size[shadow["sprite"]].tolist() == [3, wide]
            assert shadow["y"] + 1 == thing["y"] + height - 1
            assert abs((shadow["x"] + (wide - 1) / 2) - (thing["x"] + (width - 1) / 2)) <= 0.5
            assert shadow["gain"].tolist() == [256] * 3
            cast += 1
    assert cast / standing == pytest.approx(0.5, abs=0.05)


def test_harmonised_colours_go_towards_the_background(scenery: Bank) -> None:
    (sample, placements), *_ = scenes(scenery, harmonise=0.0)
    assert all((p["gain"] == 256).all() for _, some in scenes(scenery, harmonise=0.0) for p in some)
    strengths = []
    for sample, placements in scenes(scenery):
        background = scenery.bg[sample["bg"]].reshape(-1, 3).mean(axis=0)
        for p in objects_of(placements):
            colour = scenery.sprite(p["sprite"])[4, 4, :3].astype(float)
            ratio = ((background + 1) / (colour + 1)).clip(0.5, 2)
            strength = (p["gain"] / 256 - 1) / (ratio - 1)
            far = abs(ratio - 1) > 0.2
            strengths += strength[far].tolist()
    assert min(strengths) > -0.02 and 0.55 < max(strengths) < 0.62


def test_nearer_ground_shows_larger_variants(scenery: Bank) -> None:
    areas = scenery.sprite_size.astype(int).prod(axis=1)
    for _, placements in scenes(scenery, perspective=True, truncate=0.0):
        for p in objects_of(placements):
            assert cut_off(scenery, p) == 0
    drawn = [
        (int(p["depth"]), int(areas[p["sprite"]]))
        for _, placements in scenes(scenery, perspective=True, objects=(1, 1))
        for p in objects_of(placements)
    ]
    far = [area for depth, area in drawn if depth < 20_000]
    near = [area for depth, area in drawn if depth > 60_000]
    assert far and near and max(far) < min(near)


def test_the_grid_of_the_original(scenery: Bank) -> None:
    plan = SplitPlan("train", np.arange(4), np.arange(3), flips=1, positions=20)
    config = GenerateConfig(size=(SIDE, SIDE), fg_size=16, grid=(5, 4))
    assert config.positions == 20
    _, placements = draw(plan, scenery, config, np.arange(20))
    # Sprite 0 has 10 x 16 pixels. It can move 30 pixels to the right in 4 steps, and 24 down in 3 steps.
    assert placements["x"].tolist() == [0, 7, 15, 22, 30] * 4
    assert placements["y"].tolist() == [y for y in (0, 8, 16, 24) for _ in range(5)]
