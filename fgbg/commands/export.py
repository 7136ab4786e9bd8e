"""`fgbg export`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fgbg.command_class import command as fgbg_command
from fgbg.command_class import option, section
from fgbg.options import (
    checkpoint_option,
    is_given,
    overwrite_option,
    ray_address_option,
    runner_option,
    workers_option,
)
from fgbg.terminal import note, say
from fgbg.value_types import PATH, PATH_OR_URL, PLACE, OneOf, Text, Whole

if TYPE_CHECKING:
    from generator.places import Place

_OF_DATASETS = ("folder", "coco", "yolo", "webdataset", "croissant")
_OF_NETWORKS = ("onnx", "safetensors")
_FOR_DATASETS = (
    *("data", "subset", "samples", "picture_format", "quality", "workers", "runner", "ray_address"),
)
_FOR_NETWORKS = ("checkpoint", "contract", "half", "licence")
_OF_CROISSANT = ("licence", "creator")


@fgbg_command("export")
@click.argument("source", metavar="[DATA|CHECKPOINT]", required=False, type=PATH_OR_URL)
@option(
    "--format",
    "format_name",
    type=OneOf([*_OF_DATASETS, *_OF_NETWORKS]),
    show_default="none; required",
    help="Format to write. For a dataset: pictures in folders, pictures with COCO annotations or YOLO"
    " labels, WebDataset tar archives, or Croissant metadata about its files. For a network: ONNX, or"
    " safetensors.",
)
@option(
    "--out",
    type=PATH,
    show_default="outputs/export/FORMAT, or a file beside the checkpoint",
    help="Folder of the exported dataset, or file of the exported network.",
)
@overwrite_option
@option(
    "--licence",
    type=Text(),
    show_default="of a network, where the weights come from",
    help="Licence of the network or, in Croissant metadata, of the dataset: a text or an address.",
)
@section(
    "Datasets",
    option(
        "--data",
        type=PLACE,
        default=Path("data/shards"),
        help="Folder or URL of the dataset, if the argument does not name it.",
    ),
    option(
        "--subset",
        type=OneOf(["train", "val", "test", "all"]),
        default="all",
        help="Split of the dataset to write.",
    ),
    option(
        "--samples",
        type=Whole(1),
        show_default="all",
        help="Write only this many samples; each split keeps its share of them.",
    ),
    option(
        "--picture-format",
        type=OneOf(["png", "jpg"]),
        default="png",
        help="Format of bg and fg_bg. Masks and instances are always PNG; depth is PNG, or npy in YOLO.",
    ),
    option(
        "--quality", type=Whole(1, 100), show_default="95", help="JPEG quality, with --picture-format jpg."
    ),
    workers_option,
    runner_option,
    ray_address_option,
    option(
        "--croissant",
        is_flag=True,
        help="With --format folder: also write Croissant metadata, by which programs read the pictures.",
    ),
    option(
        "--creator", type=Text(), show_default="none", help="Who made the dataset, for Croissant metadata."
    ),
)
@section(
    "Networks",
    checkpoint_option,
    option(
        "--contract",
        type=OneOf(["fgbg", "rembg"]),
        default="fgbg",
        help="Inputs and outputs of the ONNX file. 'fgbg': pictures of any size, mask and depth. 'rembg': for"
        " 'rembg i -m u2net_custom', mask only.",
    ),
    option(
        "--half",
        is_flag=True,
        help="Store and compute in float16 inside the ONNX file: half as large, faster on a GPU.",
    ),
)
@click.pass_context
def command(
    ctx: click.Context,
    /,
    source: "Place | None",
    format_name: str | None,
    out: Path | None,
    overwrite: bool,
    croissant: bool,
    **given: Any,
) -> None:
    """Write a dataset or a trained network for other programs.

    The argument is the folder or URL of a dataset, or a checkpoint, or the folder of a run (its best.pt,
    else its last.pt). It means the same as --data or --checkpoint.

    The same options always write a dataset as the same bytes. You can stop this and run the same command
    again: it continues. An ONNX file is only written if it gives the same results as the checkpoint.
    """
    from generator.errors import UsageError

    if format_name is None:
        choices = f"choose {', '.join(_OF_DATASETS)} for a dataset, {' or '.join(_OF_NETWORKS)} for a network"
        raise UsageError("--format", "", "is missing", choices)
    is_network = format_name in _OF_NETWORKS
    _refuse_others(ctx, format_name, croissant)
    field = "checkpoint" if is_network else "data"
    if source is not None:
        if source != given[field] and is_given(ctx, field):
            problem = f"is given twice, as {source} and as --{field} {given[field]}"
            raise UsageError("the source", "", problem, "leave one of them out")
        given[field] = source
        _refuse_other_kind(source, format_name)
    credits = {name: given[name] for name in _OF_CROISSANT}
    if is_network:
        _export_network(
            {name: given[name] for name in _FOR_NETWORKS} | {"format": format_name, "out": out}, overwrite
        )
    elif format_name == "croissant":
        _describe(given["data"], credits, overwrite)
    else:
        folder = out or Path("outputs/export") / format_name
        fields = {name: given[name] for name in _FOR_DATASETS} | credits
        _export_dataset(fields | {"format": format_name, "out": folder, "croissant": croissant}, overwrite)


def _refuse_others(ctx: click.Context, format_name: str, croissant: bool) -> None:
    """Refuse options that do not go with the format."""
    from generator.errors import UsageError

    if format_name in _OF_NETWORKS:
        fitting = {*_FOR_NETWORKS, "out"}
    elif format_name == "croissant":
        fitting = {"data", *_OF_CROISSANT}
    else:
        fitting = {*_FOR_DATASETS, "out"} | ({"croissant"} if format_name == "folder" else set())
        fitting |= set(_OF_CROISSANT) if croissant else set()
    for field in ("out", "croissant", *_FOR_DATASETS, *_FOR_NETWORKS, *_OF_CROISSANT):
        if field not in fitting and is_given(ctx, field):
            problem = f"does not go with --format {format_name}"
            raise UsageError(f"--{field.replace('_', '-')}", "", problem, "leave it out")


def _refuse_other_kind(source: "Place", format_name: str) -> None:
    """Refuse a network where the format is of datasets, and the other way round."""
    from generator.errors import UsageError
    from generator.format.manifest import MANIFEST_FILE
    from training.records.run_files import BEST, LAST

    if isinstance(source, Path):
        is_dataset = (source / MANIFEST_FILE).is_file()
        is_network = source.is_file() or any((source / name).is_file() for name in (BEST, LAST))
    else:
        is_dataset, is_network = True, False
    if format_name in _OF_NETWORKS and is_dataset and not is_network:
        fix = f"choose {', '.join(_OF_DATASETS)}, or give a checkpoint"
        raise UsageError(source, "", f"is a dataset, and --format {format_name} is for networks", fix)
    if format_name in _OF_DATASETS and is_network and not is_dataset:
        kind = "is a file" if Path(source).is_file() else "is the folder of a run"
        fix = f"choose {' or '.join(_OF_NETWORKS)}, or give the folder of a dataset"
        raise UsageError(source, "", f"{kind}, and --format {format_name} is for datasets", fix)


def _export_network(fields: dict[str, Any], overwrite: bool) -> None:
    from generator.numerals import format_bytes
    from training.export.config import NetworkExportConfig
    from training.export.pipeline import export_network

    outcome = export_network(NetworkExportConfig(**fields), overwrite, note)
    alike = "" if outcome.difference is None else f", at most {outcome.difference:.1g} from torch"
    say(f"{outcome.path}: {fields['format']}, {format_bytes(outcome.bytes)}{alike}")
    say(f"licence in its metadata: {outcome.licence}")
    if outcome.card is not None:
        say(f"{outcome.card}: its model card")


def _describe(data: Path, credits: dict[str, str | None], overwrite: bool) -> None:
    from generator.export.croissant import describe_dataset

    say(
        f"{describe_dataset(data, **credits, overwrite=overwrite)}: Croissant metadata of the dataset's files"
    )


def _export_dataset(fields: dict[str, Any], overwrite: bool) -> None:
    from generator.errors import UsageError
    from generator.export.config import ExportConfig
    from generator.export.folder import CROISSANT_FILE
    from generator.export.pipeline import export_dataset
    from generator.numerals import format_bytes

    if fields["out"].is_file():
        problem = "is a file, and the export of a dataset needs a folder"
        raise UsageError(fields["out"], "", problem, "use another --out")
    outcome = export_dataset(ExportConfig(**fields), overwrite)
    counts = ", ".join(f"{name} {count:,}" for name, count in outcome.samples.items())
    if outcome.written:
        rate = outcome.written / outcome.seconds
        say(f"{outcome.written:,} samples in {outcome.seconds:.1f} s, {rate:,.0f} samples/s")
    done = (
        f"{sum(outcome.samples.values()):,} samples ({counts}), {fields['format']},"
        f" {format_bytes(outcome.bytes)}"
    )
    say(f"{fields['out']}: {'' if outcome.written else 'already complete: '}{done}")
    if fields["croissant"]:
        say(f"{fields['out'] / CROISSANT_FILE}: Croissant metadata of the pictures")
