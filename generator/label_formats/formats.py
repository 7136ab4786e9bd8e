"""The formats of labelled pictures by name. Each has a file of its own, which is imported when it is used."""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the help of the command shows the table, and must not wait for NumPy
    from generator.label_formats.items import Choice, LabelFormat, LabelSource

FORMATS: dict[str, str] = {
    "ade20k": "ADE20K's scene parsing benchmark: 150 classes",
    "camvid": "CamVid: streets in 32 classes, or SegNet's copy in 11",
    "cityscapes": "Cityscapes: streets in 19 classes, with objects",
    "cub200": "Caltech-UCSD Birds 200-2011: bird or background",
    "drone": "Semantic Drone Dataset: pictures from above in 22 classes",
    "folder": "pictures and masks, matched by name, by pattern or by a CSV file",
    "kitti-road": "KITTI road: road or lane",
    "oxford-pet": "Oxford-IIIT Pet: pet, background and border",
    "voc": "Pascal VOC: 20 classes and background, with objects; exports in its layout",
    "coco": "JSON files of images, categories and annotations",
    "cvat": "XML files of CVAT for images 1.1",
    "label-studio": "JSON exports of Label Studio, with brushes, polygons, boxes and ellipses",
    "labelme": "a JSON file of LabelMe beside each picture",
    "supervisely": "a project of Supervisely, with img and ann in each data set",
    "yolo": "a YAML file of classes, and a text file with a line an object beside each picture",
}
"""What each format is, in a few words. Format `some-name` is the function `list_source` in `some_name.py`."""


def list_source(name: str, source: Path, choice: "Choice") -> "LabelSource":
    """List the labelled pictures of a source.

    Args:
        name: of the format, one of `FORMATS`.
        source: a folder, or a file that names pictures.
        choice: of the user.

    Raises:
        AssetError: as `LabelFormat`.
        UsageError: as `LabelFormat`.
    """
    module = importlib.import_module(f"generator.label_formats.{name.replace('-', '_')}")
    list_it: LabelFormat = module.list_source
    return list_it(source, choice)
