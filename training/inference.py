"""The network's answer to a batch, as validation, evaluation and prediction all ask for it."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from torch import Tensor

from training.batches.prepare import join
from training.models import Network, Prediction


def infer(
    network: Network,
    bg: Tensor | None,
    fg_bg: Tensor,
    mirror: bool = False,
    autocast: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Prediction:
    """Run a network on a batch that `training.batches.prepare` scaled.

    Args:
        network: in evaluation mode.
        bg: (B, 3, h, w) float in [-1, 1]; None if there is no background. A network of 3 inputs leaves it
            out.
        fg_bg: (B, 3, h, w) float in [-1, 1].
        mirror: also run it on the mirror image, and take the mean of both answers.
        autocast: the context to run in, which may choose a lower precision.

    Returns:
        Prediction: float32.
    """
    inputs = join(bg, fg_bg, network.inputs)
    with autocast():
        straight: Prediction = network(inputs)
        mirrored: Prediction | None = network(inputs.flip(-1)) if mirror else None
    straight = straight.each(Tensor.float)
    if mirrored is None:
        return straight
    back = mirrored.each(lambda answer: answer.float().flip(-1))
    depth = None
    if straight.depth is not None and back.depth is not None:
        depth = (straight.depth + back.depth) / 2
    return Prediction((straight.mask_logits + back.mask_logits) / 2, depth)
