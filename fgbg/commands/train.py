"""`fgbg train`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from fgbg.options import common_options, device_option, overwrite_option, seed_option
from fgbg.screen import say
from fgbg.value_types import (
    FOLDER,
    SHARE,
    Interval,
    Number,
    OneOf,
    Resolutions,
    Shares,
    Text,
    WeightedTerms,
    Whole,
    Widths,
)

if TYPE_CHECKING:
    from training.engine import TrainOutcome
    from training.stages import Stage


@click.command("train")
@click.option(
    "--data",
    type=FOLDER,
    show_default="data/shards; with --resume that of the run",
    help="Folder of the dataset.",
)
@click.option(
    "--out",
    type=FOLDER,
    default=Path("outputs"),
    show_default=True,
    help="Folder of the run: last.pt, best.pt, config.json, log/.",
)
@click.option(
    "--res",
    type=Resolutions(),
    default="96",
    show_default=True,
    help="Longer side in training, or stages of rising resolution: 48:4,96:4,192:8.",
)
@click.option(
    "--epochs",
    type=Whole(1),
    default=5,
    show_default=True,
    help="Epochs of each stage that does not say its own.",
)
@click.option(
    "--epoch-samples",
    type=Whole(1),
    show_default="all of train, at most 20,000",
    help="Samples in one epoch.",
)
@click.option(
    "--shuffle-window",
    type=Whole(1),
    metavar="N",
    show_default="all of train",
    help="Shuffle in blocks: first the order of blocks of N samples, then inside each block; for rendered"
    " data larger than memory.",
)
@click.option(
    "--val-samples",
    type=Whole(1),
    default=1024,
    show_default=True,
    help="Validate on so many first samples of val.",
)
@click.option(
    "--batch-size",
    type=Whole(1, 65_536, also="auto"),
    default=16,
    show_default=True,
    help="Samples a device takes at a time; auto tries sizes and takes the smallest one that reaches the"
    " highest speed.",
)
@click.option(
    "--scale-batch",
    is_flag=True,
    help="Give later stages as many pixels a batch as the first, not as many samples.",
)
@click.option(
    "--accumulate",
    type=Whole(1),
    default=1,
    show_default=True,
    help="Add up the gradients of so many batches for one step: large batches in little memory.",
)
@click.option(
    "--optimizer",
    type=OneOf(["muon", "adamw"]),
    show_default="muon; adamw with --encoder",
    help="What steps: Muon learns from half the samples that AdamW needs.",
)
@click.option(
    "--lr",
    type=Number(0, 1000, above=True, also="auto"),
    show_default="0.01; 0.001 with adamw",
    help="The highest learning rate; auto is what --find-lr finds.",
)
@click.option("--find-lr", is_flag=True, help="Find a learning rate, save its plot in log/, and stop.")
@click.option(
    "--schedule",
    type=OneOf(["plateau", "cosine", "one-cycle"]),
    default="plateau",
    show_default=True,
    help="plateau lowers the learning rate when validation stops improving; cosine and one-cycle follow a"
    " fixed curve to the end of the last stage, which is better when the length of the run is settled.",
)
@click.option(
    "--warm-up",
    type=Whole(0),
    default=100,
    show_default=True,
    help="Steps over which the learning rate rises from nothing; one-cycle has a rise of its own.",
)
@click.option(
    "--early-stop",
    type=Whole(1),
    show_default="never",
    help="End a stage after so many epochs without a better validation loss.",
)
@click.option("--weight-decay", type=Number(0, 1000), default=1e-2, show_default=True, help="Weight decay.")
@click.option(
    "--plateau-patience",
    type=Whole(0),
    default=3,
    show_default=True,
    help="Epochs without a better validation loss before the learning rate falls.",
)
@click.option(
    "--plateau-factor",
    type=Number(0, 1, above=True, below=True),
    default=0.3,
    show_default=True,
    help="What it is multiplied by then.",
)
@click.option(
    "--save-every",
    type=Interval(),
    default="5m",
    show_default=True,
    help="Steps, or with an m minutes, between checkpoints within an epoch.",
)
@click.option(
    "--clip",
    type=Number(0, above=True),
    default=1.0,
    show_default=True,
    help="Largest norm of the gradients.",
)
@click.option(
    "--ema",
    type=Number(0, 1, below=True),
    default=0.999,
    show_default=True,
    help="Decay of the averaged weights; 0 averages nothing.",
)
@click.option(
    "--augment",
    type=Shares(),
    default="flip:0.5,light:1,noise:0,jpeg:0,blur:0,cutout:0",
    show_default=True,
    help="Shares of whole samples that are mirrored, seen in another light, noisy, compressed, blurred, and"
    " covered in part; none of what is left out.",
)
@click.option(
    "--bg-dropout",
    type=SHARE,
    show_default="0.45; 0 with --inputs 3",
    help="Share of samples without their background, so that predict works without --bg.",
)
@click.option(
    "--bg-jitter",
    type=SHARE,
    show_default="0.3; 0 with --inputs 3",
    help="Share of samples whose background is shifted, re-exposed, noisy and compressed.",
)
@click.option(
    "--mask-loss",
    type=WeightedTerms(),
    default="dice:1,iou:1,bce:1",
    show_default=True,
    help="Terms: dice, bce, focal, iou, pixelwise (squared error), rmse, ssim; of several classes dice, ce"
    " (cross-entropy), focal, iou.",
)
@click.option(
    "--depth-loss",
    type=WeightedTerms(),
    show_default="ssim:0.5,l1:0.5; none without depth head",
    help="Terms: ssim, l1, mse, rmse, edge (slopes).",
)
@click.option(
    "--model",
    type=OneOf(["unet", "unet-elu", "conv-deconv"]),
    default="unet",
    show_default=True,
    help="The network; conv-deconv is a small baseline of five layers.",
)
@click.option(
    "--widths",
    type=Widths(),
    show_default="16,16,32,64,128; conv-deconv 16,32,64; with --encoder 16,32,64,128,256",
    help="Channels per level; 64,128,256,512,1024 is the original U-Net (31 M parameters). With --encoder"
    " those of the decoder.",
)
@click.option(
    "--encoder",
    type=Text("NAME", "the name of an encoder"),
    show_default="the network's own",
    help="An encoder of segmentation_models_pytorch or timm in place of the U-Net's own: resnet34,"
    " mobilenet_v2, convnext_tiny, ...",
)
@click.option(
    "--encoder-weights",
    type=Text("imagenet|none|FILE", "imagenet, none or a file"),
    show_default="imagenet",
    help="What the encoder begins with: trained weights from the hub, fresh ones, or a state dict of the RGB"
    " network (.pt, .pth, .safetensors).",
)
@click.option(
    "--freeze-encoder/--no-freeze-encoder",
    default=False,
    show_default=True,
    help="Leave the encoder as it is, all but a first layer that sees the background; a resumed run may"
    " let it go.",
)
@click.option(
    "--depth-head/--no-depth-head", default=True, show_default=True, help="Predict depth, or the mask alone."
)
@click.option(
    "--inputs",
    type=OneOf([6, 3]),
    default=6,
    show_default=True,
    help="Channels: background and picture, or the picture alone.",
)
@seed_option
@device_option
@click.option(
    "--devices",
    type=Whole(1),
    default=1,
    show_default=True,
    help="Devices of this machine to train on, with a process each; under torchrun, what torchrun says.",
)
@click.option("--nodes", type=Whole(1), default=1, show_default=True, help="Machines to train on together.")
@click.option(
    "--precision",
    type=OneOf(["auto", "32", "bf16", "16"]),
    default="auto",
    show_default=True,
    help="auto is bf16 where the hardware has it; 16 needs CUDA.",
)
@click.option(
    "--compile",
    is_flag=True,
    help="Compile the network first: takes about one minute, worth it for long runs.",
)
@click.option(
    "--log-histograms",
    is_flag=True,
    help="Show histograms of weights and gradients in TensorBoard, after every epoch.",
)
@click.option(
    "--summary",
    is_flag=True,
    help="Print the network's layers, parameters and FLOPs, and stop before anything.",
)
@click.option(
    "--resume", is_flag=True, help="Continue from last.pt in --out; start a new run where there is none."
)
@overwrite_option
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    data: Path | None,
    out: Path,
    res: Sequence[tuple[int, int | None]],
    epochs: int,
    find_lr: bool,
    summary: bool,
    resume: bool,
    overwrite: bool,
    **fields: Any,
) -> None:
    """Train a network to predict mask and depth.

    Writes last.pt after every epoch, now and then within one, and when told to stop (Ctrl-C); best.pt at the
    lowest validation loss; config.json with every option as it was resolved; and log/ with metrics.csv and
    TensorBoard files. With --resume, options that are not given stay as they were.
    """
    from training.process.devices import is_first_process
    from training.run import describe_network, start_run, suggest_lr

    def is_given(name: str) -> bool:
        return ctx.get_parameter_source(name) is not ParameterSource.DEFAULT

    def say_once(line: str) -> None:
        if is_first_process():
            say(line)

    given = {name: value for name, value in fields.items() if is_given(name)} | {"out": out}
    if data is not None:
        given["data"] = data
    if stages := _stages(res if is_given("res") else None, epochs if is_given("epochs") else None):
        given["stages"] = stages
    if is_given("epochs") and is_given("res") and None not in dict(res).values():
        say_once("--epochs has no effect where every stage of --res names its own")
    if summary:
        say(*describe_network(given, resume).table().splitlines())
    elif find_lr:
        for name in ("resume", "overwrite", "epochs"):
            if is_given(name):
                say_once(f"--{name} has no effect with --find-lr")
        suggest_lr(given, say)
    else:
        say_once(_closing_line(start_run(given, resume, overwrite, say)))


def _stages(res: Sequence[tuple[int, int | None]] | None, epochs: int | None) -> "tuple[Stage, ...]":
    """The stages that --res and --epochs ask for: each of them holds only what was given."""
    from training.stages import Stage

    if res is None:
        return () if epochs is None else (Stage(epochs=epochs),)
    number_of = ((side, own or epochs) for side, own in res)
    return tuple(Stage(res=side) if own is None else Stage(res=side, epochs=own) for side, own in number_of)


def _closing_line(outcome: "TrainOutcome") -> str:
    """The metrics that a run ended with."""
    names = {
        "val_iou": "validation IoU",
        "val_iou_without_bg": "without background",
        "val_depth_rmse": "depth RMSE",
    }
    scores = [
        f"{text} {outcome.metrics[name]:.4f}" for name, text in names.items() if name in outcome.metrics
    ]
    return ", ".join([f"{outcome.last}: epoch {outcome.position.epoch}", *scores])
