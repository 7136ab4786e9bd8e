"""The options of `fgbg train`, under their headings."""

from fgbg.command_class import Function, option, section
from fgbg.options import device_option, out_option, overwrite_option, seed_option
from fgbg.value_types import (
    PATH,
    PLACE,
    SHARE,
    ClassWeights,
    Interval,
    Number,
    OneOf,
    Resolutions,
    Shares,
    Text,
    WeightedTerms,
    Whole,
    Widths,
    Words,
)

_RUN = section(
    "Run",
    option(
        "--data",
        type=PLACE,
        show_default="data/shards; with --resume the run's dataset",
        help="Folder of the dataset, or its URL.",
    ),
    out_option("outputs", "Folder of the run. It gets last.pt, best.pt, config.json and log/."),
    option("--resume", is_flag=True, help="Continue the run in --out, or start a new one if there is none."),
    overwrite_option,
    option(
        "--load",
        type=PATH,
        show_default="new weights",
        help="Start a new run with the weights of a checkpoint, of a run in a folder, or of a safetensors"
        " file of 'fgbg export'. The network is the same unless you ask for another one; layers that do not"
        " fit it are new.",
    ),
    option(
        "--save-every",
        type=Interval(),
        default="5m",
        help="How often to save last.pt within an epoch: a number of steps, or minutes like 5m.",
    ),
    seed_option,
)
_LENGTH_AND_DATA = section(
    "Length and data",
    option(
        "--res",
        type=Resolutions(),
        default="96",
        help="Longer side of the pictures in training, or several stages with their epochs: 48:4,96:4,192:8.",
    ),
    option(
        "--epochs",
        type=Whole(1),
        default=5,
        help="Number of epochs of a stage, unless --res gives it, as 48:4 does.",
    ),
    option(
        "--epoch-samples",
        type=Whole(1),
        show_default="all of train, at most 20,000",
        help="Number of samples in one epoch.",
    ),
    option(
        "--val-samples",
        type=Whole(1),
        show_default="a quarter of --epoch-samples, from 256 to 1024",
        help="Number of samples for validation, from the start of the val split.",
    ),
    option(
        "--early-stop",
        type=Whole(1),
        show_default="never",
        help="End a stage if the validation loss did not improve for this many epochs.",
    ),
    option(
        "--batch-size",
        type=Whole(1, 65_536, also="auto"),
        default=16,
        help="Number of samples that a device processes at a time. 'auto' tries sizes and takes the"
        " smallest one that reaches the highest speed.",
    ),
    option(
        "--scale-batch",
        is_flag=True,
        help="Make batches smaller in later stages, so that each has as many pixels as in the first stage.",
    ),
    option(
        "--accumulate",
        type=Whole(1),
        default=1,
        help="Number of batches whose gradients are added up for one step. It gives the effect of large"
        " batches with little memory.",
    ),
    option(
        "--shuffle-window",
        type=Whole(1),
        metavar="N",
        show_default="all of train",
        help="Shuffle in blocks: first the order of blocks of N samples, then inside each block. Useful for"
        " datasets with pixels that are larger than the memory.",
    ),
)
_NETWORK = section(
    "Network",
    option(
        "--model",
        type=OneOf(["unet-siam", "unet", "unet-elu", "conv-deconv"]),
        show_default="unet-siam; unet with --encoder, --inputs 3 or several classes",
        help="Architecture of the network. unet-siam compares background and picture in its first layers;"
        " conv-deconv is a small baseline of five layers.",
    ),
    option(
        "--widths",
        type=Widths(),
        show_default="16,16,32,64,128; conv-deconv 16,32,64; with --encoder 16,32,64,128,256",
        help="Number of channels in each level of the network; with --encoder, of its decoder."
        " 64,128,256,512,1024 is the original U-Net (31 M parameters).",
    ),
    option(
        "--encoder",
        type=Text("NAME", "the name of an encoder"),
        show_default="the U-Net's own",
        help="Encoder from segmentation_models_pytorch or timm to use in the U-Net: resnet34, mobilenet_v2,"
        " convnext_tiny, ...",
    ),
    option(
        "--encoder-weights",
        type=Text("imagenet|none|FILE", "imagenet, none or a file"),
        show_default="imagenet",
        help="First weights of the encoder: trained on ImageNet (downloaded), random (none), or a state"
        " dict of the network for RGB pictures (.pt, .pth, .safetensors).",
    ),
    option(
        "--freeze-encoder/--no-freeze-encoder",
        default=False,
        help="Do not train the encoder, except for a first layer that takes the background. A resumed run may"
        " change this option.",
    ),
    option(
        "--depth-head/--no-depth-head",
        default=True,
        show_default="depth-head; no-depth-head if the dataset has no depth",
        help="Predict mask and depth, or only the mask.",
    ),
    option(
        "--inputs",
        type=OneOf([6, 3]),
        default=6,
        show_default="6; 3 if the dataset has no backgrounds",
        help="Number of input channels. 6: background and picture; 3: only the picture.",
    ),
    option(
        "--summary",
        is_flag=True,
        help="Print the network's layers, parameters and FLOPs, and do not train.",
    ),
)
_LOSS_AND_AUGMENTATION = section(
    "Loss and augmentation",
    option(
        "--mask-loss",
        type=WeightedTerms(),
        default="dice:1,iou:1,bce:1",
        help="Terms of the mask loss and their weights: dice, bce, focal, iou, laplacian (edges),"
        " pixelwise (squared error), rmse, ssim. For several classes: dice, ce (cross-entropy), focal, iou.",
    ),
    option(
        "--class-weights",
        type=ClassWeights(),
        show_default="1 for each",
        help="How much each class counts in the mask loss, by its name: 'sky:0.2,car:3'; 1 for a class that"
        " is not named. 'auto' takes the weights from the train split: rare classes count more.",
    ),
    option(
        "--depth-loss",
        type=WeightedTerms(),
        show_default="ssim:0.5,l1:0.5; none without depth head",
        help="Terms of the depth loss and their weights: ssim, l1, mse, rmse, edge (differences of slopes).",
    ),
    option(
        "--augment",
        type=Shares(),
        default="flip:0.5,light:1,noise:0,jpeg:0,blur:0,cutout:0",
        help="Share of samples for each augmentation: flip (mirrored), light (brighter or darker), noise,"
        " jpeg (compressed), blur, cutout (partly covered). The share of an augmentation that you do not"
        " name is 0.",
    ),
    option(
        "--bg-dropout",
        type=SHARE,
        show_default="0.55; 0 with --inputs 3",
        help="Share of samples without their background, so that 'fgbg predict' works without --bg.",
    ),
    option(
        "--bg-jitter",
        type=SHARE,
        show_default="0.25; 0 with --inputs 3",
        help="Share of samples whose background is shifted, brighter or darker, noisy and compressed.",
    ),
    option(
        "--strangers",
        type=SHARE,
        show_default="0.5; 0 with --inputs 3 or several classes",
        help="Share of samples with objects of random shape and borrowed texture. They teach the network that"
        " with a background, everything new is foreground. Samples without a background get fewer.",
    ),
)
_OPTIMIZER = section(
    "Optimizer",
    option(
        "--optimizer",
        type=OneOf(["muon", "adamw"]),
        show_default="muon; adamw with --encoder",
        help="Optimizer of the weights. Muon needs about half as many samples as AdamW.",
    ),
    option(
        "--lr",
        type=Number(0, 1000, above=True, also="auto"),
        show_default="0.01; 0.001 with adamw",
        help="Highest learning rate. 'auto' finds it as --find-lr does.",
    ),
    option(
        "--find-lr",
        is_flag=True,
        help="Find a good learning rate, save its plot as log/lr-range.png, and do not train.",
    ),
    option(
        "--schedule",
        type=OneOf(["plateau", "cosine", "one-cycle"]),
        default="plateau",
        help="Change of the learning rate. plateau: lower it when validation stops improving; cosine,"
        " one-cycle: follow a fixed curve to the end of the run; better if you will not train longer"
        " later.",
    ),
    option(
        "--warm-up",
        type=Whole(0),
        default=100,
        help="Number of steps in which the learning rate rises from 0. one-cycle has its own rise.",
    ),
    option(
        "--plateau-patience",
        type=Whole(0),
        default=3,
        help="Number of epochs without a better validation loss before plateau lowers the learning rate.",
    ),
    option(
        "--plateau-factor",
        type=Number(0, 1, above=True, below=True),
        default=0.3,
        help="Factor by which plateau multiplies the learning rate.",
    ),
    option(
        "--weight-decay",
        type=Number(0, 1000),
        default=1e-2,
        help="Weight decay of the optimizer.",
    ),
    option(
        "--clip",
        type=Number(0, above=True),
        default=1.0,
        help="Largest norm of the gradients. Larger gradients are scaled down to it.",
    ),
    option(
        "--ema",
        type=Number(0, 1, below=True),
        default=0.999,
        help="Decay of the moving average of the weights. 0 turns averaging off.",
    ),
)
_DEVICES = section(
    "Devices",
    device_option,
    option(
        "--devices",
        type=Whole(1),
        default=1,
        help="Number of devices of this machine, each with its own process. torchrun sets this number"
        " itself.",
    ),
    option(
        "--nodes",
        type=Whole(1),
        default=1,
        help="Number of machines that train together.",
    ),
    option(
        "--precision",
        type=OneOf(["auto", "32", "bf16", "16"]),
        default="auto",
        help="Precision of the arithmetic. auto: bf16 if the device supports it, else 32; 16 needs CUDA.",
    ),
    option(
        "--compile",
        is_flag=True,
        help="Compile the network. It takes about one minute at the start; worth it for long runs on a GPU,"
        " not on a CPU.",
    ),
    option(
        "--logger",
        type=Words(["tensorboard", "csv", "mlflow", "wandb"]),
        default="tensorboard",
        help="Log losses, metrics, options and pictures to one or several of these, separated by commas. The"
        " table log/metrics.csv is always written. mlflow writes into log/mlflow, unless MLFLOW_TRACKING_URI"
        " names a server. wandb sends to W&B, or writes into log/wandb with WANDB_MODE=offline.",
    ),
    option(
        "--log-histograms",
        is_flag=True,
        help="Write histograms of weights and gradients for TensorBoard after each epoch.",
    ),
)


def train_options(function: Function) -> Function:
    """Give a command all options of `fgbg train`."""
    # Decorators work from the bottom up.
    for add_section in (_DEVICES, _OPTIMIZER, _LOSS_AND_AUGMENTATION, _NETWORK, _LENGTH_AND_DATA, _RUN):
        function = add_section(function)
    return function
