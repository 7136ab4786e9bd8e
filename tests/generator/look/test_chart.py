import matplotlib

from generator.look.chart import (
    COLOURS,
    MARKERS,
    chart_style,
    line_style,
    new_figure,
    plain_text,
    to_png,
    to_svg,
)


def drawn(dark: bool = False) -> tuple[bytes, bytes]:
    with chart_style(dark):
        figure = new_figure(2, 1.5)
        axes = figure.subplots()
        axes.plot([1, 2], [1, 3], label=plain_text("猫 $x^$"), **line_style(0))
        axes.legend()
        return to_png(figure), to_svg(figure)


def test_a_chart_has_the_same_bytes_each_time_and_names_no_program() -> None:
    png, svg = drawn()
    assert (png, svg) == drawn()
    assert b"Software" not in png and b"atplotlib" not in png
    assert b"<dc:date>" not in svg and b"<dc:creator>" not in svg


def test_the_look_is_its_own_and_stays_inside() -> None:
    before = dict(matplotlib.rcParams)
    light = drawn()
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "red"}):
        assert drawn() == light
    assert drawn(dark=True) != light
    assert dict(matplotlib.rcParams) == before


def test_lines_differ_in_two_ways_until_both_are_used_up() -> None:
    styles = [tuple(line_style(number).values()) for number in range(9)]
    assert len(set(styles)) == 8 and styles[0] == styles[8] == (COLOURS[0], MARKERS[0])


def test_labels_are_no_formulas_and_are_not_hidden() -> None:
    assert plain_text("_a$b") == r" _a\$b"
