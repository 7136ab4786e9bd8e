"""The architecture of a network: everything but its weights."""

from dataclasses import dataclass

WIDTHS: dict[str, tuple[int, ...]] = {
    "unet": (16, 16, 32, 64, 128),
    "unet-siam": (16, 16, 32, 64, 128),
    "unet-elu": (16, 16, 32, 64, 128),
    "conv-deconv": (16, 32, 64),
}
"""Default channels of each level, by network."""

ENCODER_WIDTHS = (16, 32, 64, 128, 256)
"""Default channels of each level of the decoder over a named encoder."""


@dataclass(frozen=True)
class Architecture:
    """Everything that decides which weights a network has and how it uses them.

    Attributes:
        model: the network's name.
        widths: channels of each level, from the full resolution down; with an encoder, those of the decoder.
        encoder: name of the encoder that replaces the network's own; None for none.
        freeze_encoder: whether the encoder is not trained.
        inputs: channels of the input: 6 for bg and fg_bg, 3 for fg_bg alone.
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
        """Its name for people."""
        return self.model if self.encoder is None else f"{self.model} over {self.encoder}"


def default_model(encoder: str | None, inputs: int, has_classes: bool) -> str:
    """The default network: a Siamese one where a background shows what is foreground."""
    return "unet" if encoder is not None or inputs == 3 or has_classes else "unet-siam"


def default_widths(model: str, encoder: str | None) -> tuple[int, ...]:
    """The default widths of a network."""
    return ENCODER_WIDTHS if encoder is not None else WIDTHS.get(model, WIDTHS["unet"])
