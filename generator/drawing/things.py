"""Families of drawn cut-outs: vessels, furniture, tools, vehicles and plants."""

import itertools

import cv2
import numpy as np

from generator.drawing.easel import Easel, curve, oval, union


def draw_mug(e: Easel) -> None:
    """A mug or cup with a handle to see through."""
    u = e.rng.uniform
    glaze, drink = e.look(gloss=0.6), e.look("wood", "autumn", "dark", kinds=["plain"])
    top, wide, tall, narrowing = u(0.25, 0.4), u(0.26, 0.36), u(0.18, 0.27), u(0.6, 1.05)
    y, thick, reach = (1 + top) / 2, u(0.025, 0.05), u(0.2, 0.3)
    x, foot = 0.45 + wide * (1 + narrowing) * 0.45, wide * narrowing
    grip = [(x + reach, y - tall * 0.8), (x + reach * 0.95, y + tall * 0.4), (x, y + tall * 0.8)]
    e.put(e.tube([(x, y - tall), *grip], [thick]), glaze, thick)
    wall = [(0.45 - wide, top), (0.45 + wide, top), (0.45 + foot, 0.97), (0.45 - foot, 0.97)]
    e.put(union(e.area(wall), e.ellipse(0.45, 0.965, foot, 0.035)), glaze, wide)
    e.put(e.ellipse(0.45, top, wide, 0.07), glaze, 0.02, light=1.1)
    e.put(e.ellipse(0.45, top + 0.012, wide * 0.9, 0.052), drink, 0.02, light=0.8)


def draw_gear(e: Easel) -> None:
    """A gear, washer or ring, with one or many holes."""
    u, rng = e.rng.uniform, e.rng
    metal = e.look("metal", "bright", "autumn", "grey", gloss=0.8)
    teeth, depth, inner = int(rng.integers(0, 18)), u(0.03, 0.1), u(0.1, 0.3)
    turns = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    bite = np.clip(np.sin(turns * teeth) * u(1.5, 5), -1, 1) if teeth > 3 else np.zeros_like(turns)
    radius = 0.47 - depth + depth * bite
    rim = np.stack([0.5 + radius * np.cos(turns), 0.52 + radius * np.sin(turns)], 1)
    holes = [oval(0.5, 0.52, inner, inner)]
    if inner < 0.17 and depth < 0.07:
        count, small = int(rng.integers(3, 8)), u(0.03, 0.055)
        for angle in np.arange(count) * 2 * np.pi / count:
            holes.append(oval(0.5 + 0.25 * np.cos(angle), 0.52 + 0.25 * np.sin(angle), small, small))
    e.put(e.area(rim, *holes), metal, u(0.02, 0.1))


def draw_chair(e: Easel) -> None:
    """A chair with thin legs and slats."""
    u, rng = e.rng.uniform, e.rng
    wood = e.look("wood", "bright", "grey", "pale", kinds=["plain", "noise", "marble"])
    cushion, seat, wide, thin = e.look(), u(0.5, 0.6), u(0.24, 0.33), u(0.012, 0.024)
    middle, half, top = 0.5 + u(-0.12, 0.12), wide * 0.9, u(0.03, 0.08)
    parts = [e.tube([(x, top), (x, 0.9)], [thin]) for x in (middle - half, middle + half)]
    if rng.random() < 0.5:
        for y in np.linspace(0.1, seat - 0.12, int(rng.integers(2, 5))):
            parts.append(e.tube([(middle - half, y), (middle, y - 0.02), (middle + half, y)], [thin * 1.3]))
    else:
        for x in middle + half * np.linspace(-0.7, 0.7, int(rng.integers(3, 7))):
            parts.append(e.tube([(x, 0.1), (x, seat)], [thin * 0.6]))
        parts.append(e.tube([(middle - half, 0.09), (middle + half, 0.09)], [thin * 1.5]))
    e.put(union(*parts), wood, thin, light=0.85)
    left, right, splay = 0.47 - wide, 0.53 + wide, u(-0.03, 0.03)
    legs = [e.tube([(0.5 - wide, seat), (0.5 - wide - splay, 0.98)], [thin])]
    legs.append(e.tube([(0.5 + wide, seat), (0.5 + wide + splay, 0.98)], [thin]))
    legs.append(e.tube([(0.5 - wide, 0.82), (0.5 + wide, 0.82)], [thin * 0.6]))
    e.put(union(*legs), wood, thin)
    low, edge = seat + 0.02, seat + 0.06
    board = [(middle - half, seat - 0.09), (middle + half, seat - 0.09), (right, low), (left, low)]
    e.put(e.area(board), cushion, 0.02)
    e.put(e.area([(left, low), (right, low), (right, edge), (left, edge)]), wood, 0.01, light=0.8)


def draw_plant(e: Easel) -> None:
    """A potted plant with thin stems, leaves and sometimes flowers."""
    u, rng = e.rng.uniform, e.rng
    leaf = e.look("leaf", "leaf", "autumn", kinds=["gradient", "stripes", "plain", "noise"])
    pot, bloom, flowers = e.look(), e.look("bright"), rng.random() < 0.5
    long = u(0.07, 0.12)
    slim, stems, petals = long * u(0.15, 0.45), [], []
    leaves: list[list[np.ndarray]] = [[], [], []]
    for number in range(int(rng.integers(5, 10))):
        x, y = u(0.08, 0.92), u(0.02, 0.45)
        stems.append(e.tube([(0.5, 0.75), (0.5 + (x - 0.5) * 0.4, 0.5), (x, y)], [0.009, 0.006]))
        for share in (0.45, 0.72, 1.0):
            at = 0.5 + (x - 0.5) * share**1.6, 0.75 + (y - 0.75) * share
            leaves[number % 3].append(oval(*at, long, slim, u(0, np.pi)))
        for a in np.arange(5) * 2 * np.pi / 5:
            petals.append(oval(x + 0.035 * np.cos(a), y + 0.035 * np.sin(a), 0.035, 0.02, a))
    e.put(union(*stems), leaf, light=0.7)
    for layer in leaves:
        e.put(e.areas(layer), leaf, 0.03, light=u(0.7, 1.1))
    if flowers:
        e.put(e.areas(petals), bloom, 0.02)
    wide = u(0.16, 0.26)
    e.put(e.mirrored((wide, 0.68), (u(0.1, 0.2), 0.99), smooth=False), pot, 0.2)
    e.put(e.mirrored((wide + 0.02, 0.65), (wide + 0.02, 0.72), smooth=False), pot, 0.1, light=1.1)


def draw_vase(e: Easel) -> None:
    """A vase or bottle, sometimes with a band of another look."""
    u = e.rng.uniform
    lip, throat, belly, foot, y = u(0.05, 0.2), u(0.035, 0.12), u(0.16, 0.36), u(0.08, 0.2), u(0.55, 0.78)
    glaze = e.look(gloss=u(0.2, 0.9))
    shoulder = (throat * 1.1, u(0.2, 0.3))
    body = e.mirrored((lip, 0.03), (throat, 0.12), shoulder, (belly, y), (foot, 0.97))
    e.put(union(body, e.ellipse(0.5, 0.965, foot, 0.03)), glaze, 0.3)
    if e.rng.random() < 0.6:
        band = e.mirrored((0.5, y - u(0.06, 0.15)), (0.5, y + u(0.03, 0.12)), smooth=False)
        e.put(cv2.min(band, body), e.look(), 0.3)
    e.put(e.ellipse(0.5, 0.035, lip, 0.025), glaze, 0.01, light=0.45)


def draw_lamp(e: Easel) -> None:
    """A table lamp on a thin stand."""
    u = e.rng.uniform
    stand, shade = e.look("metal", "wood", "dark", "bright"), e.look("pale", "bright", "autumn", gloss=0.1)
    bulb = e.look("pale", "autumn", kinds=["plain"])
    high, wide, thin = u(0.3, 0.45), u(0.22, 0.42), u(0.01, 0.03)
    e.put(e.tube([(0.5, high), (0.5 + u(-0.06, 0.06), 0.65), (0.5, 0.95)], [thin]), stand, thin)
    if e.rng.random() < 0.5:
        e.put(e.ellipse(0.5, u(0.6, 0.8), u(0.06, 0.15), u(0.06, 0.14)), stand, 0.1)
    e.put(e.mirrored((0, 0.9), (0.08, 0.93), (u(0.14, 0.24), 0.97), (0.14, 1.0), (0, 1.0)), stand, 0.04)
    e.put(e.mirrored((u(0.08, 0.25), 0.03), (wide, high), smooth=False), shade, 0.25, light=1.15)
    e.put(e.ellipse(0.5, high, wide, 0.03), bulb, 0.02, light=1.2)


def draw_bicycle(e: Easel) -> None:
    """A bicycle from the side, with spokes to see through."""
    u, rng = e.rng.uniform, e.rng
    frame, tyre = e.look("bright", "dark", "pale", kinds=["plain"]), e.look("dark", "grey", kinds=["plain"])
    metal = e.look("metal", kinds=["plain"], gloss=0.8)
    r, thin, spokes = u(0.19, 0.25), u(0.008, 0.018), int(rng.integers(5, 12))
    y, rear, front = 0.985 - r, 0.05 + r, 0.95 - r
    for x in (rear, front):
        reach = [(r * np.cos(a), r * np.sin(a)) for a in np.arange(spokes) * np.pi / spokes]
        e.put(union(*[e.tube([(x - a, y - b), (x + a, y + b)], [0.003]) for a, b in reach]), metal)
        e.put(e.area(oval(x, y, r, r), oval(x, y, r - 0.03, r - 0.03)), tyre, 0.015)
    saddle, pedal = (0.36, y - u(0.24, 0.32)), (0.47, y + 0.03)
    hx, hy = front - u(0.07, 0.12), y - u(0.26, 0.36)
    corners = [(rear, y), saddle, (hx, hy), (front, y), (hx, hy), pedal, saddle, pedal, (rear, y)]
    e.put(union(*[e.tube(edge, [thin]) for edge in itertools.pairwise(corners)]), frame, thin)
    e.put(e.ellipse(*pedal, 0.05, 0.05), metal, 0.02)
    bar = e.tube([(hx - 0.1, hy - 0.08), (hx, hy - 0.11), (hx + 0.07, hy - 0.07)], [thin])
    e.put(union(bar, e.tube([(hx, hy), (hx - 0.01, hy - 0.09)], [thin])), tyre, thin)
    e.put(e.ellipse(saddle[0] - 0.01, saddle[1] - 0.025, 0.085, 0.025), tyre, 0.02)


def draw_car(e: Easel) -> None:
    """A toy car from the side."""
    u = e.rng.uniform
    paint = e.look(kinds=["plain", "gradient", "stripes", "checks"], gloss=0.9)
    rubber, metal = e.look("dark", kinds=["plain"]), e.look("metal", kinds=["plain"], gloss=0.9)
    glass = e.look("water", "dark", "snow", kinds=["gradient"], gloss=0.9)
    lamp = e.look("pale", "autumn", kinds=["plain"], gloss=0.9)
    r, waist, roof, tail = u(0.08, 0.13), u(0.58, 0.66), u(0.34, 0.48), u(0.02, 0.3)
    base = 1 - r * 0.7
    cabin = np.array([(tail, waist), (u(0.1, 0.3), roof), (u(0.55, 0.68), roof), (u(0.72, 0.86), waist)])
    bonnet = [(0.5, waist - 0.02), (0.88, waist + 0.01), (1.0, waist + 0.1)]
    sill = [(0.99, base), (0.5, base + 0.01), (0.02, base)]
    hull = e.blob((0.0, waist + 0.06), (tail, waist - 0.01), *bonnet, *sill)
    e.put(union(e.area(cabin), hull), paint, 0.12)
    middle = cabin.mean(0)
    pane = e.area((cabin - middle) * [0.8, 0.7] + middle + np.array([0, -0.01]))
    e.put(cv2.subtract(pane, e.tube([(0.47, 0.2), (0.47, 0.8)], [0.012])), glass, 0.02)
    e.put(e.ellipse(0.96, waist + 0.1, 0.025, 0.03), lamp)
    for x in (u(0.18, 0.25), u(0.74, 0.82)):
        e.put(e.ellipse(x, 0.99 - r, r, r), rubber, 0.03)
        e.put(e.ellipse(x, 0.99 - r, r * 0.6, r * 0.6), metal, 0.02)


def draw_mushroom(e: Easel) -> None:
    """A mushroom, often spotted."""
    u = e.rng.uniform
    kinds = ["spots", "spots", "plain", "noise", "gradient"]
    cap = e.look("bright", "autumn", "fur", "pale", kinds=kinds, gloss=u(0, 0.6))
    stem = e.look("pale", "fur", kinds=["plain", "noise"], gloss=0.0)
    wide, brim, waist = u(0.3, 0.47), u(0.38, 0.58), u(0.05, 0.12)
    e.put(e.mirrored((waist, brim), (waist, 0.7), (waist * u(1.1, 2), 0.96), (0, 1)), stem, 0.12)
    e.put(e.ellipse(0.5, brim, wide * 0.97, 0.055), stem, 0.02, light=0.6)
    crown = [(0, u(0.02, 0.15)), (wide * u(0.5, 0.7), 0.2)]
    e.put(e.mirrored(*crown, (wide, brim - 0.02), (wide * 0.9, brim + 0.03), (0, brim - 0.01)), cap, 0.3)
    if e.rng.random() < 0.5:
        ring = e.mirrored((waist * 1.1, brim + 0.12), (waist * 1.8, brim + 0.2), (0, brim + 0.17))
        e.put(ring, stem, 0.03)


def draw_umbrella(e: Easel) -> None:
    """An open umbrella on its stick."""
    u, rng = e.rng.uniform, e.rng
    cloths = (e.look(gloss=0.2), e.look(gloss=0.2))
    stick = e.look("wood", "metal", "dark", kinds=["plain"])
    ribs, edge, thin = int(rng.integers(4, 8)), u(0.4, 0.5), u(0.008, 0.016)
    hook = [(0.5, 0.02), (0.5, 0.5), (0.5, 0.9), (0.53, 0.98), (0.58, 0.97), (0.6, 0.9)]
    e.put(e.tube(hook, [thin]), stick, thin)
    ends = 0.5 - 0.48 * np.cos(np.linspace(0, np.pi, ribs + 1))
    sides = [curve([(0.5, 0.06), (0.125 + x * 0.75, 0.04 + edge * 0.38), (x, edge)]) for x in ends]
    for i in range(ribs):
        hem = curve([(ends[i], edge), (ends[i : i + 2].mean(), edge - 0.05), (ends[i + 1], edge)])
        panel = np.concatenate([sides[i], hem, sides[i + 1][::-1]])
        e.put(e.area(panel), cloths[i % 2], 0.06, light=u(0.85, 1.05))


def draw_tree(e: Easel) -> None:
    """A tree: a conifer in tiers, or a crown of leafy balls."""
    u, rng = e.rng.uniform, e.rng
    bark = e.look("wood", "stone", kinds=["stripes", "noise"], gloss=0.0)
    leaves = e.look("leaf", "leaf", "autumn", "bright", kinds=["noise", "patches"], gloss=0.0)
    thick = u(0.025, 0.06)
    trunk = [(0.5, 0.4), (0.5 + u(-0.04, 0.04), 0.7), (0.5, 0.97)]
    e.put(e.tube(trunk, [thick * 0.6, thick, thick * 1.5]), bark, thick)
    if rng.random() < 0.35:
        for y in np.linspace(0.75, 0.2, int(rng.integers(4, 8))):
            tier = e.mirrored((0, y - 0.24), (0.45 * y + 0.04, y + 0.02), (0, y + 0.05), smooth=False)
            e.put(tier, leaves, 0.05, 0.03)
        return
    for _ in range(int(rng.integers(2, 5))):
        branch = [(0.5, u(0.55, 0.75)), (u(0.2, 0.8), u(0.25, 0.5))]
        e.put(e.tube(branch, [0.02, 0.006]), bark, 0.02)
    for _ in range(int(rng.integers(7, 14))):
        angle, far, r = u(0, 2 * np.pi), u(0, 0.3), u(0.07, 0.17)
        ball = e.ellipse(0.5 + far * np.cos(angle), 0.33 + far * 0.8 * np.sin(angle), r, r * 0.85)
        e.put(ball, leaves, 0.1, 0.03, light=u(0.7, 1.1))


def draw_teapot(e: Easel) -> None:
    """A teapot with a handle to see through and a spout."""
    u = e.rng.uniform
    glaze = e.look(gloss=0.7)
    trim = e.look("metal", "autumn", "wood", "dark", "bright", kinds=["plain"], gloss=0.8)
    tall, wide, y, thick = u(0.2, 0.29), u(0.24, 0.3), 0.68, u(0.02, 0.035)
    x = 0.5 - wide * 0.9
    grip = [(0.14 - u(0, 0.08), y - tall * 0.7), (0.12, y + tall * 0.2), (x, y + tall * 0.5)]
    e.put(e.tube([(x, y - tall * 0.6), *grip], [thick]), trim, thick)
    bend = [(0.84, y), (0.9, y - tall * u(0.6, 1)), (0.97, y - tall * 1.1)]
    spout = e.tube([(0.5 + wide * 0.8, y + tall * 0.4), *bend], [0.08, 0.05, 0.03, 0.025])
    e.put(spout, glaze, 0.06)
    e.put(e.mirrored((wide * 0.5, 0.92), (wide * 0.62, 0.99), smooth=False), trim, 0.03)
    e.put(e.ellipse(0.5, y, wide, tall), glaze, 0.25)
    lid = [(wide * 0.4, y - tall * 1.05), (wide * 0.6, y - tall * 0.78)]
    e.put(e.mirrored((0, y - tall * 1.15), *lid, (0, y - tall * 0.74)), trim, 0.06)
    e.put(e.ellipse(0.5, y - tall * 1.22, 0.035, 0.035), trim, 0.03)


def draw_key(e: Easel) -> None:
    """A key with one or three holes in its bow."""
    u = e.rng.uniform
    tones = ("metal", "autumn", "grey", "bright", "dark")
    metal = e.look(*tones, kinds=["plain", "noise", "gradient"], gloss=0.9)
    r, thick = u(0.13, 0.22), u(0.02, 0.04)
    if e.rng.random() < 0.4:
        turns = np.array([3, 7, 11]) * np.pi / 6
        rings = [(0.5 + r * 0.75 * np.cos(a), r + 0.08 + r * 0.75 * np.sin(a)) for a in turns]
        bow = union(*[e.area(oval(x, y, r * 0.6, r * 0.6), oval(x, y, r * 0.3, r * 0.3)) for x, y in rings])
    else:
        bow = e.area(oval(0.5, r + 0.02, r * u(0.8, 1.2), r), oval(0.5, r + 0.02, r * 0.55, r * u(0.4, 0.65)))
    shaft = [e.tube([(0.5, r * 2), (0.5, 0.97)], [thick])]
    for y in (0.72, 0.8, 0.88):
        end = 0.5 + u(0.07, 0.17)
        shaft.append(e.area([(0.5, y), (end, y), (end, y + 0.045), (0.5, y + 0.045)]))
    e.put(union(bow, *shaft), metal, thick)
    e.put(e.ellipse(0.5, r * 2 + 0.03, thick * 1.7, thick * 1.1), metal, thick)


def draw_cactus(e: Easel) -> None:
    """A cactus with arms and spines in a pot."""
    u, rng = e.rng.uniform, e.rng
    flesh, pot = e.look("leaf", kinds=["stripes", "gradient", "spots"], gloss=0.1), e.look()
    bloom, thick, wide = e.look("bright", kinds=["stripes", "plain"]), u(0.08, 0.14), u(0.16, 0.28)
    arms = [e.tube([(0.5, 0.8), (0.5, 0.12)], [thick])]
    for side in (-1, 1)[: int(rng.integers(0, 3))]:
        y, x = u(0.42, 0.58), 0.5 + side * u(0.22, 0.34)
        arm = [(0.5, y), (x - side * 0.05, y), (x, y - 0.06), (x, y - u(0.12, 0.3))]
        arms.append(e.tube(arm, [thick * 0.55]))
    e.put(union(*arms), flesh, thick, u(0.006, 0.02))
    if rng.random() < 0.5:
        e.put(e.ellipse(0.5, 0.12 - thick, 0.05, 0.04), bloom, 0.03, 0.02)
    e.put(e.mirrored((wide, 0.72), (wide * u(0.6, 1), 0.99), smooth=False), pot, 0.2)
