import numpy as np

from generator.format.manifest import AlphaMask, ClassMask
from generator.look.contact_sheet import (
    Column,
    Row,
    colour_key,
    draw_contact_sheet,
    draw_legend,
    enlargement,
    fitted,
    mask_keys,
    shortened,
)

RED, GREEN = (200, 0, 0), (0, 200, 0)


def patch(colour: tuple[int, int, int], width: int = 60, height: int = 40) -> np.ndarray:
    return np.full((height, width, 3), colour, np.uint8)


def found(sheet: np.ndarray, colour: tuple[int, int, int]) -> list[tuple[int, int]]:
    """Top left corners of the patches of a colour."""
    there = (sheet == colour).all(axis=2)
    before = np.pad(there, ((1, 0), (1, 0)))
    corners = there & ~before[:-1, 1:] & ~before[1:, :-1]
    return [(int(x), int(y)) for y, x in np.argwhere(corners)]


def test_pictures_stand_in_rows_and_columns_below_titles() -> None:
    rows = [Row([patch(RED), patch(GREEN)], "one"), Row([None, patch(GREEN)])]
    sheet = draw_contact_sheet([Column("a"), Column("b")], rows)
    assert sheet.shape == (26 + 40 + 24 + 40 + 4 + 4, 2 * 64 + 4, 3)
    assert found(sheet, RED) == [(4, 26)]
    # A row without a caption is lower, and the place of a missing picture is white.
    assert found(sheet, GREEN) == [(68, 26), (68, 90)]
    assert (sheet[90:130, :68] == 255).all() and (sheet[:26] < 100).any() and (sheet[66:90] < 200).any()


def test_groups_have_heads_and_stand_apart() -> None:
    columns = [Column("a"), Column("b", "run"), Column("c", "run")]
    sheet = draw_contact_sheet(columns, [Row([patch(RED)] * 3)])
    assert found(sheet, RED) == [(4, 52), (84, 52), (148, 52)]
    assert (sheet[:26, 84:] < 100).any() and (sheet[:26, :84] == 255).all()


def test_notes_stand_under_each_picture_and_above_the_caption() -> None:
    sheet = draw_contact_sheet([Column("a"), Column("b")], [Row([patch(RED)] * 2, "caption", ["", "IoU 1"])])
    notes, caption = sheet[66:86], sheet[86:106]
    assert (notes[:, 68:] < 200).any() and (notes[:, :68] == 255).all() and (caption[:, :68] < 200).any()


def test_rows_flow_into_blocks() -> None:
    sheet = draw_contact_sheet([Column("a")], [Row([patch(RED)])] * 3, blocks=2)
    assert found(sheet, RED) == [(4, 26), (84, 26), (4, 70)]


def test_a_long_legend_flows_into_lines() -> None:
    row = Row([patch(RED, 200)])
    one, three = ([colour_key(GREEN, "an entry of the legend")] * count for count in (1, 3))
    assert (
        len(draw_contact_sheet([Column("a")], [row], three))
        - len(draw_contact_sheet([Column("a")], [row], one))
        == 2 * 24
    )
    assert len(found(draw_contact_sheet([Column("a")], [row], three), GREEN)) == 3


def test_small_pictures_are_enlarged_by_a_whole_factor() -> None:
    assert (enlargement(32, 24), enlargement(200, 300)) == (6, 1)
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    assert (fitted(pixels, (4, 4)) == pixels.repeat(2, axis=0).repeat(2, axis=1)).all()


def test_a_text_without_room_says_so() -> None:
    text = "a long name of a picture"
    assert shortened(text, 1000, 12) == text
    start, end = shortened(text, 60, 12), shortened(text, 60, 12, keep_end=True)
    assert start.endswith("...") and text.startswith(start[:-3])
    assert end.startswith("...") and text.endswith(end[3:])


def test_a_legend_under_large_pictures_has_larger_patches_and_text() -> None:
    keys = [colour_key(RED, "an entry")] * 2
    usual, large = draw_legend(keys, 1000), draw_legend(keys, 1000, 3)
    assert len(large) == 3 * len(usual)
    assert (large == RED).all(axis=2).sum() == 9 * (usual == RED).all(axis=2).sum() == 9 * 2 * 12 * 12


def test_the_legend_of_masks_names_classes_and_void_pixels() -> None:
    classes = ClassMask(names=["sky", "car"], colours=[[*RED], [*GREEN]])
    assert [key.text for key in mask_keys(classes)] == ["sky", "car", "void: counts nowhere"]
    assert {tuple(pixel) for pixel in mask_keys(classes)[-1].patch.reshape(-1, 3)} == {(0,) * 3, (255,) * 3}
    assert mask_keys(AlphaMask()) == []
    assert [key.text for key in mask_keys(AlphaMask(void=127))] == ["void: counts nowhere"]
