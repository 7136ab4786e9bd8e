import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import UsageError
from generator.label_formats.patterns import Pattern, is_pattern


def readings(text: str, path: str) -> list[dict[str, str]]:
    pattern = Pattern("images", text)
    return [dict(zip(pattern.names, values, strict=True)) for values in pattern.readings(path)]


def test_names_in_braces_are_text_without_slash() -> None:
    assert readings("{a}_{id}.png", "um_000000.png") == [{"a": "um", "id": "000000"}]
    assert readings("{a}_{id}.png", "sub/um_1.png") == []
    assert readings("{city}/{id}_rgb.png", "bonn/01_rgb.png") == [{"city": "bonn", "id": "01"}]
    assert readings("{id}.png", ".png") == []


def test_a_dot_and_a_plus_are_themselves() -> None:
    assert readings("a+b.{id}.png", "a+b.1.png") == [{"id": "1"}]
    assert readings("a+b.{id}.png", "aab.1.png") == []
    assert readings("a+b.{id}.png", "a+bx1.png") == []


def test_all_ways_to_read_a_path() -> None:
    assert readings("{bg}_{n}", "my_room_7") == [{"bg": "my", "n": "room_7"}, {"bg": "my_room", "n": "7"}]
    assert readings("{id}/{id}_left.png", "7/7_left.png") == [{"id": "7"}]
    assert readings("{id}/{id}_left.png", "7/8_left.png") == []


def test_wildcards() -> None:
    assert readings("{id}.*", "a.b.png") == [{"id": "a"}, {"id": "a.b"}]
    assert readings("**/{id}.png", "a.png") == [{"id": "a"}]
    assert readings("**/{id}.png", "x/y/a.png") == [{"id": "a"}]
    assert readings("*/{id}.png", "x/y/a.png") == []
    assert readings("{seq}/**", "x/y/a.png") == [{"seq": "x"}]


@given(st.lists(st.text("ab_", min_size=1, max_size=3), min_size=2, max_size=3))
def test_the_texts_that_made_a_path_are_among_its_readings(texts: list[str]) -> None:
    names = "xyz"[: len(texts)]
    pattern = "_".join(f"{{{name}}}" for name in names)
    found = readings(pattern, "_".join(texts))
    assert dict(zip(names, texts, strict=True)) in found
    assert all("_".join(values.values()) == "_".join(texts) for values in found)
    assert len({tuple(values.values()) for values in found}) == len(found)


def test_the_head_is_what_needs_no_looking() -> None:
    assert Pattern("masks", "gt/image_2/{a}_{id}.png").head == "gt/image_2/"
    assert Pattern("masks", "{id}.png").head == ""
    assert Pattern("masks", "masks/a{id}.png").head == "masks/"
    assert Pattern("masks", "../other/*/{id}.png").head == "../other/"


@pytest.mark.parametrize("text", ["{a b}.png", "{}.png", "a{b.png", "a}b.png", "a**/{id}.png", "{a.b}.png"])
def test_other_braces_and_stars_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"`masks`: expected names in braces like \{id\}, .* found "):
        Pattern("masks", text)


def test_what_is_a_pattern() -> None:
    assert is_pattern("images/{id}.png") and is_pattern("*.png") and not is_pattern("images/a [1].png")


def test_files_are_pictures_unless_the_pattern_names_a_kind(tmp_path: Path) -> None:
    for name in ("m/a.png", "m/a.json", "m/sub/b.PNG", "m/a.npy", "m/.hidden.png", "other/c.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    def listed(pattern: Pattern) -> list[str]:
        return sorted(below for below, _ in pattern.files(tmp_path, []))

    assert listed(Pattern("masks", "m/{id}.*")) == ["a.png", "sub/b.PNG"]
    assert listed(Pattern("depth", "m/{id}.*")) == ["a.npy", "a.png", "sub/b.PNG"]
    assert "a.json" in listed(Pattern("masks", "m/{id}.json"))
    assert list(Pattern("masks", "nowhere/{id}.png").files(tmp_path, [])) == []
    files = dict(Pattern("masks", "m/{id}.*").files(tmp_path, []))
    assert files["sub/b.PNG"] == tmp_path / "m" / "sub" / "b.PNG"


def test_the_folder_may_be_the_one_that_the_command_runs_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "a.png").touch()
    monkeypatch.chdir(tmp_path)
    assert [below for below, _ in Pattern("masks", "{folder}/{id}.png").files(Path(), [])] == ["m/a.png"]
    assert [below for below, _ in Pattern("masks", "m/{id}.png").files(Path(), [])] == ["a.png"]
    assert os.sep == "/" or Pattern("masks", "m\\{id}.png").head == "m/"
