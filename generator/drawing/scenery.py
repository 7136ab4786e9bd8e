"""Flat things in drawn scenes: trees, rocks, houses, poles and others."""

from collections.abc import Callable

import numpy as np

from generator.drawing.patterns import draw_colour, hsv, mix, sample_noise, tint
from generator.drawing.view import Shape

Answer = tuple[np.ndarray, np.ndarray]
Drawer = Callable[[np.random.Generator, np.ndarray], tuple[float, Shape]]


def _noise(tile: np.ndarray, s: np.ndarray, t: np.ndarray, scale: float, place: float) -> np.ndarray:
    return sample_noise(tile, s * scale + place, t * scale + place * 3) - np.float32(0.5)


def _paint(colour: np.ndarray, shade: np.ndarray) -> np.ndarray:
    return tint(colour, np.maximum(shade, 0))


def _with_trunk(crown: np.ndarray, colours: np.ndarray, trunk: np.ndarray, bark: np.ndarray) -> Answer:
    return crown | trunk, np.where(crown[..., None], colours, bark)


def _broadleaf(rng: np.random.Generator, tile: np.ndarray) -> tuple[float, Shape]:
    leaf, bark = (
        draw_colour(rng, str(rng.choice(["leaf", "leaf", "leaf", "autumn"]))),
        draw_colour(rng, "wood"),
    )
    place, wide, low, thick = (
        rng.uniform(0, 1),
        rng.uniform(0.2, 0.45),
        rng.uniform(0.15, 0.45),
        rng.uniform(0.02, 0.045),
    )
    side, ragged = rng.uniform(-0.8, 0.8), rng.uniform(1.0, 2.5)

    def shape(s: np.ndarray, t: np.ndarray) -> Answer:
        middle = (1 + low) / 2
        radius = (s / wide) ** 2 + ((t - middle) / (1 - middle)) ** 2
        noise, fine = _noise(tile, s, t, 0.5, place), _noise(tile, s, t, 2.0, place)
        crown = 0.85 - radius + ragged * noise + 0.6 * fine > 0
        shade = 0.75 + 0.5 * (t - middle) + side * s + 1.1 * noise + 0.8 * fine
        trunk = (np.abs(s + 0.1 * noise) < thick * (1.2 - t)) & (t < middle)
        return _with_trunk(crown, _paint(leaf, shade), trunk, _paint(bark, 0.6 + fine - side * s * 9))

    return wide * 1.5, shape


def _conifer(rng: np.random.Generator, tile: np.ndarray) -> tuple[float, Shape]:
    leaf, bark = draw_colour(rng, "leaf") * hsv(0.4, 0.2, 0.75), draw_colour(rng, "wood")
    snowy, wide, rows, place = (
        rng.random() < 0.2,
        rng.uniform(0.14, 0.28),
        rng.integers(4, 10),
        rng.uniform(0, 1),
    )

    def shape(s: np.ndarray, t: np.ndarray) -> Answer:
        noise = _noise(tile, s, t, 1.5, place)
        tier = np.float32(1) - np.mod(t * rows, 1)
        crown = (np.abs(s) < wide * (1 - t) * (0.65 + 0.45 * tier + noise)) & (t > 0.08)
        shade = 0.75 + 0.8 * noise - 0.35 * tier + 0.8 * s / wide * 0.4
        colours = _paint(leaf, shade)
        if snowy:
            colours = mix(colours, hsv(0.62, 0.08, 1.0), np.clip(1.5 - 4 * tier + 3 * noise, 0, 1))
        return _with_trunk(crown, colours, (np.abs(s) < 0.018) & (t < 0.2), bark)

    return wide * 1.3, shape


def _palm(rng: np.random.Generator, tile: np.ndarray) -> tuple[float, Shape]:
    leaf, bark, bend = draw_colour(rng, "leaf"), draw_colour(rng, "wood"), rng.uniform(-0.25, 0.25)
    fronds, turn = int(rng.integers(9, 14)), rng.uniform(0, 6)

    def shape(s: np.ndarray, t: np.ndarray) -> Answer:
        x, y = s - bend * 0.6, t - 0.76
        y = y + 2.2 * x * x
        angle, far = np.arctan2(y, x), np.hypot(x, y)
        ray = np.abs(np.sin(angle * fronds / 2 + turn))
        crown = (far < 0.24 + 0.03 * np.sin(angle * 3 + turn)) & (ray < 0.75 - 2 * far) & (y > -0.1)
        trunk = (np.abs(s - bend * t * t) < 0.016 + 0.004 * np.sin(t * 120)) & (t < 0.76)
        return _with_trunk(crown, _paint(leaf, 0.6 + 1.5 * ray), trunk, bark)

    return 0.45, shape


def _bare_tree(rng: np.random.Generator, tile: np.ndarray) -> tuple[float, Shape]:
    bark = draw_colour(rng, "wood") * np.float32(0.6)
    twigs = [(rng.uniform(0.25, 0.7), rng.choice([-1, 1]) * rng.uniform(0.35, 1.3)) for _ in range(14)]

    def shape(s: np.ndarray, t: np.ndarray) -> Answer:
        noise = _noise(tile, s, t, 0.8, 0.3) * np.float32(0.08)
        seen = np.abs(s + noise) < 0.035 * (1.05 - t)
        for root, lean in twigs:
            up = t - root
            seen |= (np.abs(s + noise - lean * up) < 0.018 - 0.05 * up * up) & (up > 0) & (up < 0.32)
        return seen, _paint(bark, 0.9 + s * 2 + noise * 4)

    return 0.45, shape


def _bush(rng: np.random.Generator, tile: np.ndarray) -> tuple[float, Shape]:
    leaf, place, wide = (
        draw_colour(rng, str(rng.choice(["leaf", "leaf", "autumn"]))),
        rng.uniform(0, 1),
        rng.uniform(0.6, 1.3),
    )

    def shape(s: np.ndarray, t: np.ndarray) -> Answer:
        noise, fine = _noise(tile, s, t, 0.3, place), _noise(tile, s, t, 1.2, place)
        seen = 0.8 - (s / wide) ** 2 - t**2 + noise + 0.5 * fine > 0
        return seen, _paint(leaf, 0.55 + 0.5 * t + 0.8 * noise + 0.9 * fine)

    return wide * 1.2, shape


def _rock(rng: np.random.Generator, tile: np.ndarray) -> tuple[float, Shape]:
    stone, place, wide = draw_colour(rng, "stone"), rng.uniform(0, 1), rng.uniform(0.5, 1.4)
    side = rng.uniform(-0.5, 0.5)

    def shape(s: np.ndarray, t: np.ndarray) -> Answer:
        noise, fine = _noise(tile, s, t, 0.12, place), _noise(tile, s, t, 0.9, place)
        seen = 0.85 - np.abs(s / wide) ** 2.5 - t**2 + 1.2 * noise > 0
        facet = np.floor((t + side * s + noise * 3) * 4) / 4
        return seen, _paint(stone, 0.55 + 0.5 * facet + 0.5 * fine)

    return wide * 1.1, shape


def _house(rng: np.random.Generator, tile: np.ndarray) -> tuple[float, Shape]:
    wall, roof = (
        draw_colour(rng, str(rng.choice(["pale", "muted", "earth"]))),
        draw_colour(rng, str(rng.choice(["autumn", "grey", "dark"]))),
    )
    glass, door = draw_colour(rng, str(rng.choice(["water", "dark", "autumn"]))), draw_colour(rng, "wood")
    wide, eaves, columns = rng.uniform(0.45, 0.9), rng.uniform(0.5, 0.7), int(rng.integers(3, 7))
    slope = rng.uniform(0.3, 1.0)

    def shape(s: np.ndarray, t: np.ndarray) -> Answer:
        cell = np.mod((s / wide + 1) * columns / 2, 1)
        story = np.mod(t / eaves * 2, 1)
        window = (np.abs(cell - 0.5) < 0.2) & (np.abs(story - 0.55) < 0.2)
        middle = np.abs(s / wide + 0.5 / columns) < 0.9 / columns
        colours = np.where(window[..., None], glass, _paint(wall, 0.85 + 0.2 * _noise(tile, s, t, 1, 0)))
        colours = np.where((middle & (t < eaves * 0.42))[..., None], door, colours)
        high = (t - eaves) / (1 - eaves)
        body, top = (
            (t < eaves) & (np.abs(s) < wide),
            (high >= 0) & (np.abs(s) < wide * 1.08 - slope * wide * high),
        )
        tiles = _paint(roof, 0.8 + 0.15 * np.sin(t * 150) + 0.4 * _noise(tile, s, t, 2, 0.5))
        chimney = (np.abs(s - wide * 0.4) < 0.045) & (t > eaves)
        return body | top | chimney, np.where(
            top[..., None], tiles, np.where((chimney & ~body)[..., None], roof * 0.7, colours)
        )

    return wide * 1.1, shape


def _pole(rng: np.random.Generator, tile: np.ndarray) -> tuple[float, Shape]:
    paint, glow = draw_colour(rng, str(rng.choice(["grey", "dark", "wood"]))), draw_colour(rng, "pale")
    arm, thin, side = rng.uniform(0.05, 0.25), rng.uniform(0.008, 0.016), rng.choice([-1, 1])

    def shape(s: np.ndarray, t: np.ndarray) -> Answer:
        x = s * side
        lamp = (np.abs(x - arm) < 0.05) & (np.abs(t - 0.955) < 0.02)
        beam = (np.abs(t - 0.98) < thin) & (x > -arm * 0.2) & (x < arm + 0.04)
        seen = (np.abs(x) < thin * (1.4 - 0.5 * t)) | lamp | beam
        return seen, np.where(lamp[..., None], glow, _paint(paint, 0.8 + x * 20))

    return 0.35, shape


def _fence(rng: np.random.Generator, tile: np.ndarray) -> tuple[float, Shape]:
    paint, period = draw_colour(rng, str(rng.choice(["wood", "pale", "grey"]))), rng.uniform(0.2, 1.5)

    def shape(s: np.ndarray, t: np.ndarray) -> Answer:
        post = np.abs(np.mod(s, period) - period / 2) < min(0.08, period * 0.3)
        rail = (np.abs(t - 0.35) < 0.07) | (np.abs(t - 0.8) < 0.07)
        return post | rail, _paint(paint, 0.9 - 0.2 * rail + 0.5 * _noise(tile, s, t, 2, 0.2))

    return 6.0, shape


def _passer(rng: np.random.Generator, tile: np.ndarray) -> tuple[float, Shape]:
    skin, shirt, legs = draw_colour(rng, "skin"), draw_colour(rng, "bright"), draw_colour(rng, "dark")
    build, gap = rng.uniform(0.08, 0.12), rng.uniform(0.02, 0.06)

    def shape(s: np.ndarray, t: np.ndarray) -> Answer:
        head = np.hypot(s, t - 0.91) < 0.07
        trunk = (np.abs(s) < build * (1.3 - 0.7 * np.abs(t - 0.78))) & (np.abs(t - 0.64) < 0.2)
        stride = np.abs(np.abs(s) - gap * (1 - t)) < 0.045
        colours = np.where(head[..., None], skin, np.where((t > 0.46)[..., None], shirt, legs))
        return head | trunk | (stride & (t < 0.5)), colours * (1 + s * 3)[..., None]

    return 0.2, shape


def _haystack(rng: np.random.Generator, tile: np.ndarray) -> tuple[float, Shape]:
    straw, wide = draw_colour(rng, "earth"), rng.uniform(0.6, 0.9)

    def shape(s: np.ndarray, t: np.ndarray) -> Answer:
        seen = (s / wide) ** 2 + (t - 0.45) ** 2 * 3.3 < 1
        return seen, _paint(
            straw, 1 + 0.4 * s + 0.15 * np.sin(np.hypot(s, t - 0.45) * 40) + _noise(tile, s, t, 2, 0)
        )

    return 1.0, shape


DRAWERS: dict[str, Drawer] = {
    "broadleaf": _broadleaf,
    "conifer": _conifer,
    "palm": _palm,
    "bare tree": _bare_tree,
    "bush": _bush,
    "rock": _rock,
    "house": _house,
    "pole": _pole,
    "fence": _fence,
    "passer": _passer,
    "haystack": _haystack,
}

HEIGHTS = {  # metres
    "broadleaf": (3.0, 11.0),
    "conifer": (4.0, 14.0),
    "palm": (4.0, 9.0),
    "bare tree": (3.0, 8.0),
    "bush": (0.5, 1.6),
    "rock": (0.4, 2.0),
    "house": (5.0, 9.0),
    "pole": (4.0, 7.0),
    "fence": (0.9, 1.3),
    "passer": (1.5, 1.9),
    "haystack": (1.2, 2.0),
}
