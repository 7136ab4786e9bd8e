from pathlib import Path

import pytest
from pydantic import BaseModel

from generator.format.sealed_lines import (
    append_line,
    read_lines,
    seal,
    seal_text,
    take_whole,
    unseal,
    write_lines,
)


class Count(BaseModel):
    count: int


class Name(BaseModel):
    name: str


def counts_in(path: Path) -> list[int]:
    return [line.count for line in take_whole(read_lines(path), lambda text: unseal(text, Count))]


def test_a_line_ends_with_its_hash() -> None:
    assert seal(Count(count=3)) == b'{"count":3,"line":"dcd958e8547923de54480ca7cf2e6f69"}\n'
    assert seal_text(b'{"count":3}') == seal(Count(count=3))


def test_a_line_is_of_one_kind() -> None:
    line = seal(Count(count=3)).rstrip(b"\n")
    assert unseal(line, Count) == Count(count=3) and unseal(line, Name) is None


@pytest.mark.parametrize("durable", [True, False])
def test_lines_come_back_in_order(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "lines"
    assert read_lines(path) == read_lines(path / "below a file that is missing") == []
    write_lines(path, [Count(count=1), Count(count=2)])
    append_line(path, Count(count=3), durable)
    assert counts_in(path) == [1, 2, 3]


def test_no_line_counts_after_one_that_changed(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    write_lines(path, [Count(count=number) for number in range(3)])
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b'"count":1', b'"count":7'))
    assert counts_in(path) == [0]
    path.write_bytes(whole[:-3])
    assert counts_in(path) == [0, 1]
