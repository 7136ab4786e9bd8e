import re

import pytest

from generator.look.text_table import text_table


def test_names_stand_to_the_left_and_figures_to_the_right() -> None:
    assert text_table([["", "a", "other"], ["IoU", "0.5", "-"], ["--lr", "0.01", "2"]]) == [
        "         a  other",
        "IoU    0.5      -",
        "--lr  0.01      2",
    ]


def test_a_long_head_is_wrapped_where_it_has_joints() -> None:
    rows = [["", "runs/long-name-of-a-run", "b"], ["IoU", "0.5000", "0.6"]]
    assert text_table(rows, 20) == [
        "     runs/long-",
        "     name-of-a-",
        "            run    b",
        "IoU      0.5000  0.6",
    ]


def test_values_are_wrapped_after_commas_only() -> None:
    rows = [["", "a"], ["--augment", "flip:0.5,light:1,noise:0"]]
    assert text_table(rows, 22) == [
        "                   a",
        "--augment  flip:0.5,",
        "            light:1,",
        "             noise:0",
    ]


def test_a_name_without_joints_is_broken_and_not_cut() -> None:
    lines = text_table([["", "x"], ["n" * 60, "0.1234"]], 32)
    assert [line[:24] for line in lines[1:]] == ["n" * 24, "n" * 24, "n" * 12]
    assert lines[1].endswith("  0.1234")


@pytest.mark.parametrize("runs", [1, 5, 12])
def test_every_figure_is_whole_in_80_columns(runs: int) -> None:
    figures = [[f"0.{run}{row}345" for run in range(runs)] for row in range(3)]
    head = ["", *(f"experiments/2026/a-run-with-a-name-{run}" for run in range(runs))]
    lines = text_table([head, *([f"measure {row}", *cells] for row, cells in enumerate(figures))])
    assert max(map(len, lines)) <= 80
    assert sorted(re.findall(r"0\.\d{4,}", "\n".join(lines))) == sorted(
        text for row in figures for text in row
    )
    # A table that continues below repeats the names of its rows.
    assert len([line for line in lines if line.startswith("measure 0")]) == (1 if runs < 12 else 2)


def test_a_name_does_nothing_to_a_terminal() -> None:
    assert text_table([["", "a\x1b[31m\nb"], ["x", "1"]])[0].strip() == r"a\x1b[31m\nb"
