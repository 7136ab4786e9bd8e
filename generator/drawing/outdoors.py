"""Places under the sky: fields, roads, streets, shores and woods, with exact depth."""

from dataclasses import dataclass

import numpy as np

from generator.drawing.patterns import draw_colour, hsv, mix, noise_tile, sample_noise, soft_step
from generator.drawing.scenery import DRAWERS, HEIGHTS
from generator.drawing.view import FAR, Paint, Surface, View

HSV = tuple[float, float, float]


@dataclass(frozen=True)
class Weather:
    """Colours of the sky overhead and at the horizon, of clouds and sun, and the ambient light."""

    zenith: HSV
    horizon: HSV
    cloud: HSV
    sun: HSV
    ambient: float


WEATHERS = (
    Weather((0.6, 0.7, 0.8), (0.56, 0.25, 0.97), (0.0, 0.0, 1.0), (0.12, 0.1, 0.7), 0.5),  # noon
    Weather((0.58, 0.1, 0.65), (0.58, 0.05, 0.85), (0.6, 0.08, 0.5), (0.1, 0.05, 0.25), 0.65),  # overcast
    Weather((0.68, 0.45, 0.45), (0.06, 0.75, 0.98), (0.02, 0.6, 0.85), (0.07, 0.55, 0.65), 0.4),  # sunset
    Weather((0.64, 0.8, 0.12), (0.62, 0.6, 0.3), (0.63, 0.4, 0.2), (0.6, 0.3, 0.18), 0.2),  # night
    Weather((0.55, 0.3, 0.8), (0.1, 0.3, 1.0), (0.95, 0.15, 1.0), (0.1, 0.3, 0.6), 0.5),  # morning
    Weather((0.6, 0.3, 0.25), (0.12, 0.25, 0.6), (0.62, 0.2, 0.22), (0.12, 0.2, 0.4), 0.4),  # storm
    Weather((0.5, 0.6, 0.7), (0.15, 0.2, 0.98), (0.12, 0.05, 1.0), (0.1, 0.25, 0.7), 0.45),  # summer evening
    Weather((0.8, 0.4, 0.5), (0.93, 0.4, 0.9), (0.9, 0.4, 0.75), (0.93, 0.3, 0.5), 0.4),  # dusk
)


@dataclass(frozen=True)
class Place:
    """A kind of outdoor place: its ground, roads and water, the things on it, and how many of them."""

    tones: tuple[str, ...]
    kinds: tuple[str, ...]
    stands: tuple[str, ...]
    count: tuple[int, int]
    road: float = 0.0
    water: float = 0.0
    street: bool = False


PLACES = (
    Place(("leaf", "leaf", "earth"), ("noise", "patches"), ("broadleaf", "bush", "rock", "fence"), (3, 16)),
    Place(("leaf", "earth", "autumn"), ("noise",), ("broadleaf", "bush", "pole", "house"), (4, 14), road=1.0),
    Place(
        ("stone", "grey"), ("bricks", "tiles"), ("pole", "passer", "broadleaf"), (2, 9), street=True, road=0.7
    ),
    Place(("earth", "skin"), ("rows", "noise"), ("rock", "rock", "bush", "palm"), (1, 9), road=0.3),
    Place(
        ("snow",),
        ("noise", "patches"),
        ("conifer", "conifer", "house", "rock", "bare tree"),
        (4, 22),
        road=0.3,
    ),
    Place(("skin", "earth"), ("noise", "rows"), ("palm", "passer", "rock"), (1, 7), water=1.0),
    Place(
        ("leaf", "earth", "wood"),
        ("noise", "patches"),
        ("conifer", "broadleaf", "bare tree"),
        (16, 26),
        road=0.4,
    ),
    Place(
        ("leaf", "autumn", "earth"), ("rows", "stripes"), ("haystack", "broadleaf", "house", "fence"), (2, 9)
    ),
    Place(("pale", "grey", "muted"), ("tiles", "checks", "bricks"), ("passer", "pole", "house"), (3, 12)),
    Place(("leaf", "stone"), ("noise",), ("bush", "rock", "conifer", "broadleaf"), (4, 14), water=1.0),
)


def build_place(rng: np.random.Generator, number: int, pixels: int) -> View:
    """A view of an outdoor place, (pixels, pixels); consecutive numbers mostly give other kinds of place."""
    place = PLACES[(number + int(rng.integers(0, 3))) % len(PLACES)]
    weather = WEATHERS[int(rng.integers(len(WEATHERS)))]
    centre = (float(rng.uniform(0.25, 0.75)), float(rng.uniform(0.25, 0.62)))
    view = View(pixels, float(rng.uniform(0.55, 1.1)), centre, float(rng.uniform(1.3, 3.2)))
    tile = noise_tile(rng)
    towards = np.array([rng.uniform(-1, 1), -rng.uniform(0.4, 1), -rng.uniform(0.1, 0.8)])
    view.sun = (towards / np.linalg.norm(towards), hsv(*weather.sun))
    view.ambient = np.float32(weather.ambient) * (np.float32(0.6) + np.float32(0.4) * hsv(*weather.horizon))
    horizon = hsv(*weather.horizon) * np.float32(rng.uniform(0.85, 1.05))
    _sky(view, rng, weather, horizon, tile)
    _ridges(view, rng, tile, town=place.street or rng.random() < 0.2)
    shore = _ground(view, rng, place, tile, horizon)
    street = _street(view, rng, tile, weather.ambient < 0.3) if place.street else None
    _stands(view, rng, place, tile, street, shore)
    view.haze(horizon, float(rng.uniform(60, 600)))
    return view


def _sky(
    view: View, rng: np.random.Generator, weather: Weather, horizon: np.ndarray, tile: np.ndarray
) -> None:
    up = np.broadcast_to(np.maximum(-view.v, 0), view.inverse.shape)
    sky = mix(horizon, hsv(*weather.zenith), 1 - np.exp(-up * np.float32(rng.uniform(1.5, 5))))
    if weather.ambient < 0.3:
        stars = rng.random(view.inverse.shape, dtype=np.float32) > 0.997
        sky = sky + stars[..., None] * rng.random(view.inverse.shape, dtype=np.float32)[..., None]
    x, y = rng.uniform(-0.5, 0.5), -rng.uniform(0.05, 0.5)
    far = np.hypot(view.u - np.float32(x), view.v - np.float32(y))
    glow = np.exp(-far * np.float32(rng.uniform(3, 9))) * np.float32(rng.uniform(0, 0.9))
    glow = np.maximum(glow, soft_step(np.float32(0.045) - far, 150) * (rng.random() < 0.4))
    sky = mix(sky, hsv(weather.sun[0], weather.sun[1] * 0.6, 0.95), glow)
    height = up + np.float32(0.12)
    spread, place = np.float32(rng.uniform(0.05, 0.22)), np.float32(rng.uniform(0, 1))
    clouds = sample_noise(
        tile, view.u / height * spread + place, spread / height * np.float32(rng.uniform(1, 3))
    )
    share = soft_step(clouds - np.float32(rng.uniform(0.35, 0.8)), rng.uniform(1.5, 6)) * np.minimum(
        up * 8, 1
    )
    shade = np.float32(0.7) + np.float32(0.6) * (clouds - np.float32(0.4))
    view.rgb[:] = mix(sky, hsv(*weather.cloud) * shade[..., None], share * np.float32(rng.uniform(0.5, 0.95)))


def _ridges(view: View, rng: np.random.Generator, tile: np.ndarray, town: bool) -> None:
    """Mountains, woods or a skyline, each at one far depth, far ones first."""
    count = int(rng.integers(0, 5))
    tone = str(rng.choice(["leaf", "leaf", "earth", "stone", "autumn", "snow"]))
    for z in np.sort(rng.uniform(70, 700, count))[::-1]:
        step, place, high = rng.uniform(0.05, 0.4), rng.uniform(0, 1), z * rng.uniform(0.04, 0.25)
        across = view.u * np.float32(step) + np.float32(place)
        if town:
            across = np.floor(across * 200) / 200
        top = high * (0.25 + sample_noise(tile, across, np.full_like(across, place))) - view.eye
        y = view.v * np.float32(z)
        seen = (-y < top) & (y < view.eye)
        texture = sample_noise(tile, across * 12, y / np.float32(0.8 * z)) - np.float32(0.5)
        colour = draw_colour(rng, "stone" if town else tone)
        lit = view.ambient + view.sun[1] * np.float32(0.4) if view.sun else view.ambient
        paint = colour * lit * (1 + (0.7 if not town else 0.2) * texture)[..., None]
        if town:
            cells = (np.mod(across * 1600, 1) > 0.4) & (np.mod(y / z * 90, 1) > 0.4) & (texture > -0.05)
            paint = mix(paint, hsv(0.12, 0.4, 0.9), cells * np.float32(0.45))
        elif tone == "stone":
            paint = mix(paint, lit, soft_step(-y - high * 0.35 + high * 0.4 * texture, 6 / high))
        np.copyto(view.rgb, paint.astype(np.float32), where=seen[..., None])
        view.inverse[seen] = 1 / z


def _ground(
    view: View, rng: np.random.Generator, place: Place, tile: np.ndarray, sky: np.ndarray
) -> tuple[float, float]:
    """Draw the ground up to the horizon; return where water begins: its distance at x = 0 and its slant."""
    tone, shore = str(rng.choice(place.tones)), (FAR, 0.0)
    first, second = draw_colour(rng, tone), draw_colour(rng, tone)
    scale, rough = float(rng.uniform(0.4, 1.6)), float(rng.uniform(0.2, 0.9))
    paint: Paint = Surface(str(rng.choice(place.kinds)), first, second, scale, tile, rough)
    if rng.random() < place.water:
        shore = (float(rng.uniform(5, 16)), float(rng.uniform(-0.8, 0.8)))
        paint = _with_water(rng, paint, tile, sky, *shore)
    elif rng.random() < place.road:
        paint = _with_road(rng, paint, tile)
    view.rectangle(1, view.eye, (-FAR, 0), (FAR, FAR), paint)
    return shore


def _with_water(
    rng: np.random.Generator, soil: Paint, tile: np.ndarray, sky: np.ndarray, start: float, slant: float
) -> Paint:
    """Water beyond a line, with ripples that mirror the sky, and foam along its edge."""
    deep, wave = draw_colour(rng, "water"), rng.uniform(0.3, 1.2)

    def paint(p: np.ndarray, q: np.ndarray, blur: np.ndarray) -> np.ndarray:
        ripple = sample_noise(tile, p / (6 * wave), q / (2 * wave)) - np.float32(0.5)
        ripple *= np.clip(np.float32(1.2) - blur, 0.15, 1)
        into = q - start - slant * p + 3 * (sample_noise(tile, p / 40, q / 40) - np.float32(0.5))
        mirror = np.clip(q / np.float32(70) + ripple * np.float32(1.6), 0, 0.85)
        water = mix(deep, sky, mirror) * np.float32(1.25)
        foam = np.clip(1 - np.abs(into - 0.4) * 1.5, 0, 1) * np.float32(0.8)
        water = mix(water, np.ones(3, np.float32), foam)
        return mix(soil(p, q, blur), water, soft_step(into, 4))

    return paint


def _with_road(rng: np.random.Generator, beside: Paint, tile: np.ndarray) -> Paint:
    """A road, straight or bending, asphalt with lines or a dirt track."""
    asphalt = rng.random() < 0.7
    tone = "grey" if asphalt else "earth"
    dark = draw_colour(rng, tone) * np.float32(0.7 if asphalt else 1)
    surface = Surface("noise", dark, dark * np.float32(0.85), rng.uniform(0.2, 1), tile, 0.25)
    width, middle, bend = rng.uniform(1.5, 5), rng.uniform(-2.5, 2.5), rng.uniform(-0.006, 0.006)
    line = hsv(0.13, rng.choice([0.0, 0.8]), 0.95)
    dashed, double = rng.random() < 0.6, rng.random() < 0.3

    def paint(p: np.ndarray, q: np.ndarray, blur: np.ndarray) -> np.ndarray:
        across = p - np.float32(middle) - np.float32(bend) * q * q
        sharp = 1 / np.maximum(blur * 0.5, 0.02)
        colour = surface(p, q, blur)
        if asphalt:
            centre = np.abs(np.abs(across) - 0.15) if double else np.abs(across)
            marks = soft_step(0.08 - centre, 12) * ((np.mod(q, 6) < 3) if dashed else 1)
            marks = np.maximum(marks, soft_step(0.08 - np.abs(np.abs(across) - width + 0.35), 12))
            colour = mix(colour, line, marks * np.float32(0.85))
        edge = np.float32(width) - np.abs(across)
        if not asphalt:
            edge = edge + sample_noise(tile, p / 5, q / 5) - np.float32(0.5)
        return mix(beside(p, q, blur), colour, np.clip(edge * np.minimum(sharp, 8) + 0.5, 0, 1))

    return paint


def _facade(rng: np.random.Generator, tile: np.ndarray, night: bool, ground: float) -> Paint:
    """A wall with rows of windows, above a ground at height y = ground."""
    wall = draw_colour(rng, str(rng.choice(["pale", "muted", "earth", "autumn", "stone"])))
    surface = Surface(str(rng.choice(["plain", "bricks"])), wall, wall * np.float32(0.8), 0.3, tile, 0.35)
    glass = draw_colour(rng, str(rng.choice(["water", "dark"])))
    across, storey, share = rng.uniform(1.6, 3.2), rng.uniform(2.6, 3.6), rng.uniform(0.2, 0.36)

    def paint(p: np.ndarray, q: np.ndarray, blur: np.ndarray) -> np.ndarray:
        column, row = p / np.float32(across), (np.float32(ground) - q) / np.float32(storey)
        inside = np.minimum(
            share - np.abs(column - np.floor(column) - 0.5), 0.3 - np.abs(row - np.floor(row) - 0.5)
        )
        chance = sample_noise(tile, np.floor(column) * 0.37, np.floor(row) * 0.61)
        lit = (chance > (0.45 if night else 0.75))[..., None]
        panes = np.where(lit, hsv(0.12, 0.5, 3.0 if night else 1.0), glass * (0.6 + chance[..., None]))
        frame = mix(surface(p, q, blur), hsv(0.15, 0.02, 0.9), soft_step(inside + 0.04, 30))
        return mix(frame, panes.astype(np.float32), soft_step(inside, 30))

    return paint


def _street(view: View, rng: np.random.Generator, tile: np.ndarray, night: bool) -> float:
    """Draw rows of buildings on one or both sides; return half the width of the free ground."""
    half = float(rng.uniform(4, 9))
    for side in (-1, 1) if rng.random() < 0.75 else (int(rng.choice([-1, 1])),):
        z = float(rng.uniform(2, 7))
        while z < 120:
            long, high, back = rng.uniform(6, 16), rng.uniform(4, 16), rng.uniform(0, 1.2)
            near, far = sorted((side * (half + back), side * (half + back + 12)))
            view.box(
                (near, view.eye - high, z), (far, view.eye, z + long), _facade(rng, tile, night, view.eye)
            )
            z += long + float(rng.choice([0, 0, 3]))
    return half


def _stands(
    view: View,
    rng: np.random.Generator,
    place: Place,
    tile: np.ndarray,
    street: float | None,
    shore: tuple[float, float],
) -> None:
    """Trees, houses and other flat things, on land and, in a street, between its houses."""
    for near in rng.uniform(0.01, 0.36, int(rng.integers(*place.count))):
        name = str(rng.choice(place.stands))
        height = float(rng.uniform(*HEIGHTS[name]))
        width, shape = DRAWERS[name](rng, tile)
        z = view.eye / float(near)
        if name == "house":
            z = max(z, height * 2.5)
        elif name in ("broadleaf", "conifer", "fence"):
            z = max(z, height * 1.1)
        reach = street - 0.7 if street else z * 0.6 / view.focal
        x = float(rng.uniform(-reach, reach))
        z = min(z, shore[0] + shore[1] * x - 1)
        if z < max(2.5, 0.8 * height):
            continue
        half = min(width, 1.5) * height * 0.5
        view.shadow((x - half, z - 0.1), (x + half, z + 0.5), 0.3 + 0.1 * height, 0.55)
        view.stand(x, z, height, width, shape)
