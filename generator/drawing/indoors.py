"""Rooms: a box with a floor, walls and a ceiling, and furniture made of boxes, with exact depth."""

from dataclasses import dataclass

import numpy as np

from generator.drawing.patterns import draw_colour, hsv, mix, noise_tile, sample_noise, soft_step, tint
from generator.drawing.scenery import DRAWERS
from generator.drawing.view import Lamp, Paint, Surface, Triple, View


@dataclass(frozen=True)
class Room:
    """A kind of room: half its width, its depth and height in metres, its surfaces, and its furniture."""

    half: tuple[float, float]
    deep: tuple[float, float]
    high: tuple[float, float]
    floors: tuple[str, ...]
    walls: tuple[str, ...]
    things: tuple[str, ...]
    count: tuple[int, int]


ROOMS = {
    "living room": Room(
        half=(1.8, 3.2), deep=(4, 7), high=(2.4, 3.0), count=(3, 8),
        floors=("planks", "noise"), walls=("plain", "stripes", "spots"),
        things=("sofa", "table", "cupboard", "shelf", "plant"),
    ),
    "kitchen": Room(
        half=(1.7, 2.8), deep=(3.5, 6), high=(2.3, 2.8), count=(3, 8),
        floors=("tiles", "checks"), walls=("tiles", "plain"),
        things=("cupboard", "table", "counter", "shelf"),
    ),
    "corridor": Room(
        half=(0.9, 1.6), deep=(9, 22), high=(2.3, 3.4), count=(0, 6),
        floors=("checks", "planks", "marble"), walls=("plain", "rows"),
        things=("plant", "chair", "cupboard"),
    ),
    "warehouse": Room(
        half=(4, 7), deep=(12, 28), high=(4, 7), count=(9, 18),
        floors=("noise", "plain", "tiles"), walls=("bricks", "plain"),
        things=("crate", "crate", "crate", "column"),
    ),
    "bedroom": Room(
        half=(1.8, 3.0), deep=(3.5, 6), high=(2.4, 2.8), count=(3, 7),
        floors=("planks", "noise", "checks"), walls=("plain", "spots", "noise"),
        things=("bed", "cupboard", "shelf", "chair"),
    ),
    "hall": Room(
        half=(3, 5.5), deep=(7, 14), high=(3.2, 5), count=(3, 10),
        floors=("planks", "marble", "checks"), walls=("plain",),
        things=("column", "crate", "plant", "sofa"),
    ),
    "office": Room(
        half=(2.5, 4.5), deep=(6, 11), high=(2.6, 3.2), count=(8, 15),
        floors=("noise", "tiles", "checks"), walls=("plain", "rows"),
        things=("table", "chair", "chair", "shelf", "plant"),
    ),
}  # fmt: skip

CLOTHS = ("plain", "stripes", "checks", "spots", "noise")
THINGS = {  # width, height, depth in metres
    "sofa": ((1.5, 2.2), (0.7, 0.9), (0.8, 1.0)),
    "table": ((0.8, 1.6), (0.45, 0.78), (0.6, 1.0)),
    "chair": ((0.42, 0.5), (0.85, 1.0), (0.42, 0.5)),
    "bed": ((1.0, 1.8), (0.85, 0.95), (1.9, 2.1)),
    "cupboard": ((0.6, 1.5), (0.8, 2.1), (0.4, 0.6)),
    "shelf": ((0.7, 1.6), (1.2, 2.2), (0.3, 0.4)),
    "counter": ((1.4, 2.6), (0.85, 0.95), (0.55, 0.65)),
    "crate": ((0.6, 2.4), (0.5, 2.6), (0.6, 2.0)),
    "column": ((0.4, 0.9), (20, 20), (0.4, 0.9)),
    "plant": ((0.4, 0.5), (0.9, 1.7), (0.4, 0.5)),
}


def build_room(rng: np.random.Generator, number: int, pixels: int) -> View:
    """A view of a room, (pixels, pixels); consecutive numbers mostly give other kinds of room."""
    room = list(ROOMS.values())[(number + int(rng.integers(0, 2))) % len(ROOMS)]
    centre = (float(rng.uniform(0.3, 0.7)), float(rng.uniform(0.28, 0.58)))
    view = View(pixels, float(rng.uniform(0.5, 0.85)), centre, float(rng.uniform(1.1, 1.8)))
    tile = noise_tile(rng)
    half, deep, high = (float(rng.uniform(*span)) for span in (room.half, room.deep, room.high))
    left = -half * float(rng.uniform(0.6, 1.2))
    low, upper = (left, view.eye - high, 0.3), (left + 2 * half, view.eye, deep)
    bright, warm = np.float32(rng.uniform(0.4, 0.9)), hsv(rng.uniform(0.02, 0.62), rng.uniform(0.02, 0.3), 1)
    view.ambient, view.glow = warm * np.float32(rng.uniform(0.15, 0.5)), warm * bright
    for z in rng.uniform(0.1, 0.95, int(rng.integers(1, 4))) * deep:
        at = (float(rng.uniform(low[0], upper[0])) * 0.7, low[1] + 0.3, float(z))
        reach = float(rng.uniform(0.3, 0.9) * (half + high))
        view.lamps.append(Lamp(at, reach))
    _shell(view, rng, room, tile, low, upper)
    _on_walls(view, rng, tile, low, upper)
    for _ in range(int(rng.integers(*room.count))):
        _furnish(view, rng, tile, str(rng.choice(room.things)), low, upper)
    return view


def _material(
    rng: np.random.Generator, tile: np.ndarray, kind: str, *tones: str, scale: float = 0.4
) -> Surface:
    first = draw_colour(rng, str(rng.choice(tones)))
    second = draw_colour(rng, str(rng.choice(tones)))
    if rng.random() < 0.7:
        second = first * np.float32(rng.uniform(0.55, 0.9))
    scale *= float(rng.uniform(0.6, 1.6))
    return Surface(kind, first, second, scale, tile, float(rng.uniform(0.05, 0.3)))


def _cornered(
    paint: Paint, low: tuple[float, float], high: tuple[float, float], turned: bool = False
) -> Paint:
    """The paint of one side of a room, darker towards its corners."""

    def cornered(p: np.ndarray, q: np.ndarray, blur: np.ndarray) -> np.ndarray:
        a, b = (q, p) if turned else (p, q)
        gap = np.minimum(np.minimum(a - low[0], high[0] - a), np.minimum(b - low[1], high[1] - b))
        return tint(paint(p, q, blur), 1 - np.float32(0.45) * np.exp(-np.maximum(gap, 0) * 3))

    return cornered


def _shell(
    view: View, rng: np.random.Generator, room: Room, tile: np.ndarray, low: Triple, high: Triple
) -> None:
    """Floor, ceiling with its lamps, side walls and back wall, and perhaps a carpet."""
    kind, above = str(rng.choice(room.floors)), str(rng.choice(["plain", "plain", "tiles", "planks"]))
    scale = {"planks": 0.14, "noise": 0.06, "marble": 0.2}.get(kind, 0.5)
    floor = _material(rng, tile, kind, "wood", "stone", "muted", "pale", "dark", scale=scale)
    ceiling = _material(rng, tile, above, "pale", "snow", "wood", scale=0.6)
    tones = ("pale", "muted", "bright", "stone", "earth")
    wall = _material(rng, tile, str(rng.choice(room.walls)), *tones, scale=0.3)
    back = wall if rng.random() < 0.6 else _material(rng, tile, "plain", "bright", "pale", "dark")
    (x0, y0, z0), (x1, y1, z1) = low, high
    for offset, paint in ((y1, floor), (y0, ceiling)):
        view.rectangle(1, offset, (x0, z0), (x1, z1), _cornered(paint, (x0, 0), (x1, z1)))
    for offset in (x0, x1):
        view.rectangle(0, offset, (y0, z0), (y1, z1), _cornered(wall, (y0, 0), (y1, z1), turned=True))
    view.rectangle(2, z1, (x0, y0), (x1, y1), _cornered(back, (x0, y0), (x1, y1)))
    glow = Surface("plain", np.ones(3, np.float32), np.ones(3, np.float32), 1, tile, 0.02)
    wide, long = float(rng.uniform(0.1, 0.4)), float(rng.uniform(0.1, 0.7))
    for x, _, z in (lamp.at for lamp in view.lamps):
        view.rectangle(1, y0 * 0.995, (x - wide, z - long), (x + wide, z + long), glow, lit=False)
    if rng.random() < 0.4:
        x, z, half, deep = 0.2 * (x0 + x1), float(rng.uniform(0.35, 0.7)) * z1, 0.25 * (x1 - x0), z1 * 0.2
        kind = str(rng.choice(["stripes", "checks", "spots", "patches", "plain"]))
        rug = _material(rng, tile, kind, "bright", "muted", "dark", "pale")
        view.rectangle(1, y1 - 0.01, (x - half, z - deep), (x + half, z + deep), rug)


def _framed(rng: np.random.Generator, tile: np.ndarray, kind: str) -> tuple[Paint, Paint]:
    """A thing on a wall: the paints of its frame and of its inside."""
    frame = _material(rng, tile, "plain", "wood", "snow", "dark", "metal")
    if kind == "window":
        top = hsv(rng.uniform(0.5, 0.65), 0.4, rng.uniform(0.2, 1.2))
        bottom = draw_colour(rng, str(rng.choice(["leaf", "stone", "snow"])))

        def outside(p: np.ndarray, q: np.ndarray, blur: np.ndarray) -> np.ndarray:
            return mix(top, bottom, soft_step(q + np.float32(0.4) * sample_noise(tile, p / 4, q / 9), 2.5))

        return frame, outside
    if kind == "door":
        return frame, _material(rng, tile, "plain", "wood", "pale", "bright", "grey")
    kinds = ["noise", "patches", "marble", "spots", "stripes"]
    return frame, _material(rng, tile, str(rng.choice(kinds)), "bright", "muted", "pale", "dark")


def _on_walls(view: View, rng: np.random.Generator, tile: np.ndarray, low: Triple, high: Triple) -> None:
    """Windows, doors and pictures along the back wall and the side walls."""
    for axis, offset, at, end in (
        (2, high[2], low[0], high[0]),
        (0, low[0], 1.0, high[2]),
        (0, high[0], 1.0, high[2]),
    ):
        at += float(rng.uniform(0.1, 0.6))
        while at < end - 0.9 and rng.random() < 0.85:
            kind = str(rng.choice(["window", "window", "picture", "picture", "door"]))
            width = {"window": rng.uniform(0.7, 2), "door": 0.9}.get(kind, rng.uniform(0.4, 1.2))
            width = float(min(width, end - at - 0.1))
            bottom = high[1] - (0.0 if kind == "door" else float(rng.uniform(0.8, 1.3)))
            top = max(low[1] + 0.15, bottom - (2.05 if kind == "door" else float(rng.uniform(0.5, 1.4))))
            _hang(view, rng, tile, kind, axis, offset, (at, top), (at + width, bottom))
            at += width + float(rng.uniform(0.3, 2.0))


def _hang(
    view: View,
    rng: np.random.Generator,
    tile: np.ndarray,
    kind: str,
    axis: int,
    offset: float,
    start: tuple[float, float],
    end: tuple[float, float],
) -> None:
    """One window, door or picture from start to end (along the wall, y), a little before the wall."""
    frame, inside = _framed(rng, tile, kind)
    if axis == 0:  # there a rectangle wants (y, z)
        start, end = start[::-1], end[::-1]
    view.rectangle(axis, offset * 0.997, start, end, frame)
    panes = 2 if kind == "window" and rng.random() < 0.6 else 1
    steps = ((end[0] - start[0]) / panes, 0.0) if axis == 2 else (0.0, (end[1] - start[1]) / panes)
    for pane, left in zip(range(panes), range(panes)[::-1], strict=True):
        low = (start[0] + pane * steps[0] + 0.06, start[1] + pane * steps[1] + 0.06)
        high = (end[0] - left * steps[0] - 0.06, end[1] - left * steps[1] - 0.06)
        view.rectangle(axis, offset * 0.996, low, high, inside, lit=kind != "window")


def _furnish(
    view: View, rng: np.random.Generator, tile: np.ndarray, name: str, low: Triple, high: Triple
) -> None:
    """Put one thing on the floor of the room, mostly along a wall."""
    width, height, depth = (float(rng.uniform(*span)) for span in THINGS[name])
    height = min(height, high[1] - low[1])
    x = float(rng.uniform(low[0], high[0])) if rng.random() < 0.35 else float(rng.choice([low[0], high[0]]))
    x = min(max(x - width / 2, low[0] + 0.02), high[0] - width - 0.02)
    near = max(1.3, 1.2 * width, 1.2 * min(height, 2.2))
    z = min(near + (high[2] - near) * float(rng.random()) ** 1.4, high[2] - depth - 0.02)
    start, end = (x, high[1] - height, z), (x + width, high[1], z + depth)
    view.shadow((x, z), (end[0], end[2]), 0.22, 0.6)
    kind, weave = str(rng.choice(["plain", "noise", "planks"])), str(rng.choice(CLOTHS))
    body = _material(rng, tile, kind, "wood", "pale", "bright", "dark", "grey", scale=0.2)
    cloth = _material(rng, tile, weave, "bright", "muted", "dark", "pale", scale=0.2)
    if name == "plant":
        shape = DRAWERS[str(rng.choice(["bush", "palm", "broadleaf"]))](rng, tile)
        view.stand(x + width / 2, z, height, *shape)
        view.box((x + 0.08, high[1] - 0.3, z), (end[0] - 0.08, high[1], end[2]), body)
    elif name in ("table", "chair"):
        _build_table(view, rng, start, end, body, cloth, chair=name == "chair")
    elif name in ("sofa", "bed"):
        _build_seat(view, rng, start, end, body, cloth, arms=name == "sofa")
    elif name == "shelf":
        _build_shelf(view, rng, start, end, body)
    else:
        doors = Surface("tiles", body.first, body.second, float(rng.uniform(0.35, 0.8)), tile, 0.1)
        view.box(start, end, body, doors if name in ("cupboard", "counter") else None)
        if name == "counter" and low[1] < start[1] - 1.25:
            view.box((x, start[1] - 1.2, z + 0.2), (end[0], start[1] - 0.6, end[2]), body, doors)


def _build_table(
    view: View, rng: np.random.Generator, low: Triple, high: Triple, body: Paint, cloth: Paint, chair: bool
) -> None:
    (x0, top, z0), (x1, floor, z1) = low, high
    deck = floor - 0.45 if chair else top
    for x in (x0, x1 - 0.05):
        for z in (z0, z1 - 0.05):
            view.box((x, deck, z), (x + 0.05, floor, z + 0.05), body)
    view.box((x0, deck, z0), (x1, deck + 0.05, z1), body)
    if chair:
        view.box((x0, top, z1 - 0.05), (x1, deck, z1), cloth)
    elif rng.random() < 0.7:
        x, z = x0 + (x1 - x0) * float(rng.uniform(0.1, 0.6)), z0 + (z1 - z0) * float(rng.uniform(0.1, 0.5))
        view.box((x, deck - float(rng.uniform(0.1, 0.35)), z), (x + 0.2, deck, z + 0.2), cloth)


def _build_seat(
    view: View, rng: np.random.Generator, low: Triple, high: Triple, body: Paint, cloth: Surface, arms: bool
) -> None:
    (x0, top, z0), (x1, floor, z1) = low, high
    seat = floor - 0.42
    view.box((x0, seat, z0), (x1, floor, z1), cloth)
    view.box((x0, top, z1 - 0.2), (x1, floor, z1), cloth if arms else body)
    for x in (x0, x1 - 0.18) if arms else ():
        view.box((x, seat - 0.18, z0), (x + 0.18, floor, z1), cloth)
    pillow = _material(rng, cloth.tile, "plain", "snow", "bright", "pale")
    view.box((x0 + 0.25, seat - 0.15, z1 - 0.55), (x0 + 0.7, seat, z1 - 0.2), pillow)


def _build_shelf(view: View, rng: np.random.Generator, low: Triple, high: Triple, body: Surface) -> None:
    (x0, top, z0), (x1, floor, z1) = low, high
    view.box((x0, top, z1 - 0.03), (x1, floor, z1), body)
    for x in (x0, x1 - 0.03):
        view.box((x, top, z0), (x + 0.03, floor, z1), body)
    for level in np.arange(floor, top, -0.4).tolist():
        view.box((x0, level - 0.03, z0), (x1, level, z1), body)
        x = x0 + 0.04
        while x < x1 - 0.15 and level - 0.38 > top:
            thick, tall = float(rng.uniform(0.05, 0.14)), float(rng.uniform(0.15, 0.3))
            colour = draw_colour(rng, str(rng.choice(["bright", "muted", "dark", "pale"])))
            book = Surface("plain", colour, colour, 1, body.tile)
            view.box((x, level - 0.03 - tall, z0 + 0.05), (x + thick, level - 0.03, z1 - 0.03), book)
            x += thick * float(rng.choice([1.02, 1.02, 2.5]))
