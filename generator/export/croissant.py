"""Croissant metadata (JSON-LD) of a dataset: of its shards, or of pictures that were exported to a folder.

Croissant cannot read HDF5, so shards are listed with sizes and hashes only. Of a folder of pictures, it says
how to read each kind of them, and their table as JSON: from a CSV file, mlcroissant makes numbers of names.

Source: https://docs.mlcommons.org/croissant/docs/croissant-spec.html and croissant-rai-spec.html.
"""

import csv
import hashlib
import importlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator import __version__
from generator.errors import UsageError
from generator.export.contents import Contents
from generator.export.folder import COLUMNS, CROISSANT_FILE, SAMPLES_FILE, SAMPLES_JSON
from generator.files import refuse_existing, write_atomically
from generator.format.assets import FROM_FILE, FROM_PLANE
from generator.format.manifest import MANIFEST_FILE, GeneratedManifest, Manifest
from generator.places import Place, as_place
from generator.reading.dataset import open_dataset
from generator.splits import SPLITS

_CONFORMS_TO = ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"]
_PICTURES = {
    "bg": "The background alone, RGB.",
    "fg_bg": "The picture, RGB.",
    "instances": "The object at each pixel: 0 none, else its number, from back to front.",
}


@dataclass(frozen=True)
class Credits:
    """What only the user knows of a dataset.

    Attributes:
        licence: its address or text; None if nobody said.
        creator: the name of a person or group; None if nobody said.
    """

    licence: str | None = None
    creator: str | None = None


def describe_dataset(
    folder: str | Place, licence: str | None = None, creator: str | None = None, overwrite: bool = False
) -> Path:
    """Write Croissant metadata, `croissant.json`, beside the shards of a dataset, and return its path.

    It lists the files of the dataset. For metadata by which programs read pictures, export the dataset with
    `ExportConfig(format="folder", croissant=True)`.

    Args:
        folder: of the dataset.
        licence: address or text of the dataset's licence; None if nobody said.
        creator: the person or group who made the dataset; None if nobody said.
        overwrite: replace an existing file.

    Raises:
        DatasetError: the dataset is missing, unfinished or damaged.
        UsageError: mlcroissant is not installed, or the dataset is behind a URL.
        ExistsError: there is a file already, and not `overwrite`.

    Example:
        >>> fgbg.describe_dataset("data/shards", licence="CC0", overwrite=True).name
        'croissant.json'
    """
    croissant = require_croissant("`format=croissant`")
    folder = as_place(folder)
    if not isinstance(folder, Path):
        fix = "copy the dataset to a folder, describe it there, and copy croissant.json back"
        raise UsageError(folder, "", "is a URL, and `format=croissant` describes files of a folder", fix)
    manifest = open_dataset(folder).manifest
    path = folder / CROISSANT_FILE
    refuse_existing([path], overwrite)
    files = [_file(croissant, folder / MANIFEST_FILE, MANIFEST_FILE, "application/json")]
    files += [
        _file(croissant, folder / entry.file, entry.file, "application/x-hdf5") for entry in manifest.files()
    ]
    return _write(croissant, path, manifest, Credits(licence, creator), files, [])


def describe_folder(folder: Path, manifest: Manifest, credits: Credits) -> Path:
    """Write `croissant.json` into a folder of exported pictures, and return its path.

    Args:
        folder: written by `export_dataset` in the format `folder`.
        manifest: of the dataset.
        credits: of the user.

    Raises:
        UsageError: mlcroissant is not installed.
    """
    croissant = require_croissant("`croissant`")
    contents = Contents.of(manifest)
    _write_samples(folder)
    files = [
        _file(croissant, folder / SAMPLES_FILE, SAMPLES_FILE, "text/csv"),
        _file(croissant, folder / SAMPLES_JSON, SAMPLES_JSON, "application/json"),
    ]
    records = [_samples(croissant, contents)]
    for split in SPLITS:
        for field in contents.fields():
            pictures = sorted((folder / split / field).glob("*.*"))
            if pictures:
                name = f"{split}/{field}"
                files += _picture_files(croissant, pictures, name)
                records.append(_record_set(croissant, name, _meaning(field, manifest)))
    return _write(croissant, folder / CROISSANT_FILE, manifest, credits, files, records)


def require_croissant(asked: str) -> Any:
    """The module `mlcroissant`.

    Args:
        asked: what it is needed for.

    Raises:
        UsageError: it is not installed.
    """
    try:
        return importlib.import_module("mlcroissant")
    except ImportError as error:
        found = "needs mlcroissant, which is not installed"
        raise UsageError(asked, "", found, "run: pip install 'fgbg[croissant]'") from error


def _write(
    croissant: Any,
    path: Path,
    manifest: Manifest,
    credits: Credits,
    files: Sequence[Any],
    records: Sequence[Any],
) -> Path:
    metadata = croissant.Metadata(
        name=f"fgbg-{manifest.id[:12]}",
        description=_description(manifest),
        version=f"{manifest.version}.0.0",
        conforms_to=_CONFORMS_TO,
        keywords=["segmentation", *(["depth estimation"] if manifest.has_depth else []), "fgbg", manifest.id],
        license=None if credits.licence is None else [credits.licence],
        creators=[] if credits.creator is None else [croissant.Organization(name=credits.creator)],
        distribution=list(files),
        record_sets=list(records),
        **_responsible(manifest),
    )
    text = json.dumps(metadata.to_json(), indent=2, ensure_ascii=False, default=str)
    write_atomically(path, f"{text}\n".encode())
    return path


def _file(croissant: Any, path: Path, name: str, kind: str) -> Any:
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    size = f"{path.stat().st_size} B"
    return croissant.FileObject(
        id=name, name=name, content_url=name, content_size=size, encoding_formats=[kind], sha256=digest
    )


def _picture_files(croissant: Any, pictures: Sequence[Path], name: str) -> list[Any]:
    """The folder of pictures, and the pictures in it.

    The hash of a folder is that of the text which `sha256sum *` prints there. A set of pictures in no folder
    would be read as 8-bit RGB, which depth is not.
    """
    kinds = {".png": "image/png", ".jpg": "image/jpeg"}
    size = sum(path.stat().st_size for path in pictures)
    folder = croissant.FileObject(
        id=f"{name}/",
        name=f"{name}/",
        description="A folder. Its sha256 is that of the text that 'sha256sum *' prints in it.",
        content_url=name,
        content_size=f"{size} B",
        encoding_formats=["inode/directory"],
        sha256=hashlib.sha256("".join(_sums(pictures)).encode()).hexdigest(),
    )
    files = croissant.FileSet(
        id=f"{name}/*",
        name=f"{name}/*",
        contained_in=[folder.id],
        encoding_formats=[kinds[pictures[0].suffix]],
        includes=[f"*{pictures[0].suffix}"],
    )
    return [folder, files]


def _sums(paths: Iterable[Path]) -> Iterable[str]:
    for path in paths:
        yield f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"


def _record_set(croissant: Any, name: str, meaning: str) -> Any:
    """The pictures of one kind in one split, in the order of their names."""

    def field(part: str, about: str, kind: Any, **source: Any) -> Any:
        return croissant.Field(
            id=f"{name}/{part}",
            name=part,
            description=about,
            data_types=kind,
            source=croissant.Source(file_set=f"{name}/*", **source),
        )

    stem = [croissant.Transform(regex=r"^(.*)\.[a-z]+$")]
    of_name, of_content = (
        croissant.Extract(file_property=one)
        for one in (croissant.FileProperty.filename, croissant.FileProperty.content)
    )
    return croissant.RecordSet(
        id=name,
        name=name,
        description=f"{meaning} Records of all kinds have the same order.",
        fields=[
            field("name", "Name of the sample.", croissant.DataType.TEXT, extract=of_name, transforms=stem),
            field("image", meaning, croissant.DataType.IMAGE_OBJECT, extract=of_content),
        ],
    )


def _write_samples(folder: Path) -> None:
    """Write the table of samples as JSON, which keeps names of digits as they are."""
    with (folder / SAMPLES_FILE).open(encoding="utf-8", newline="") as file:
        rows = [row | {"sample_id": int(row["sample_id"])} for row in csv.DictReader(file)]
    write_atomically(folder / SAMPLES_JSON, f"{json.dumps(rows, ensure_ascii=False, indent=0)}\n".encode())


def _samples(croissant: Any, contents: Contents) -> Any:
    """The table of samples."""
    columns = [contents.scene if column == "bg" else column for column in COLUMNS]
    return croissant.RecordSet(
        id="samples",
        name="samples",
        description="A line for each sample; fg and boxes are JSON lists.",
        fields=[
            croissant.Field(
                id=f"samples/{column}",
                name=column,
                data_types=croissant.DataType.INTEGER if column == "sample_id" else croissant.DataType.TEXT,
                source=croissant.Source(
                    file_object=SAMPLES_JSON, extract=croissant.Extract(json_path=f"$[*].{column}")
                ),
            )
            for column in columns
        ],
    )


def _meaning(field: str, manifest: Manifest) -> str:
    """What the values of a kind of picture are."""
    if field == "depth":
        return f"Depth: {manifest.depth.convention}."
    if field != "mask":
        return _PICTURES[field]
    mask = manifest.mask
    if mask.kind == "classes":
        return "Classes: " + ", ".join(f"{n} {name}" for n, name in enumerate(mask.names)) + "; 255 void."
    return f"Mask: {mask.convention}" + ("." if mask.void is None else f"; {mask.void} void.")


def _description(manifest: Manifest) -> str:
    width, height = manifest.size
    depth = " and depth" if manifest.has_depth else ""
    samples = ", ".join(f"{split.samples:,} {name}" for name, split in manifest.splits.items())
    if isinstance(manifest, GeneratedManifest):
        fg, bg = (len(manifest.assets[kind]) for kind in ("fg", "bg"))
        what = f"Composites of {fg:,} cut-outs on {bg:,} backgrounds, with masks{depth}"
    else:
        what = f"Labelled pictures (from the format {manifest.source.format}), with masks{depth}"
    return f"{what}; {width} x {height} pixels; samples: {samples}. Made by fgbg, id {manifest.id}."


def _responsible(manifest: Manifest) -> dict[str, Any]:
    """The fields of Croissant RAI that follow from how a dataset is made."""
    used = {"data_use_cases": ["Training, validation and testing of networks for segmentation and depth."]}
    unknown = {"personal_sensitive_information": ["Not known to fgbg: it depends on the pictures."]}
    if not isinstance(manifest, GeneratedManifest):
        return {
            **used,
            **unknown,
            "data_collection": "Pictures and labels of an existing data set, resized and converted by fgbg.",
            "data_collection_type": ["Secondary Data Analysis"],
            "data_annotation_protocol": ["Labels are those of the source; pixels without a label are void."],
        }
    networks = [one for one in manifest.depth.sources if one not in (FROM_FILE, FROM_PLANE)]
    assumed = ["Some depth is assumed, not measured."] if manifest.depth.pseudo else []
    return {
        **used,
        **unknown,
        "data_collection": "Synthetic: a program pasted cut-outs onto backgrounds, by seeded random numbers.",
        "data_collection_type": ["Others"],
        "data_annotation_protocol": [
            "Masks are the alpha of the cut-outs. Objects have the depth of the ground where they stand."
        ],
        "machine_annotation_tools": [f"fgbg {__version__}", *networks],
        "data_limitations": [
            "Composites only: light, shadows and edges differ from those of real photos.",
            *assumed,
        ],
        "data_biases": ["Objects and places are those of the given cut-outs and backgrounds, equally often."],
    }
