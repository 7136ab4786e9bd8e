"""`model-card.md`: what the network of a run predicts, how it was trained, and how good it is.

Source: https://huggingface.co/docs/hub/model-cards, which reads the YAML in front of the text.
"""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from generator import __version__
from generator.errors import printable
from generator.files import write_atomically
from generator.format.manifest import GeneratedManifest, Manifest
from training.config import TrainConfig
from training.export.card import LICENCE, RUN_MARK, USE, is_unclaimed, use
from training.export.metadata import licence_note
from training.records.run_files import BEST, CARD, LAST

_SCORES = {
    "val_iou": ("IoU", "iou"),
    "val_iou_without_bg": ("IoU without background", "iou"),
    "val_mean_iou": ("mean IoU of classes", "mean_iou"),
    "val_depth_rmse": ("RMSE of depth", "rmse"),
}
"""Columns of the log that are scores: what people call them, and their name as a metric."""

Row = Mapping[str, str]


def write_card(
    config: TrainConfig, manifest: Manifest, rows: Sequence[Row], consumed: int, parameters: int
) -> None:
    """Write the card into the folder of a run, unless the user keeps an own one there.

    Args:
        config: of the run.
        manifest: of its dataset.
        rows: of the run's table, one for each epoch so far.
        consumed: samples that the network was trained on.
        parameters: of the network.
    """
    path = config.out / CARD
    if is_own_card(path) or not path.exists():
        write_atomically(path, card(config, manifest, rows, consumed, parameters).encode())


def is_own_card(path: Path) -> bool:
    """Whether a run wrote a card and nobody claimed it."""
    return is_unclaimed(path, RUN_MARK)


def card(config: TrainConfig, manifest: Manifest, rows: Sequence[Row], consumed: int, parameters: int) -> str:
    """The text of the card; arguments as for `write_card`."""
    name = config.out.absolute().name
    best, last = _best_and_last(rows)
    sections = [
        RUN_MARK,
        f"# {_plain(name)}",
        _introduction(config),
        USE,
        use(BEST, config.inputs == 6, config.depth_head),
        "## Network",
        _network(config, parameters, int(last["res"])),
        "## Training data",
        _data(manifest),
        "## Training",
        _training(config, consumed),
        "## Results",
        _results(best, last, min(config.val_samples, manifest.splits["val"].samples)),
        "## Limits",
        _limits(config, manifest),
        LICENCE,
        f"{licence_note(config)} Add `license` at the top of this file when you publish it.",
    ]
    return f"---\n{_metadata(name, config, manifest, best)}---\n\n" + "\n\n".join(sections) + "\n"


def _metadata(name: str, config: TrainConfig, manifest: Manifest, best: Row) -> str:
    """The YAML in front of the text."""
    from huggingface_hub import EvalResult, ModelCardData

    results = [
        EvalResult(
            task_type="image-segmentation",
            dataset_type="fgbg",
            dataset_name=f"fgbg dataset {manifest.id[:12]}",
            dataset_split="val",
            metric_type=metric,
            metric_name=title,
            metric_value=float(best[column]),
        )
        for column, (title, metric) in _SCORES.items()
        if best.get(column)
    ]
    depth = ["depth-estimation"] if config.depth_head else []
    synthetic = ["synthetic-data"] if isinstance(manifest, GeneratedManifest) else []
    data = ModelCardData(
        library_name="fgbg",
        pipeline_tag="image-segmentation",
        tags=["fgbg", "image-segmentation", *depth, *synthetic],
        model_name=printable(name),
        eval_results=results or None,
    )
    return f"{data.to_yaml()}\n"


def _introduction(config: TrainConfig) -> str:
    mask, depth = config.mask, " and a depth map" if config.depth_head else ""
    what = "a soft mask of the foreground" if mask.kind == "alpha" else "the class of each pixel"
    lines = [f"A network that predicts {what}{depth} for a picture, trained with fgbg {__version__}.", ""]
    lines.append("- Input: a picture (sRGB) of any size.")
    if config.inputs == 6:
        lines.append("- Input, optional: a picture of the same view without the foreground.")
    if mask.kind == "alpha":
        lines.append("- Mask: 0 background to 255 foreground, at the size of the picture.")
    else:
        names = ", ".join(f"{number} {_plain(text)}" for number, text in enumerate(mask.names))
        lines.append(f"- Mask: the number of a class for each pixel: {names}.")
    if config.depth_head:
        lines.append("- Depth: relative inverse depth, 1 farthest to 65535 nearest. It has no unit.")
    return "\n".join(lines)


def _network(config: TrainConfig, parameters: int, res: int) -> str:
    widths = ", ".join(map(str, config.widths))
    return (
        f"{config.architecture.title}, {parameters:,} parameters, channels {widths}, {config.inputs} input"
        f" channels. It sees a picture scaled to {res} pixels on its longer side; masks are scaled back."
    )


def _data(manifest: Manifest) -> str:
    width, height = manifest.size
    splits = ", ".join(f"{name} {split.samples:,}" for name, split in manifest.splits.items())
    if isinstance(manifest, GeneratedManifest):
        fg, bg = (len(manifest.assets[kind]) for kind in ("fg", "bg"))
        made = f"composites of {fg:,} cut-outs on {bg:,} photos, made by `fgbg generate`"
        apart = "No cut-out and no photo is in two splits." if manifest.config.get("split") else ""
    else:
        made, apart = f"labelled pictures, imported from the format {manifest.source.format}", ""
    lines = [f"- {made}; {width} x {height} pixels", f"- samples: {splits}. {apart}".rstrip()]
    if manifest.has_depth:
        pseudo = "; some depth is assumed, not measured" if manifest.depth.pseudo else ""
        lines.append(f"- depth from {', '.join(map(_plain, manifest.depth.sources))}{pseudo}")
    return "\n".join([*lines, f"- dataset id: `{manifest.id}`"])


def _training(config: TrainConfig, consumed: int) -> str:
    stages = ", ".join(
        f"{stage.epochs} epoch{'s' * (stage.epochs > 1)} at {stage.res} px" for stage in config.stages
    )
    losses = {"mask": config.mask_loss, "depth": config.depth_loss}
    terms = "; ".join(
        f"{name} " + " + ".join(f"{weight:g} {term}" for term, weight in of.items())
        for name, of in losses.items()
        if of
    )
    shares = {
        "without background": config.bg_dropout,
        "with a perturbed background": config.bg_jitter,
        "with strangers (objects of random shape)": config.strangers,
    }
    drawn = ", ".join(f"{share:.0%} {name}" for name, share in shares.items() if share)
    begin = "The first weights are those of another network." if config.loaded_from else ""
    if config.encoder is not None and config.encoder_weights != "none":
        begin = f"The encoder {config.encoder} began with published or given weights."
    lines = [
        f"{consumed:,} samples: {stages}.",
        f"{config.optimizer}, learning rate {config.lr}, schedule {config.schedule}, batches of"
        f" {config.batch_size}, averaged weights (EMA {config.ema:g}), seed {config.seed}.",
        f"Loss: {terms}.",
        f"Samples: {drawn}." if drawn else "",
        begin,
        f"fgbg {__version__}, torch {version('torch')}. `config.json` has all options.",
    ]
    return "\n".join(f"- {line}" for line in lines if line)


def _best_and_last(rows: Sequence[Row]) -> tuple[Row, Row]:
    """The epoch of best.pt, which is the best one of the last stage, and that of last.pt."""
    last = rows[-1]
    watched = "val_loss" if last.get("val_loss") else "train_loss"
    of_stage = [row for row in rows if row["stage"] == last["stage"] and row.get(watched)]
    return min(of_stage, key=lambda row: float(row[watched])), last


def _results(best: Row, last: Row, samples: int) -> str:
    shown = {title: column for column, (title, _) in _SCORES.items() if best.get(column)}
    if not shown:
        return "The dataset has no val split, so nothing was measured."
    titles = ["checkpoint", "epoch", *shown]
    lines = [" | ".join(titles), " | ".join("---" for _ in titles)]
    for name, row in ((BEST, best), (LAST, last)):
        scores = [f"{float(row[column]):.4f}" for column in shown.values()]
        lines.append(" | ".join([f"`{name}`", row["epoch"], *scores]))
    table = "\n".join(f"| {line} |" for line in lines)
    return (
        f"On {samples:,} samples of the val split, at {last['res']} px. IoU is the mean over samples."
        f" `fgbg evaluate` measures more.\n\n{table}"
    )


def _limits(config: TrainConfig, manifest: Manifest) -> str:
    lines = ["It is as good as these figures on pictures like those of the dataset. Measure it on your own."]
    if isinstance(manifest, GeneratedManifest):
        lines.append("It was trained on composites only. Light, shadows and edges of real photos differ.")
    if config.inputs == 6:
        without = "Without a background picture, masks are worse"
        if config.strangers:
            lines.append("With a background picture, whatever is new in the picture is foreground.")
            lines.append(f"{without}, and only objects like those of the dataset are found.")
        else:
            lines.append(f"{without}. Objects of other kinds than those of the dataset may be missed.")
        lines.append("The background picture must show the same view; a moved camera makes masks worse.")
    elif config.mask.kind == "alpha":
        lines.append("Objects of other kinds than those of the dataset may be missed.")
    else:
        lines.append("Every pixel gets one of the classes, also where something else is.")
    if config.depth_head:
        lines.append("Depth is relative: it says what is nearer, not how far away it is.")
    return "\n".join(f"- {line}" for line in lines)


def _plain(text: str) -> str:
    """A name as Markdown text on one line."""
    return "".join(f"\\{letter}" if letter in r"\`*_[]<>|#" else letter for letter in printable(text))
