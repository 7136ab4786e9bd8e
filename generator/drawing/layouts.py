"""The layouts in which drawn labelled pictures are written: those of data sets that `fgbg import` reads."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from generator.drawing.labelled import LabelledPicture, class_names
from generator.encode import encode_index_png, encode_jpeg, encode_png
from generator.label_formats.choices import spread_colours
from generator.label_formats.cityscapes import CLASSES as CITYSCAPES_CLASSES

Files = Iterator[tuple[str, bytes]]
"""Paths below the folder of the data set, and their contents."""

_QUALITY = 95
_VOID_COLOUR = [224, 224, 192]


@dataclass(frozen=True)
class Layout:
    """How a data set is laid out.

    Attributes:
        most_classes: how many classes it can have, the background among them.
        most_objects: how many objects a picture has at most.
        picture: gives the files of a picture: its number, the picture, how many classes there are.
        lists: gives the files about all pictures: the kind of each picture, how many classes there are.
    """

    most_classes: int
    most_objects: int
    picture: Callable[[int, LabelledPicture, int], Files]
    lists: Callable[[list[int], int], Files]


def _split(number: int) -> str:
    """Every fourth picture is for validation."""
    return "val" if number % 4 == 3 else "train"


def _text(*rows: str) -> bytes:
    return "".join(f"{row}\n" for row in rows).encode()


def _drone(number: int, drawn: LabelledPicture, classes: int) -> Files:
    root = "dataset/semantic_drone_dataset"
    yield f"{root}/original_images/{number:03d}.jpg", encode_jpeg(drawn.rgb, _QUALITY)
    yield f"{root}/label_images_semantic/{number:03d}.png", encode_png(drawn.classes + np.uint8(1))


def _drone_lists(kinds: list[int], classes: int) -> Files:
    names = ["unlabeled", *class_names(classes), "conflicting"]
    colours = spread_colours(len(names))
    rows = [f"{name}, {r}, {g}, {b}" for name, (r, g, b) in zip(names, colours, strict=True)]
    yield "class_dict_seg.csv", _text("name, r, g, b", *rows)


def _pet_name(number: int, kind: int, classes: int) -> str:
    name = class_names(classes)[kind]
    return f"{name.capitalize() if kind % 2 else name}_{number + 1}"


def _oxford_pet(number: int, drawn: LabelledPicture, classes: int) -> Files:
    name = _pet_name(number, drawn.kind, classes)
    trimap = np.where(drawn.classes > 0, np.uint8(1), np.uint8(2))
    trimap[drawn.edge] = 3
    yield f"images/{name}.jpg", encode_jpeg(drawn.rgb, _QUALITY)
    yield f"annotations/trimaps/{name}.png", encode_png(trimap)


def _oxford_pet_lists(kinds: list[int], classes: int) -> Files:
    rows: dict[str, list[str]] = {"train": [], "val": []}
    for number, kind in enumerate(kinds):
        row = f"{_pet_name(number, kind, classes)} {kind} {2 - kind % 2} {(kind + 1) // 2}"
        rows[_split(number)].append(row)
    yield "annotations/trainval.txt", _text(*rows["train"])
    yield "annotations/test.txt", _text(*rows["val"])
    yield "annotations/list.txt", _text("#Image CLASS-ID SPECIES BREED ID", *rows["train"], *rows["val"])


def _bird_name(number: int, kind: int, classes: int) -> str:
    name = class_names(classes)[kind].capitalize()
    return f"{kind:03d}.{name}/{name}_{number + 1:04d}"


def _cub200(number: int, drawn: LabelledPicture, classes: int) -> Files:
    name = _bird_name(number, drawn.kind, classes)
    votes = np.rint(drawn.alpha / 51).astype(np.uint8) * np.uint8(51)
    yield f"CUB_200_2011/images/{name}.jpg", encode_jpeg(drawn.rgb, _QUALITY)
    yield f"segmentations/{name}.png", encode_png(votes)


def _cub200_lists(kinds: list[int], classes: int) -> Files:
    names = [_bird_name(number, kind, classes) for number, kind in enumerate(kinds)]
    images = (f"{number} {name}.jpg" for number, name in enumerate(names, 1))
    splits = (f"{number + 1} {int(_split(number) == 'train')}" for number in range(len(names)))
    yield "CUB_200_2011/images.txt", _text(*images)
    yield "CUB_200_2011/train_test_split.txt", _text(*splits)


def _voc(number: int, drawn: LabelledPicture, classes: int) -> Files:
    root, name = "VOCdevkit/VOC2012", f"2012_{number:06d}"
    palette = np.array([*spread_colours(255), _VOID_COLOUR], np.uint8)
    void = drawn.edge
    yield f"{root}/JPEGImages/{name}.jpg", encode_jpeg(drawn.rgb, _QUALITY)
    for folder, values in (("SegmentationClass", drawn.classes), ("SegmentationObject", drawn.objects)):
        yield f"{root}/{folder}/{name}.png", encode_index_png(np.where(void, np.uint8(255), values), palette)


def _voc_lists(kinds: list[int], classes: int) -> Files:
    root = "VOCdevkit/VOC2012"
    for split in ("train", "val"):
        names = [f"2012_{number:06d}" for number in range(len(kinds)) if _split(number) == split]
        yield f"{root}/ImageSets/Segmentation/{split}.txt", _text(*names)
    yield f"{root}/class_names.txt", _text(*class_names(classes))


def _kitti_road(number: int, drawn: LabelledPicture, classes: int) -> Files:
    kind = ("um", "umm", "uu")[number % 3]
    rgb, road, seen = _with_road(number, drawn)
    label = np.zeros_like(rgb)
    label[..., 0] = np.where(seen, 255, 0)
    label[..., 2] = np.where(seen & road, 255, 0)
    yield f"training/image_2/{kind}_{number:06d}.png", encode_png(rgb)
    yield f"training/gt_image_2/{kind}_road_{number:06d}.png", encode_png(label)


def _with_road(number: int, drawn: LabelledPicture) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The picture with a road under its objects, where the road is, and where the label says anything."""
    height, width = drawn.classes.shape
    horizon, middle = round(height * 0.45), width * (0.4 + 0.05 * (number % 5))
    corners = [
        (middle - width * 0.03, horizon),
        (middle + width * 0.03, horizon),
        (middle + width * 0.4, height),
        (middle - width * 0.4, height),
    ]
    area = np.zeros((height, width), np.uint8)
    cv2.fillPoly(area, [np.array(corners, np.int32)], 1)
    road = (area > 0) & (drawn.alpha == 0)
    rgb = drawn.rgb.copy()
    rgb[road] = rgb[road] // 4 + np.uint8(70)
    seen = np.ones((height, width), bool)
    seen[horizon : horizon + max(1, height // 20)] = False
    return rgb, road, seen


def _camvid_codes(classes: int) -> list[str]:
    """Void stands in the middle, as in the real file."""
    names = class_names(classes)
    return [*names[: classes // 2], "Void", *names[classes // 2 :]]


def _camvid(number: int, drawn: LabelledPicture, classes: int) -> Files:
    values = drawn.classes + (drawn.classes >= classes // 2).view(np.uint8)
    values[drawn.edge] = classes // 2
    yield f"images/0001TP_{number:06d}.png", encode_png(drawn.rgb)
    yield f"labels/0001TP_{number:06d}_P.png", encode_png(values)


def _camvid_lists(kinds: list[int], classes: int) -> Files:
    yield "codes.txt", _text(*_camvid_codes(classes))
    names = (f"0001TP_{number:06d}.png" for number in range(len(kinds)) if _split(number) == "val")
    yield "valid.txt", _text(*names)


def _cityscapes(number: int, drawn: LabelledPicture, classes: int) -> Files:
    split, name = _split(number), f"drawn_{number:06d}_000019"
    values = np.array([row.value for row in CITYSCAPES_CLASSES], np.uint16)[drawn.classes]
    objects = np.where(drawn.objects > 0, values * np.uint16(1000) + drawn.objects, values)
    root = f"gtFine/{split}/drawn/{name}_gtFine"
    yield f"leftImg8bit/{split}/drawn/{name}_leftImg8bit.png", encode_png(drawn.rgb)
    yield f"{root}_labelIds.png", encode_png(np.where(drawn.edge, 0, values).astype(np.uint8))
    yield f"{root}_instanceIds.png", encode_png(np.where(drawn.edge, 0, objects).astype(np.uint16))


def _ade20k(number: int, drawn: LabelledPicture, classes: int) -> Files:
    split = _split(number)
    folder = {"train": "training", "val": "validation"}[split]
    values = drawn.classes + np.uint8(1)
    values[drawn.edge] = 0
    root, name = "ADEChallengeData2016", f"ADE_{split}_{number + 1:08d}"
    yield f"{root}/images/{folder}/{name}.jpg", encode_jpeg(drawn.rgb, _QUALITY)
    yield f"{root}/annotations/{folder}/{name}.png", encode_png(values)


def _ade20k_lists(kinds: list[int], classes: int) -> Files:
    rows = (f"{n}\t0.01\t1\t1\t{name}" for n, name in enumerate(class_names(classes), 1))
    yield "ADEChallengeData2016/objectInfo150.txt", _text("Idx\tRatio\tTrain\tVal\tName", *rows)


def _no_lists(kinds: list[int], classes: int) -> Files:
    yield from ()


LAYOUTS: dict[str, Layout] = {
    "drone": Layout(250, 8, _drone, _drone_lists),
    "oxford-pet": Layout(38, 1, _oxford_pet, _oxford_pet_lists),
    "cub200": Layout(201, 1, _cub200, _cub200_lists),
    "voc": Layout(250, 8, _voc, _voc_lists),
    "kitti-road": Layout(250, 4, _kitti_road, _no_lists),
    "camvid": Layout(250, 8, _camvid, _camvid_lists),
    "cityscapes": Layout(len(CITYSCAPES_CLASSES), 8, _cityscapes, _no_lists),
    "ade20k": Layout(150, 8, _ade20k, _ade20k_lists),
}
"""The layouts by the names of their formats."""
