"""Families of drawn cut-outs: animals, people and invented creatures."""

import numpy as np

from generator.drawing.easel import BLACK, Easel, union

COATS = ("noise", "patches", "stripes", "spots", "gradient", "plain")


def draw_quadruped(e: Easel) -> None:
    """A four-legged animal from the side, from dachshund to alpaca."""
    u = e.rng.uniform
    coat = e.look("fur", "fur", "grey", kinds=COATS, gloss=0.05)
    fur = u(0.01, 0.03) * (e.rng.random() < 0.6)
    leg, girth, thick, neck = u(0.2, 0.4), u(0.09, 0.14), u(0.022, 0.04), u(0.02, 0.2)
    rump, chest, y = 0.15, u(0.55, 0.7), 1 - leg - girth
    middle, swing = (rump + chest) / 2, u(-1.5, 1.5)

    def limb(x: float, reach: float) -> np.ndarray:
        foot = (x + 0.03 * reach, 1 - thick * 0.8)
        line = [(x, y), (x - 0.025 * reach, 1 - leg * 0.5), foot, (foot[0] + thick, foot[1])]
        return e.tube(line, [girth * 0.7, thick * 1.3, thick, thick])

    e.put(union(limb(rump + 0.14, -swing), limb(chest - 0.13, swing)), coat, 0.05, fur, light=0.6)
    bend, end = (rump - 0.1, y - girth * u(-0.2, 1)), (rump - u(0.05, 0.2), y + u(-0.3, 0.25))
    tail = e.tube([(rump, y - girth * 0.4), bend, end], [0.03, 0.02, u(0.006, 0.03)])
    back = [(rump - 0.03, y), (rump + 0.06, y - girth), (middle, y - girth * u(0.75, 1)), (chest, y - girth)]
    front = [(chest + 0.06, y - 0.02), (chest - 0.04, y + girth)]
    belly = [(middle, y + girth * u(0.5, 0.9)), (rump + 0.05, y + girth * 0.85)]
    body = e.blob(*back, *front, *belly)
    x, high, skull = chest + 0.08 + neck * 0.5, y - girth - neck * 1.2, u(0.075, 0.11)
    throat = e.tube([(chest - 0.02, y), (x - 0.02, high + 0.02)], [girth * 0.9, skull * 0.75])
    snout = skull * (1 + 0.6 * u(0.6, 1.5))
    line = [(x, high + skull * 0.25), (x + snout, high + skull * 0.5)]
    head = union(e.ellipse(x, high, skull, skull), e.tube(line, [skull * 0.7, skull * 0.42]))
    legs = union(limb(rump + 0.05, swing), limb(chest - 0.03, -swing))
    e.put(union(tail, body, throat, head, legs), coat, 0.09, fur)
    tip = (x - skull * u(0.2, 1.2), high - skull * u(-0.6, 2.0))
    ear = e.blob((x - skull * 0.8, high - skull * 0.3), tip, (x + skull * 0.2, high - skull * 0.8))
    e.put(ear, coat, 0.03, fur * 0.5, light=0.75)
    e.eye(x + skull * 0.4, high - skull * 0.1, skull * 0.15)
    e.put(e.ellipse(x + snout + skull * 0.25, high + skull * 0.42, skull * 0.2, skull * 0.17), BLACK)


def draw_sitter(e: Easel) -> None:
    """A cat, a dog or a bear that sits and looks at us."""
    u = e.rng.uniform
    coat = e.look("fur", "fur", "grey", "autumn", kinds=COATS, gloss=0.05)
    fur, width, y, head = u(0.01, 0.035), u(0.2, 0.3), u(0.25, 0.32), u(0.15, 0.21)
    tail = [(0.6, 0.93), (0.85, u(0.85, 0.95)), (0.9, u(0.5, 0.8))]
    e.put(e.tube(tail, [0.04, 0.04, 0.025]), coat, 0.04, fur)
    chest = [(0, y), (width * 0.5, y + 0.1), (width * 0.7, 0.6)]
    e.put(e.mirrored(*chest, (width, 0.85), (width * 0.8, 0.99), (0, 1)), coat, 0.2, fur)
    droop, pointed = e.rng.random() < 0.35, u(0.4, 1)
    tip = (head * 1.35, y + 0.1) if droop else (head * 0.95, y - head * (0.9 + pointed * 0.7))
    for side in (-1, 1):
        paw = [(0.5 + side * x, below) for x, below in ((0.09, 0.6), (0.1, 0.8), (0.11, 0.96))]
        e.put(e.tube(paw, [0.055, 0.045, 0.05]), coat, 0.05, fur * 0.5)
        ear = ((head * 0.3, y - head * 0.8), tip, (head * 0.95, y - head * 0.2))
        e.put(e.blob(*((0.5 + side * a, b) for a, b in ear)), coat, 0.04, fur * 0.6, light=0.8)
    e.put(e.ellipse(0.5, y, head * u(1, 1.15), head), coat, 0.15, fur)
    muzzle = e.look("fur", "snow", kinds=["plain"], gloss=0.0)
    e.put(e.ellipse(0.5, y + head * 0.45, head * 0.45, head * u(0.3, 0.4)), muzzle, 0.08, fur * 0.3)
    apart, size = head * u(0.36, 0.46), head * u(0.1, 0.15)
    for side in (-1, 1):
        e.eye(0.5 + side * apart, y - head * 0.08, size)
    e.put(e.ellipse(0.5, y + head * 0.32, head * 0.16, head * 0.11), BLACK)


def draw_bird(e: Easel) -> None:
    """A bird on thin legs, from duck to wader."""
    u = e.rng.uniform
    plumage, wing = e.look(kinds=COATS), e.look(kinds=COATS)
    horn = e.look("autumn", "grey", "dark", kinds=["plain"])
    leg, girth, neck, head = u(0.1, 0.35), u(0.13, 0.2), u(0, 0.22), u(0.08, 0.12)
    y = 1 - leg - girth
    hx, hy = 0.68 + neck * 0.3, y - girth * 0.9 - neck
    for x in (0.45, 0.55):
        shank = e.tube([(x, y), (x + 0.02, 1 - leg / 2), (x, 0.985)], [0.014])
        e.put(union(shank, e.tube([(x - 0.05, 0.985), (x + 0.09, 0.985)], [0.01])), horn)
    end, spread = u(-0.05, 0.1), u(0.16, 0.25)
    tail = [(0.3, y - 0.05), (end, y + u(-0.2, 0.15)), (end, y + spread), (0.34, y + girth * 0.7)]
    e.put(e.area(tail), wing, 0.03)
    tip = (hx + head + u(0.06, 0.2), hy + head * u(0, 0.6))
    bill = [(hx + head * 0.5, hy - head * 0.45), tip, (hx + head * 0.5, hy + head * 0.5)]
    e.put(e.area(bill), horn, 0.03)
    body = e.ellipse(0.5, y, u(0.25, 0.3), girth, -u(0.1, 0.4))
    line = [(0.62, y - girth * 0.3), (hx - 0.03, (hy + y - girth * 0.5) / 2), (hx, hy)]
    throat = e.tube(line, [girth * 0.75, head * 0.75, head * 0.8])
    down = 0.012 * (e.rng.random() < 0.5)
    e.put(union(body, throat, e.ellipse(hx, hy, head, head)), plumage, 0.12, down)
    shoulder, elbow = (0.66, y - girth * 0.35), (0.45, y - girth * 0.6)
    e.put(e.blob(shoulder, elbow, (u(0.05, 0.2), y + girth * 0.2), (0.45, y + girth * 0.55)), wing, 0.04)
    e.eye(hx + head * 0.35, hy - head * 0.15, head * 0.17)


def draw_fish(e: Easel) -> None:
    """A fish from the side, with fins on all sides."""
    u = e.rng.uniform
    scales, fins = e.look(gloss=0.6), e.look(kinds=["stripes", "plain", "gradient"])
    tall, y, fork, spread = u(0.16, 0.32), 0.6, u(0.02, 0.15), u(0.5, 1)
    for sign in (-1, 1):
        tip = (u(0.5, 0.7), y + sign * (tall + u(0.04, 0.14)))
        fin = e.blob((0.3, y), (0.45, y + sign * tall * 1.1), tip, (0.75, y + sign * tall * 0.4))
        e.put(fin, fins, 0.02, light=0.9)
    upper = [(0.75, y), (0.88, y - tall * spread), (1.02, y - tall * 1.1)]
    lower = [(1.02 - fork, y), (1.02, y + tall * 1.1), (0.88, y + tall * spread)]
    e.put(e.blob(*upper, *lower), fins, 0.03)
    back = [(0.12, y - tall * 0.6), (0.38, y - tall), (0.65, y - tall * 0.55)]
    belly = [(x, 2 * y - above) for x, above in back[::-1]]
    e.put(e.blob((0.0, y), *back, (0.82, y), *belly), scales, tall)
    e.put(e.blob((0.4, y + 0.02), (0.55, y + u(0, 0.08)), (0.52, y + u(0.12, 0.2))), fins, 0.02)
    e.eye(0.14, y - tall * 0.2, u(0.025, 0.045))


def draw_furball(e: Easel) -> None:
    """A round creature of long hair with one to three eyes, feet and sometimes horns."""
    u, rng = e.rng.uniform, e.rng
    coat, skin = e.look(kinds=COATS, gloss=0.0), e.look("bright", "skin", kinds=["plain"])
    horns = rng.random() < 0.6
    thick, reach = u(0.004, 0.04), u(1.2, 3.5)
    for side in (-1, 1):
        e.put(e.ellipse(0.5 + side * 0.14, 0.98, 0.12, 0.1), skin, 0.08)
        if horns:
            line = [(0.5 + side * x, y) for x, y in ((0.14, 0.5), (0.1 * reach, 0.2), (0.14 * reach, 0.0))]
            e.put(e.tube(line, [0.04, 0.03, thick]), skin, 0.04)
    turns = np.linspace(0, 2 * np.pi, 11, endpoint=False)
    radii = u(0.32, 0.4, 11)
    outline = zip(0.5 + radii * np.cos(turns), 0.55 + radii * np.sin(turns), strict=True)
    e.put(e.blob(*outline), coat, 0.3, u(0.04, 0.1))
    white = e.look("snow", kinds=["plain"])
    for x in ((0.5,), (0.38, 0.62), (0.3, 0.5, 0.7))[int(rng.integers(3))]:
        e.put(e.ellipse(x, 0.45, 0.085, 0.09), white, 0.08)
        e.eye(x, 0.46, 0.04)
    mouth = [(0.36, 0.65), (0.5, u(0.64, 0.72)), (0.64, 0.65), (0.5, u(0.72, 0.82))]
    e.put(e.blob(*mouth), e.look("dark", kinds=["plain"]), 0.05)


def draw_person(e: Easel) -> None:
    """A standing or walking person."""
    u = e.rng.uniform
    skin, shirt, trousers = e.look("skin", kinds=["plain"], gloss=0.1), e.look(gloss=0.05), e.look(gloss=0.05)
    hair, shoes = e.look("fur", "dark", "autumn", kinds=["noise"]), e.look("dark", "wood", kinds=["plain"])
    hip, build = u(0.52, 0.58), u(0.09, 0.15)
    for side in (-1, 1):
        foot = 0.5 + side * u(0.06, 0.18)
        e.put(e.tube([(foot, 0.975), (foot + 0.05, 0.98)], [0.025]), shoes, 0.03)
        leg = [(0.5 + side * build * 0.5, hip), (0.5 + side * u(0.06, 0.13), 0.76), (foot, 0.95)]
        e.put(e.tube(leg, [build * 0.6, 0.045, 0.032]), trousers, 0.05, light=0.85 + 0.1 * side)
    e.put(e.tube([(0.5, 0.2), (0.5, 0.3)], [0.035]), skin, 0.03, light=0.8)
    hem = build * (u(1.2, 1.9) if e.rng.random() < 0.35 else 0.95)
    lower = [(build * 0.85, 0.42), (hem, hip + 0.05 + 0.8 * (hem - build))]
    e.put(e.mirrored((0.04, 0.25), (build * 1.25, 0.28), *lower), shirt, 0.1)
    for side in (-1, 1):
        elbow = (0.5 + side * (build + u(0.06, 0.15)), u(0.34, 0.45))
        hand = (0.5 + side * (build + u(0.02, 0.22)), u(0.2, 0.6))
        e.put(e.tube([elbow, hand], [0.026, 0.028]), skin, 0.03)
        e.put(e.tube([(0.5 + side * build * 1.1, 0.3), elbow], [0.045, 0.034]), shirt, 0.04)
    e.put(e.ellipse(0.5, 0.12, 0.078, 0.098), skin, 0.08)
    crown, fringe = [(0.42, 0.06), (0.5, -0.005), (0.58, 0.06)], [(0.56, 0.085), (0.5, 0.06), (0.44, 0.085)]
    long = u(0.1, 0.28)
    e.put(e.blob((0.415, long), *crown, (0.585, long), *fringe), hair, 0.05, 0.012)
