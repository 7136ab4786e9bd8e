from pathlib import Path

import pytest

from generator.errors import AssetError, UsageError
from generator.label_formats.matching import Matcher
from generator.label_formats.patterns import Pattern, Role


def make(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def matcher(source: Path, images: str, masks: str, **others: str) -> Matcher:
    texts: dict[Role, str] = {"images": images, "masks": masks, **others}  # type: ignore[dict-item]
    return Matcher(source, {role: Pattern(role, text) for role, text in texts.items()})


def matched(source: Path, *patterns: str, **others: str) -> list[tuple[str, ...]]:
    """Paths below the source; nothing may be wrong."""
    found = matcher(source, *patterns, **others)
    matches = found.matches()
    assert found.problems == []
    return [
        tuple(path.relative_to(source).as_posix() for path in (match.picture, *match.others.values()))
        for match in matches
    ]


def problems(source: Path, *patterns: str, **others: str) -> list[str]:
    found = matcher(source, *patterns, **others)
    found.matches()
    return [str(problem).replace(f"{source}/", "") for problem in found.problems]


def test_the_type_in_the_middle_of_kittis_names(tmp_path: Path) -> None:
    make(tmp_path, "image_2/um_000000.png", "image_2/uu_000000.png")
    make(tmp_path, "gt_image_2/um_road_000000.png", "gt_image_2/uu_road_000000.png")
    assert matched(tmp_path, "image_2/{a}_{id}.png", "gt_image_2/{a}_road_{id}.png") == [
        ("image_2/um_000000.png", "gt_image_2/um_road_000000.png"),
        ("image_2/uu_000000.png", "gt_image_2/uu_road_000000.png"),
    ]


def test_many_pictures_share_a_background_whose_name_may_hold_the_separator(tmp_path: Path) -> None:
    make(tmp_path, "fg_bg/my_room_fg1_0.jpg", "fg_bg/my_room_fg1_1.jpg", "fg_bg/bg2_fg1_0.jpg")
    make(tmp_path, "mask/my_room_fg1_0.jpg", "mask/my_room_fg1_1.jpg", "mask/bg2_fg1_0.jpg")
    make(tmp_path, "depth/my_room_fg1_0.jpg", "depth/my_room_fg1_1.jpg", "depth/bg2_fg1_0.jpg")
    make(tmp_path, "bg/my_room.jpg", "bg/bg2.jpg")
    triple = "{bg}_{fg}_{n}.jpg"
    found = matched(tmp_path, f"fg_bg/{triple}", f"mask/{triple}", bg="bg/{bg}.jpg", depth=f"depth/{triple}")
    assert [(row[0], row[2], row[3]) for row in found] == [
        ("fg_bg/bg2_fg1_0.jpg", "bg/bg2.jpg", "depth/bg2_fg1_0.jpg"),
        ("fg_bg/my_room_fg1_0.jpg", "bg/my_room.jpg", "depth/my_room_fg1_0.jpg"),
        ("fg_bg/my_room_fg1_1.jpg", "bg/my_room.jpg", "depth/my_room_fg1_1.jpg"),
    ]


def test_two_ways_to_read_a_name_are_reported(tmp_path: Path) -> None:
    make(tmp_path, "p/a_b_c.jpg", "m/a_b_c.png", "bg/a.jpg", "bg/a_b.jpg")
    assert problems(tmp_path, "p/{bg}_{n}.jpg", "m/{bg}_{n}.png", bg="bg/{bg}.jpg") == [
        "p/a_b_c.jpg: expected one way to read 'p/{bg}_{n}.jpg', found {bg} = 'a', {n} = 'b_c' or "
        "{bg} = 'a_b', {n} = 'c'; make `images` more exact"
    ]


def test_what_has_no_partner_is_reported_with_the_name_it_should_have(tmp_path: Path) -> None:
    make(tmp_path, "p/a_1.jpg", "p/a_2.jpg", "m/a_x_1.png", "m/b_x_9.png")
    assert problems(tmp_path, "p/{a}_{id}.jpg", "m/{a}_x_{id}.png") == [
        "p/a_2.jpg has no mask 'm/a_x_2.png'. Add the mask, or remove the picture.",
        "m/b_x_9.png has no picture that fits 'p/{a}_{id}.jpg'. Add the picture, or remove the mask.",
    ]


def test_two_files_for_one_picture_are_reported(tmp_path: Path) -> None:
    make(tmp_path, "p/a.jpg", "p/b.jpg", "m/a.png", "m/a.bmp", "m/b.png")
    assert problems(tmp_path, "p/{id}.jpg", "m/{id}.*") == [
        "p/a.jpg: expected one mask, found m/a.bmp and m/a.png; remove one of them, or make `masks` more"
        " exact"
    ]


def test_two_pictures_for_one_mask_are_reported_unless_a_name_tells_them_apart(tmp_path: Path) -> None:
    make(tmp_path, "p/s/1.jpg", "p/s/2.jpg", "m/s.png")
    advice = "remove one of them, or use a name in braces instead of `*` in `images`"
    assert problems(tmp_path, "p/{s}/*.jpg", "m/{s}.png") == [
        f"p/s/1.jpg: expected one picture for {{s}} = 's', found p/s/2.jpg too; {advice}",
        f"p/s/2.jpg: expected one picture for {{s}} = 's', found p/s/1.jpg too; {advice}",
    ]
    assert len(matched(tmp_path, "p/{s}/{n}.jpg", "m/{s}.png")) == 2


@pytest.mark.parametrize(("images", "masks"), [("{id}.png", "{id}_mask.png"), ("{id}_mask.png", "{id}.png")])
def test_masks_that_fit_the_pattern_of_pictures_are_no_pictures(
    tmp_path: Path, images: str, masks: str
) -> None:
    make(tmp_path, "a.png", "a_mask.png", "b.png", "b_mask.png")
    assert matched(tmp_path, images, masks) == [
        (images.replace("{id}", name), masks.replace("{id}", name)) for name in "ab"
    ]


def test_backgrounds_of_nothing_are_only_counted(tmp_path: Path) -> None:
    make(tmp_path, "p/a_1.jpg", "m/a_1.png", "bg/a.jpg", "bg/b.jpg", "bg/c.jpg")
    found = matcher(tmp_path, "p/{bg}_{n}.jpg", "m/{bg}_{n}.png", bg="bg/{bg}.jpg")
    assert len(found.matches()) == 1
    assert (found.problems, found.notes) == ([], ["2 of 3 backgrounds belong to no picture"])


def test_a_pattern_that_nothing_fits_names_a_file_that_is_there(tmp_path: Path) -> None:
    make(tmp_path, "p/a.jpeg", "m/a.png")
    with pytest.raises(
        AssetError, match=r"holds no picture that fits 'p/\{id\}.jpg'; the first file there is"
    ):
        matcher(tmp_path, "p/{id}.jpg", "m/{id}.png").matches()
    with pytest.raises(AssetError, match=r"no mask that fits 'x/\{id\}.png'\. Correct `masks`"):
        matcher(tmp_path, "p/{id}.jpeg", "x/{id}.png").matches()


def test_a_name_that_pictures_do_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"`masks`: expected names of `images` '\{id\}.jpg', found \{n\} in"):
        matcher(tmp_path, "{id}.jpg", "{id}_{n}.png")
