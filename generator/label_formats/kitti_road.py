"""KITTI road: red is what was looked at, blue is the road or the lane in it, black is void."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from generator.errors import AssetError, ImageError
from generator.label_formats.binary import BinaryLevels, binary_reader
from generator.label_formats.choices import refuse_other_choices
from generator.label_formats.find_pairs import Found, counted, find_root
from generator.label_formats.items import Choice, Item, LabelSource
from generator.label_formats.legend import read_exact_labels

NAME = "kitti-road"
_PICTURES, _LABELS = "image_2", "gt_image_2"


def list_source(source: Path, choice: Choice) -> LabelSource:
    """List KITTI road; see `LabelFormat`.

    The label of image_2/um_000000.png is gt_image_2/um_road_000000.png, or um_lane_000000.png for the lane
    in which the car drives. Pictures of `testing` have no labels.
    """
    refuse_other_choices(NAME, choice, {"variant"})
    variant = choice.variant or "road"
    root = find_root(source, _is_root, NAME, f"folders {_PICTURES} and {_LABELS}")
    found, masks = Found(source), root / _LABELS
    pictures = found.by_key(found.pictures_below(root / _PICTURES), lambda path: path.stem)
    files = found.pictures_below(masks)
    labels = found.by_key(files, lambda path: _picture_of(path.stem, variant))
    if not labels:
        other = "lane" if variant == "road" else "road"
        there = any(_picture_of(path.stem, other) for path in files)
        found_there = f"only {other} labels" if there else "none"
        fix = f"choose them with `variant={other}`" if there else f"give the folder of {NAME}"
        raise AssetError(masks, f"{variant} labels (um_{variant}_000000.png)", found_there, fix)
    if variant == "lane":  # only pictures um_... have one
        others = {key for key in pictures if key not in labels and not key.startswith("um_")}
        if others:
            found.notes.append(f"{counted(len(others))} left out: only um_... have lane labels")
        pictures = {key: picture for key, picture in pictures.items() if key not in others}
    found.add_pairs(pictures, labels, masks)
    reader = binary_reader(_Planes(), ("background", variant), choice)
    return LabelSource(found.sorted_items(), reader.mask, reader, found.problems, found.notes)


@dataclass(frozen=True)
class _Planes:
    """Reads blue as the object, red alone as background, black as void."""

    def __call__(self, item: Item, size: tuple[int, int], /) -> BinaryLevels:
        labels = read_exact_labels(item, size)
        values = labels.values
        if labels.palette is not None:
            palette = np.zeros((256, 3), np.uint8)
            palette[: len(labels.palette)] = labels.palette
            values = palette[values]
        if values.ndim == 2:
            if values.any():
                found = f"grey up to {values.max()}"
                fix = "use the labels of the KITTI road benchmark"
                raise ImageError(item.label or "", "red for what was looked at, blue for roads", found, fix)
            values = np.repeat(values[..., None], 3, axis=2)
        road, valid = values[..., 2] > 0, values[..., 0] > 0
        void = ~(road | valid)
        return road.astype(np.uint8) * np.uint8(255), void if void.any() else None


def _picture_of(stem: str, variant: str) -> str | None:
    """The name of the picture of a label: um_000000 of um_road_000000; None for a label of another kind."""
    kind, infix, number = (*stem.split("_", 2), "", "")[:3]
    return f"{kind}_{number}" if infix == variant and number else None


def _is_root(folder: Path) -> bool:
    return (folder / _PICTURES).is_dir() and (folder / _LABELS).is_dir()
