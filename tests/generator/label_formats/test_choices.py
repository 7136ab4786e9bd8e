from pathlib import Path

import pytest

from generator.errors import AssetError, UsageError
from generator.format.manifest import AlphaMask
from generator.label_formats.choices import (
    class_mask,
    foreground_numbers,
    is_background,
    mask_entry,
    mask_kind,
    refuse_other_choices,
    spread_colours,
)
from generator.label_formats.items import Choice

NAMES = ("background", "cat", "dog")


def test_a_choice_that_the_format_does_not_have_is_refused() -> None:
    refuse_other_choices("coco", Choice(mask="alpha", foreground=("cat",)))
    refuse_other_choices("kitti-road", Choice(variant="lane"), has=["variant"])
    with pytest.raises(UsageError) as caught:
        refuse_other_choices("coco", Choice(variant="lane"))
    assert str(caught.value) == "`variant=lane` is no choice of the format coco. Leave it out."
    with pytest.raises(UsageError, match="`labels` is no choice of the format cvat"):
        refuse_other_choices("cvat", Choice(labels=Path("names.txt")), has=["variant"])


def test_naming_the_foreground_means_alpha() -> None:
    assert mask_kind(Choice()) == "classes"
    assert mask_kind(Choice(), default="alpha") == "alpha"
    assert mask_kind(Choice(foreground=("cat",))) == "alpha"
    assert mask_kind(Choice(mask="classes"), default="alpha") == "classes"
    with pytest.raises(UsageError) as caught:
        mask_kind(Choice(mask="classes", foreground=("cat",)))
    assert str(caught.value) == (
        "`foreground` is for masks of alpha, not of classes. Leave it out, or choose `mask=alpha`."
    )


def test_the_object_is_every_class_but_the_background_unless_the_user_names_some() -> None:
    assert foreground_numbers(Choice(), NAMES) == {1, 2}
    assert foreground_numbers(Choice(), NAMES, background=()) == {0, 1, 2}
    assert foreground_numbers(Choice(foreground=("dog",)), NAMES) == {2}
    with pytest.raises(UsageError) as caught:
        foreground_numbers(Choice(foreground=("dog", "cow")), NAMES)
    assert str(caught.value) == (
        "`foreground`: expected names of classes, found 'cow'; choose among: background, cat, dog"
    )


def test_names_of_the_background() -> None:
    assert is_background("Background") and is_background("_background_")
    assert not is_background("back") and not is_background("cat")


def test_classes_get_the_given_colours_or_those_of_pascal_voc() -> None:
    assert spread_colours(9)[1:] == [
        *([128, 0, 0], [0, 128, 0], [128, 128, 0], [0, 0, 128]),
        *([128, 0, 128], [0, 128, 128], [128, 128, 128], [64, 0, 0]),
    ]
    assert len({tuple(colour) for colour in spread_colours(255)}) == 255
    mask = class_mask("names.txt", NAMES, [None, (1, 2, 3), None])
    assert mask.names == list(NAMES) and mask.colours == [[0, 0, 0], [1, 2, 3], [0, 128, 0]]
    assert mask_entry("classes", mask) is mask
    assert mask_entry("alpha", mask) == AlphaMask()


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((), "names.txt: expected 2 to 255 classes, found 0, as no class is named; name other classes"),
        (["cat"], "names.txt: expected 2 to 255 classes, found 1; name other classes"),
        ([str(n) for n in range(256)], "names.txt: expected 2 to 255 classes, found 256; name other classes"),
        (
            ["a", "cat", "cat"],
            "names.txt: expected classes of different names, of up to 100 letters, found 'cat';"
            " rename the class",
        ),
        (
            ["a", ""],
            "names.txt: expected classes of different names, of up to 100 letters, found '';"
            " rename the class",
        ),
    ],
)
def test_classes_that_a_mask_cannot_hold(names: list[str], said: str) -> None:
    with pytest.raises(AssetError) as caught:
        class_mask(Path("names.txt"), names)
    assert str(caught.value) == said
