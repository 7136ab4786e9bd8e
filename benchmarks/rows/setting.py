"""What all contests share: folders, pictures, datasets, and how much time there is."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from generator.config import GenerateConfig
from generator.drawing.write import write_samples
from generator.pipeline import generate
from generator.reading.dataset import Dataset, open_dataset
from rows.contest import Clock, Contest, Contestant, Result, hold

SIZE = 192
"""Side of the samples, in pixels."""

Amount = TypeVar("Amount")


@dataclass
class Setting:
    """How contests are held.

    Attributes:
        place: a temporary folder.
        given: folders of foregrounds and backgrounds; None draws 100 + 100.
        quick: only a test of the benchmarks themselves: one round of almost nothing.
        rounds: of each contest, after one to warm up.
        clock: of the whole run.
        device: of the group gpu.
        minutes: marks at which quality is measured.
        u2netp: the weights file of rembg; None if there is none.
    """

    place: Path
    given: tuple[Path, Path] | None
    quick: bool
    rounds: int
    clock: Clock
    device: str
    minutes: Sequence[float]
    u2netp: Path | None

    def some(self, full: Amount, quick: Amount) -> Amount:
        """The amount of work: `full`, or `quick` in a test."""
        return quick if self.quick else full

    def hold(self, contest: Contest, contestants: Sequence[Contestant]) -> Result:
        return hold(contest, contestants, self.rounds, self.clock, warm_up=not self.quick)

    @cached_property
    def pictures(self) -> tuple[Path, Path]:
        """The folders of foregrounds and backgrounds."""
        if self.given is not None:
            return self.given
        count = self.some(100, 4)
        drawn = write_samples(self.place / "assets", count, SIZE, seed=0, progress=False)
        return drawn.fg, drawn.bg

    def config(self, name: str, **fields: object) -> GenerateConfig:
        fg, bg = self.pictures
        return GenerateConfig(fg=fg, bg=bg, out=self.place / name, **fields)

    def _dataset(self, name: str, **fields: object) -> Dataset:
        generate(self.config(name, **fields), progress=False)
        return open_dataset(self.place / name)

    @cached_property
    def rendered(self) -> Dataset:
        """Everything in train, with pixels."""
        return self._dataset("rendered", split=None, samples=self.some(2048, 40), workers=1)

    @cached_property
    def unrendered(self) -> Dataset:
        """Everything in train, without pixels."""
        return self._dataset("unrendered", split=None, render=False)

    @cached_property
    def divided(self) -> Dataset:
        """Without pixels, in splits that share no foreground and no background."""
        positions, split = self.some((20, (80.0, 10.0, 10.0)), (2, (50.0, 50.0, 0.0)))
        return self._dataset("divided", render=False, positions=positions, split=split)
