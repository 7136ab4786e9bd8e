"""What a network is, apart from its weights."""

from dataclasses import dataclass

WIDTHS: dict[str, tuple[int, ...]] = {
    "unet": (16, 16, 32, 64, 128),
    "unet-elu": (16, 16, 32, 64, 128),
    "conv-deconv": (16, 32, 64),
}
"""Channels of each level, by network, where none are asked for."""

ENCODER_WIDTHS = (16, 32, 64, 128, 256)
"""The same of the decoder over a named encoder."""


@dataclass(frozen=True)
class Architecture:
    """All that decides which weights a network has, and how it uses them.

    Attributes:
        model: the network's name.
        widths: channels of each level, from the full resolution down; over an encoder the decoder's.
        encoder: name of the encoder in place of the network's own, or None.
        freeze_encoder: whether the encoder stays as it is.
        inputs: channels it sees: 6 for bg and fg_bg, 3 for fg_bg alone.
        classes: channels of the mask.
        depth: whether it has a depth head.
    """

    model: str
    widths: tuple[int, ...]
    encoder: str | None = None
    freeze_encoder: bool = False
    inputs: int = 6
    classes: int = 1
    depth: bool = True

    @property
    def title(self) -> str:
        """What to call it."""
        return self.model if self.encoder is None else f"{self.model} over {self.encoder}"


def default_widths(model: str, encoder: str | None) -> tuple[int, ...]:
    """The widths of a network for which none are asked for."""
    return ENCODER_WIDTHS if encoder is not None else WIDTHS.get(model, WIDTHS["unet"])
