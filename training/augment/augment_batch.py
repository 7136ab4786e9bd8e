"""A batch of training, from integers to the network's input: all steps, in their order."""

from dataclasses import replace

from torch import Tensor

from training.augment.backgrounds import draw_background_change, jitter_backgrounds, withhold_backgrounds
from training.augment.strangers import draw_strangers, paste_strangers
from training.augment.view import apply_view, draw_view
from training.batches.batch import IntegerBatch
from training.batches.prepare import join, prepare
from training.config import TrainConfig
from training.models import Truth
from training.target import Target


def augment_batch(
    integers: IntegerBatch,
    target: Target,
    config: TrainConfig,
    res: int,
    number: int,
    rank: int = 0,
    processes: int = 1,
) -> tuple[Tensor, Truth]:
    """Make a batch of training of integers: scaled, with strangers, changed backgrounds and another view.

    A pure function of its arguments. Random parameters are drawn for the batches of all processes together,
    and each process takes its part.

    Args:
        integers: a batch of this process, on its device.
        target: scales the mask.
        config: the seed and the shares of samples that get each effect. With `inputs=3` no background is
            scaled or changed. Without backgrounds in the batch, all are withheld.
        res: longer side in pixels.
        number: of the batch since the run began.
        rank: number of this process.
        processes: how many there are.

    Returns:
        The network's input (B, inputs, h, w) float, and the answer it should give.
    """
    size = len(integers.mask)
    count, mine = size * processes, slice(size * rank, size * (rank + 1))
    view = draw_view(config.seed, number, count, config.augment).part(mine)
    if config.inputs == 3 or integers.bg is None:
        batch = apply_view(prepare(integers.without_bg(), target, res), view)
        return join(None, batch.fg_bg, config.inputs), batch.truth
    change = draw_background_change(config.seed, number, count, config.bg_dropout, config.bg_jitter)
    strangers = draw_strangers(config.seed, number, config.strangers, change.dropped)
    change = change.part(mine)
    batch = prepare(integers, target, res)
    for each in strangers:
        batch = paste_strangers(batch, each.part(mine))
    assert batch.bg is not None
    batch = replace(batch, bg=jitter_backgrounds(batch.bg, integers.bg, change))
    batch = apply_view(batch, view)
    assert batch.bg is not None
    return join(withhold_backgrounds(batch.bg, change), batch.fg_bg, config.inputs), batch.truth
