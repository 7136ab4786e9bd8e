"""Scenes: which objects each sample holds, how they look, how near they are and which shadows they cast.

Everything random ends in records, the samples and placements. `reading.composite` applies them.
"""

import numpy as np

from generator.config import GenerateConfig
from generator.format.bank import Bank
from generator.format.pixels import FARTHEST, NEAREST, UNKNOWN
from generator.format.tables import MOST_OBJECTS, OBJECT, PLACEMENT, PLAIN_GAIN, SAMPLE, SHADOW
from generator.scene.ground import ground_depth
from generator.scene.numbering import SplitPlan
from generator.scene.placing import Placing
from generator.scene.random_bits import WORDS_PER_SAMPLE, below, high_half, low_half, sample_words, share
from generator.scene.sprites import NARROWEST_SHADOW, shadow_widths, sprites_per_fg

# Each object of a sample owns eight words: two for its first position, three for its foreground, appearance
# and light, and three for further positions. The third word of the first object also decides how many
# objects there are.
_WORDS_PER_OBJECT = WORDS_PER_SAMPLE // MOST_OBJECTS
_X, _Y, _WHO, _LOOK, _LIGHT = range(5)
_MORE_POSITIONS = range(5, 8)

_GAIN_LIMIT = 2.0
"""Harmonising multiplies or divides a colour channel by at most this."""


def draw(
    plan: SplitPlan, bank: Bank, config: GenerateConfig, sample_ids: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Draw samples.

    The sample's number decides its first object; the others are drawn from the split's foregrounds. An object
    that finds no position within the overlap limit in four tries is left out. Placements are in the order of
    their depth, farthest first, and each shadow comes right before its object.

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
    """Draws one block of samples, all at the same time."""

    def __init__(self, plan: SplitPlan, bank: Bank, config: GenerateConfig, sample_ids: np.ndarray) -> None:
        self._plan, self._bank, self._config, self._ids = plan, bank, config, sample_ids
        self._placing = Placing(bank, config)
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
            # Absent objects get a depth beyond all others, so that they come last.
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
        """One word of object `number` of every sample: (n,) uint64."""
        words: np.ndarray = self._words[:, number * _WORDS_PER_OBJECT + name]
        return words

    def _object_counts(self) -> np.ndarray:
        """How many objects each sample should have: (n,) int64."""
        low, high = self._config.objects
        if not self._config.empty and low == high:
            return np.full(len(self._ids), low)
        word = self._word(0, _WHO)
        counts = low + below(low_half(word), high - low + 1).astype(np.int64)
        return np.where(share(high_half(word)) < self._config.empty, 0, counts)

    def _placed_beside(
        self, before: list[tuple[np.ndarray, np.ndarray]], number: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Object `number` at its first position that leaves those before it visible, and whether one does."""
        placement = self._object(number)
        fits = self._placing.leaves_visible(before, placement)
        for name in _MORE_POSITIONS:
            again = np.flatnonzero(~fits)
            if not len(again):
                break
            word = self._word(number, name)
            another = self._object(number, high_half(word), low_half(word))
            another_fits = self._placing.leaves_visible(before, another)
            placement[again], fits[again] = another[again], another_fits[again]
        return placement, fits

    def _object(self, number: int, x: np.ndarray | None = None, y: np.ndarray | None = None) -> np.ndarray:
        """Object `number` of every sample, without its depth: (n,) of dtype PLACEMENT.

        Args:
            number: 0 for the object that the sample's number names.
            x: (n,) 32-bit random numbers for another position than the first.
            y: (n,) the same for y.
        """
        config = self._config
        fg, flip = self._fg, self._flip
        if number > 0:
            word = self._word(number, _WHO)
            fg = self._plan.fgs[below(high_half(word), len(self._plan.fgs))]
            flip = below(low_half(word), self._plan.flips)
        placements = np.zeros(len(self._ids), PLACEMENT)
        placements["flip"], placements["kind"] = flip, OBJECT
        per_fg = sprites_per_fg(config)
        first = fg * per_fg
        edges = per_fg // config.variants
        edge, variant = np.zeros((2, len(fg)), np.int64)
        if per_fg > 1:
            look = self._word(number, _LOOK)
            edge = below(low_half(look), edges).astype(np.int64)
            variant = below(high_half(look), config.variants).astype(np.int64)
        placements["sprite"] = first + variant * edges + edge
        if config.grid is not None and number == 0:
            corners = self._placing.on_grid(placements["sprite"], self._ids % self._plan.positions)
        else:
            x = high_half(self._word(number, _X)) if x is None else x
            y = high_half(self._word(number, _Y)) if y is None else y
            corners = self._placing.draw(placements, x, y)
        placements["x"], placements["y"] = corners.x, corners.y
        if config.perspective:
            variant = self._variant_by_depth(placements, first + edge, edges)
            self._placing.replace(placements, first + variant * edges + edge)
        placements["gain"] = self._gain(number, placements)
        return placements

    def _variant_by_depth(self, placements: np.ndarray, smallest: np.ndarray, edges: int) -> np.ndarray:
        """The variant of each object whose size fits its depth: the nearer, the larger.

        Args:
            placements: (n,) of dtype PLACEMENT.
            smallest: (n,) the sprite of each object's first variant.
            edges: by how much the sprite numbers of two variants differ.

        Returns:
            (n,) int64.
        """
        variants = self._config.variants
        sizes = self._bank.sprite_size[smallest[:, None] + np.arange(variants) * edges].astype(np.int64)
        by_size = np.argsort(sizes[..., 0] * sizes[..., 1], axis=1, kind="stable")
        depth = ground_depth(self._bank, self._bg, placements)
        nearness = (depth.astype(np.float64) - FARTHEST) / (NEAREST - FARTHEST)
        nearness[depth == UNKNOWN] = 0.5
        rank = np.minimum((nearness * variants).astype(np.int64), variants - 1)
        variant: np.ndarray = by_size[np.arange(len(rank)), rank]
        return variant

    def _gain(self, number: int, placements: np.ndarray) -> np.ndarray | int:
        """Factors that bring the mean colour of objects towards that of their backgrounds: (n, 3) uint16.

        Source: the means of Reinhard et al. 2001, "Color Transfer between Images".
        """
        if not self._config.harmonise:
            return PLAIN_GAIN
        strength = self._config.harmonise * share(low_half(self._word(number, _LIGHT)))[:, None]
        ratio = (self._bank.bg_mean(self._bg) + 1) / (self._bank.sprite_mean(placements["sprite"]) + 1)
        factor = 1 + strength * (np.clip(ratio, 1 / _GAIN_LIMIT, _GAIN_LIMIT) - 1)
        gain: np.ndarray = np.rint(PLAIN_GAIN * factor).astype(np.uint16)
        return gain

    def _shadows(self, objects: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The shadow of each object, and whether it is cast: drawn by chance, and it must reach the canvas.

        Args:
            objects: (n, k) of dtype PLACEMENT.

        Returns:
            (n, k) of dtype PLACEMENT and (n, k) bool.
        """
        bank = self._bank
        numbers = range(objects.shape[1])
        chance = np.stack([share(high_half(self._word(number, _LIGHT))) for number in numbers], axis=1)
        sprites = objects["sprite"].astype(np.int64)
        base = bank.base(sprites)
        widths = shadow_widths(base, bank.sprite_pixels.shape[1])
        shadows = objects.copy()
        shadows["sprite"] = bank.objects + widths - NARROWEST_SHADOW
        shadows["kind"], shadows["gain"] = SHADOW, PLAIN_GAIN
        height, width = np.moveaxis(bank.sprite_size[shadows["sprite"]].astype(np.int64), -1, 0)
        twice_base = base.sum(axis=-1)
        sprite_width = bank.sprite_size[sprites, 1].astype(np.int64)
        twice_middle = np.where(objects["flip"] == 1, 2 * (sprite_width - 1) - twice_base, twice_base)
        foot = bank.foot(sprites.ravel()).row.reshape(sprites.shape)
        x = objects["x"] + (twice_middle - width + 1) // 2
        y = objects["y"] + foot - height // 2
        shadows["x"], shadows["y"] = x, y
        canvas_height, canvas_width = bank.bg.shape[1:3]
        # The outermost pixels of a shadow may be transparent, so its middle must lie on the canvas.
        seen = (x + width // 2 >= 0) & (x + width // 2 < canvas_width)
        seen &= (y + height // 2 >= 0) & (y + height // 2 < canvas_height)
        return shadows, seen & (chance < self._config.shadow)


def _words_needed(config: GenerateConfig) -> int:
    """How many words of each sample are used: only two in the plainest scenes, which is faster."""
    plain = sprites_per_fg(config) == 1 and config.objects == (1, 1)
    plain &= not (config.empty or config.shadow or config.harmonise)
    return _Y + 1 if plain else config.objects[1] * _WORDS_PER_OBJECT
