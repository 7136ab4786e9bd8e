"""Drawing scenes: which objects stand where in each sample, how they look and what shadow they cast.

Draw, record, apply: everything random ends in the placements, which `composite` applies.
"""

from dataclasses import dataclass

import numpy as np

from generator.config import GenerateConfig
from generator.format.bank import Bank
from generator.format.pixels import FARTHEST, NEAREST, UNKNOWN
from generator.format.tables import MOST_OBJECTS, OBJECT, PLACEMENT, PLAIN_GAIN, SAMPLE, SHADOW
from generator.scene.ground import ground_depth
from generator.scene.numbering import WORDS_PER_SAMPLE, SplitPlan, sample_words
from generator.scene.sprites import NARROWEST_SHADOW, shadow_widths, sprites_per_fg

# Each object of a sample draws from eight words of its own: two for its first place, three for what it is and
# how it looks, three for further places. The first object's third also decides how many objects there are.
_WORDS_PER_OBJECT = WORDS_PER_SAMPLE // MOST_OBJECTS
_X, _Y, _WHO, _LOOK, _LIGHT = range(5)
_MORE_PLACES = range(5, 8)

_GAIN_LIMIT = 2.0
"""Harmonising multiplies or divides a channel by this at most."""


@dataclass(frozen=True)
class _Place:
    """Where objects stand: x and y (n,) int64 of their top-left corners."""

    x: np.ndarray
    y: np.ndarray


def draw(
    plan: SplitPlan, bank: Bank, config: GenerateConfig, sample_ids: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Draw samples.

    The first object is the one that the sample's number names; others are any of the split's foregrounds. An
    object that finds no place within the overlap limit in four tries is left out. Objects stand in the order
    of their depth, farthest first, each with its shadow behind it.

    Args:
        plan: the split's numbering.
        bank: its sprites and backgrounds.
        config: what scenes may hold.
        sample_ids: (n,) sample numbers, in any order.

    Returns:
        samples (n,) of dtype SAMPLE and placements (m,) of dtype PLACEMENT.
    """
    return _Draw(plan, bank, config, sample_ids).records()


class _Draw:
    """One block of samples being drawn, all at a time."""

    def __init__(self, plan: SplitPlan, bank: Bank, config: GenerateConfig, sample_ids: np.ndarray) -> None:
        self._plan, self._bank, self._config, self._ids = plan, bank, config, sample_ids
        self._words = sample_words(config.seed, plan.name, sample_ids, _words_needed(config))
        pair, self._flip = np.divmod(sample_ids // plan.positions, plan.flips)
        fg, bg = np.divmod(pair, len(plan.bgs))
        self._fg, self._bg = plan.fgs[fg], plan.bgs[bg]

    def records(self) -> tuple[np.ndarray, np.ndarray]:
        """Samples and placements."""
        wanted = self._object_counts()
        slots = [(self._object(0), wanted > 0)]
        for number in range(1, self._config.objects[1]):
            placement, fits = self._placed_beside(slots, number)
            slots.append((placement, fits & (wanted > number)))
        for placement, _ in slots:
            placement["depth"] = ground_depth(self._bank, self._bg, placement)
        objects = np.stack([placement for placement, _ in slots], axis=1)
        present = np.stack([there for _, there in slots], axis=1)
        if objects.shape[1] > 1:
            # Those that are absent come last, which no depth does.
            order = np.argsort(
                np.where(present, objects["depth"].astype(np.int64), 2**16), axis=1, kind="stable"
            )
            objects, present = (np.take_along_axis(array, order, axis=1) for array in (objects, present))
        layers, there = objects, present
        if self._config.shadow:
            shadows, cast = self._shadows(objects)
            layers = np.stack([shadows, objects], axis=2).reshape(len(objects), -1)
            there = np.stack([cast & present, present], axis=2).reshape(len(objects), -1)
        counts = there.sum(axis=1)
        samples = np.zeros(len(self._ids), SAMPLE)
        samples["sample_id"], samples["bg"], samples["count"] = self._ids, self._bg, counts
        samples["first"] = counts.cumsum() - counts
        return samples, layers[there]

    def _word(self, number: int, name: int) -> np.ndarray:
        words: np.ndarray = self._words[:, number * _WORDS_PER_OBJECT + name]
        return words

    def _object_counts(self) -> np.ndarray:
        """How many objects each sample shall have."""
        low, high = self._config.objects
        if not self._config.empty and low == high:
            return np.full(len(self._ids), low)
        word = self._word(0, _WHO)
        counts = low + _below(_low(word), high - low + 1).astype(np.int64)
        return np.where(_share(_high(word)) < self._config.empty, 0, counts)

    def _placed_beside(
        self, before: list[tuple[np.ndarray, np.ndarray]], number: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Object `number` at the first of its places that leaves those before it visible, and whether."""
        placement = self._object(number)
        fits = self._leaves_visible(before, placement)
        for name in _MORE_PLACES:
            again = np.flatnonzero(~fits)
            if not len(again):
                break
            word = self._word(number, name)
            another = self._object(number, _high(word), _low(word))
            another_fits = self._leaves_visible(before, another)
            placement[again], fits[again] = another[again], another_fits[again]
        return placement, fits

    def _leaves_visible(
        self, before: list[tuple[np.ndarray, np.ndarray]], placement: np.ndarray
    ) -> np.ndarray:
        """Whether neither box of any pair is covered by the other beyond the limit."""
        fits = np.ones(len(placement), bool)
        for other, there in before:
            smaller = np.minimum(self._box_area(other), self._box_area(placement))
            fits &= ~there | (self._common_area(other, placement) <= self._config.overlap * smaller)
        return fits

    def _box_area(self, placement: np.ndarray) -> np.ndarray:
        height, width = self._size(placement["sprite"])
        area: np.ndarray = height * width
        return area

    def _common_area(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        sides = []
        for axis, name in enumerate(("y", "x")):
            start = np.maximum(one[name], other[name]).astype(np.int64)
            ends = [box[name] + self._size(box["sprite"])[axis] for box in (one, other)]
            sides.append(np.maximum(np.minimum(*ends) - start, 0))
        area: np.ndarray = sides[0] * sides[1]
        return area

    def _size(self, sprites: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        height, width = self._bank.sprite_size[sprites].astype(np.int64).T
        return height, width

    def _object(self, number: int, x: np.ndarray | None = None, y: np.ndarray | None = None) -> np.ndarray:
        """Object `number` of every sample, at the place that 32-bit x and y name.

        Returns:
            (n,) of dtype PLACEMENT, without depth.
        """
        config = self._config
        fg, flip = self._fg, self._flip
        if number > 0:
            word = self._word(number, _WHO)
            fg = self._plan.fgs[_below(_high(word), len(self._plan.fgs))]
            flip = _below(_low(word), self._plan.flips)
        x = _high(self._word(number, _X)) if x is None else x
        y = _high(self._word(number, _Y)) if y is None else y
        placements = np.zeros(len(self._ids), PLACEMENT)
        placements["flip"], placements["kind"] = flip, OBJECT
        per_fg = sprites_per_fg(config)
        first = fg * per_fg
        if per_fg == 1:
            sprite = first
        else:
            edges = per_fg // config.variants
            look = self._word(number, _LOOK)
            edge = _below(_low(look), edges).astype(np.int64)
            variant = _below(_high(look), config.variants).astype(np.int64)
            sprite = first + variant * edges + edge
        placements["sprite"] = sprite
        place = self._place(number, placements, x, y)
        placements["x"], placements["y"] = place.x, place.y
        if config.perspective:
            by_size = np.argsort(self._sprite_areas(first, edges, edge), axis=1, kind="stable")
            depth = ground_depth(self._bank, self._bg, placements)
            nearness = (depth.astype(np.float64) - FARTHEST) / (NEAREST - FARTHEST)
            nearness[depth == UNKNOWN] = 0.5
            rank = np.minimum((nearness * config.variants).astype(np.int64), config.variants - 1)
            variant = by_size[np.arange(len(rank)), rank]
            self._stand(placements, first + variant * edges + edge)
        placements["gain"] = self._gain(number, placements)
        return placements

    def _place(self, number: int, placements: np.ndarray, x: np.ndarray, y: np.ndarray) -> _Place:
        """Where the objects stand: on the grid, or where 32-bit x and y name, within what may be cut off."""
        sprites = placements["sprite"]
        height, width = self._size(sprites)
        canvas_height, canvas_width = self._bank.bg.shape[1:3]
        room_x, room_y = canvas_width - width, canvas_height - height
        if self._config.grid is not None and number == 0:
            columns, rows = self._config.grid
            row, column = np.divmod(self._ids % self._plan.positions, columns)
            return _Place(_evenly(column, columns, room_x), _evenly(row, rows, room_y))
        if not self._config.truncate:
            return _Place(_below(x, room_x + 1).astype(np.int64), _below(y, room_y + 1).astype(np.int64))
        left, right, top, bottom = self._beyond(placements)
        place = _Place(
            _below(x, room_x + left + right + 1).astype(np.int64) - left,
            _below(y, room_y + top + bottom + 1).astype(np.int64) - top,
        )
        # In a corner both borders would cut: of the two, the vertical place gives way.
        both = self._cut_off(placements, place) > self._config.truncate
        return _Place(place.x, np.where(both, np.clip(place.y, 0, room_y), place.y))

    def _beyond(self, placements: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """How many pixels of each object may lie beyond the left, right, top and bottom border."""
        limit = self._config.truncate
        columns = self._columns_left(placements)
        rows = self._bank.rows_above[placements["sprite"]]
        sides = []
        for shares, size in zip((columns, rows), self._size(placements["sprite"])[::-1], strict=True):
            before = (shares <= limit).sum(axis=1) - 1
            after = size - (shares < 1 - limit).sum(axis=1)
            # What is transparent alone may lie beyond too, but some of the object stays in sight.
            sides += [np.minimum(before, size - 1), np.clip(after, 0, size - 1)]
        return sides[0], sides[1], sides[2], sides[3]

    def _cut_off(self, placements: np.ndarray, place: _Place) -> np.ndarray:
        """An upper bound of the share of each object that lies beyond the borders."""
        canvas_height, canvas_width = self._bank.bg.shape[1:3]
        lost = np.zeros(len(placements))
        for shares, start, end in (
            (self._columns_left(placements), place.x, canvas_width),
            (self._bank.rows_above[placements["sprite"]], place.y, canvas_height),
        ):
            rows, last = np.arange(len(shares)), shares.shape[1] - 1
            lost += shares[rows, np.clip(-start, 0, last)] + 1 - shares[rows, np.clip(end - start, 0, last)]
        return lost

    def _columns_left(self, placements: np.ndarray) -> np.ndarray:
        """`Bank.columns_left` of the sprites as they are pasted, mirrored or not."""
        plain = self._bank.columns_left[placements["sprite"]]
        _, width = self._size(placements["sprite"])
        columns = np.clip(width[:, None] - np.arange(plain.shape[1]), 0, None)
        mirrored = 1 - np.take_along_axis(plain, columns, axis=1)
        return np.where(placements["flip"][:, None] == 1, mirrored, plain)

    def _stand(self, placements: np.ndarray, sprites: np.ndarray) -> None:
        """Show other sprites that stand where those before stood: the middle of the lower edge stays."""
        before, after = self._size(placements["sprite"]), self._size(sprites)
        placements["sprite"] = sprites
        x = placements["x"] + (before[1] - after[1]) // 2
        y = placements["y"] + before[0] - after[0]
        canvas_height, canvas_width = self._bank.bg.shape[1:3]
        inside = _Place(np.clip(x, 0, canvas_width - after[1]), np.clip(y, 0, canvas_height - after[0]))
        beyond: np.ndarray | bool = True
        if self._config.truncate:
            beyond = self._cut_off(placements, _Place(x, y)) > self._config.truncate
        placements["x"], placements["y"] = np.where(beyond, inside.x, x), np.where(beyond, inside.y, y)

    def _sprite_areas(self, first: np.ndarray, edges: int, edge: np.ndarray) -> np.ndarray:
        """(n, variants): height times width of every variant with the objects' edge."""
        sprites = first[:, None] + np.arange(self._config.variants) * edges + edge[:, None]
        size = self._bank.sprite_size[sprites].astype(np.int64)
        areas: np.ndarray = size[..., 0] * size[..., 1]
        return areas

    def _gain(self, number: int, placements: np.ndarray) -> np.ndarray | int:
        """Factors that bring objects' mean colours towards those of their backgrounds, (n, 3).

        Source: the means of Reinhard et al. 2001, "Color Transfer between Images".
        """
        if not self._config.harmonise:
            return PLAIN_GAIN
        strength = self._config.harmonise * _share(_low(self._word(number, _LIGHT)))[:, None]
        ratio = (self._bank.bg_mean[self._bg] + 1) / (self._bank.sprite_mean[placements["sprite"]] + 1)
        factor = 1 + strength * (np.clip(ratio, 1 / _GAIN_LIMIT, _GAIN_LIMIT) - 1)
        gain: np.ndarray = np.rint(PLAIN_GAIN * factor).astype(np.uint16)
        return gain

    def _shadows(self, objects: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The shadows of objects (n, k), and which are cast: by chance, and where they touch the canvas."""
        bank = self._bank
        numbers = range(objects.shape[1])
        chance = np.stack([_share(_high(self._word(number, _LIGHT))) for number in numbers], axis=1)
        sprites = objects["sprite"].astype(np.int64)
        widths = shadow_widths(bank.base[sprites], bank.sprite_pixels.shape[1])
        shadows = objects.copy()
        shadows["sprite"] = bank.objects + widths - NARROWEST_SHADOW
        shadows["kind"], shadows["gain"] = SHADOW, PLAIN_GAIN
        height, width = np.moveaxis(bank.sprite_size[shadows["sprite"]].astype(np.int64), -1, 0)
        base = bank.base[sprites].sum(axis=-1)
        sprite_width = bank.sprite_size[sprites, 1].astype(np.int64)
        twice_middle = np.where(objects["flip"] == 1, 2 * (sprite_width - 1) - base, base)
        foot = bank.foot(sprites.ravel()).row.reshape(sprites.shape)
        x = objects["x"] + (twice_middle - width + 1) // 2
        y = objects["y"] + foot - height // 2
        shadows["x"], shadows["y"] = x, y
        canvas_height, canvas_width = bank.bg.shape[1:3]
        # A shadow's outermost pixels may be clear: it must reach the canvas by more than those.
        seen = (x + width // 2 >= 0) & (x + width // 2 < canvas_width)
        seen &= (y + height // 2 >= 0) & (y + height // 2 < canvas_height)
        return shadows, seen & (chance < self._config.shadow)


def _words_needed(config: GenerateConfig) -> int:
    """The plainest scenes need two words a sample, which are drawn faster."""
    plain = sprites_per_fg(config) == 1 and config.objects == (1, 1)
    plain &= not (config.empty or config.shadow or config.harmonise)
    return _Y + 1 if plain else config.objects[1] * _WORDS_PER_OBJECT


def _high(words: np.ndarray) -> np.ndarray:
    return words >> np.uint64(32)


def _low(words: np.ndarray) -> np.ndarray:
    return words & np.uint64(0xFFFFFFFF)


def _below(numbers: np.ndarray, bound: np.ndarray | int) -> np.ndarray:
    """32-bit random numbers as integers in [0, bound), as Lemire 2019 without rejection."""
    return (numbers * np.asarray(bound).astype(np.uint64)) >> np.uint64(32)


def _share(numbers: np.ndarray) -> np.ndarray:
    """32-bit random numbers as numbers in [0, 1)."""
    return numbers / 2.0**32


def _evenly(number: np.ndarray, count: int, room: np.ndarray) -> np.ndarray:
    """Place `number` of `count`, spread evenly over the room; a single one stands in the middle."""
    return room // 2 if count == 1 else number * room // (count - 1)
