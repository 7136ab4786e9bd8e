import numpy as np

from generator.drawing.labelled import MOST_CLASSES, class_names, draw_labelled
from generator.drawing.objects import FAMILIES


def test_the_same_arguments_draw_the_same_picture() -> None:
    first, again = (draw_labelled(3, 9, (64, 48), 5, 4) for _ in range(2))
    other = draw_labelled(4, 9, (64, 48), 5, 4)
    assert (first.rgb == again.rgb).all() and (first.classes == again.classes).all()
    assert first.rgb.shape == (48, 64, 3) and not (first.rgb == other.rgb).all()


def test_labels_say_where_objects_are() -> None:
    for number in range(6):
        drawn = draw_labelled(0, number, (64, 64), 7, 8)
        assert ((drawn.objects > 0) == (drawn.classes > 0)).all()
        assert (drawn.alpha[drawn.objects > 0] >= 128).all()
        assert 0 < drawn.kind < 7 and (drawn.classes == drawn.kind).any()
        for count in np.unique(drawn.objects[drawn.objects > 0]):
            assert len(np.unique(drawn.classes[drawn.objects == count])) == 1


def test_one_object_where_one_is_allowed() -> None:
    assert all(draw_labelled(0, number, (48, 48), 3, 1).objects.max() == 1 for number in range(4))


def test_large_pictures_are_enlarged() -> None:
    drawn = draw_labelled(0, 0, (640, 620), 4, 1)
    assert drawn.rgb.shape == (620, 640, 3) and drawn.classes.any()


def test_every_class_has_a_name() -> None:
    names = class_names(MOST_CLASSES)
    assert names[0] == "background" and len(set(names)) == MOST_CLASSES
    assert names[1:3] == list(FAMILIES)[:2] and names[1 + len(FAMILIES)] == f"{names[1]}-2"
