import itertools
from pathlib import Path

import pytest

from fgbg.predictor.result_names import plan_results
from fgbg.predictor.sources import Given

OUT = Path("/out")


def planned(*pictures: str, out: Path = OUT, others: tuple[Path, ...] = ()) -> dict[str, str]:
    """Base names of the results of pictures, by FOLDER:NAME. Their order must have no effect."""
    given = [
        Given(Path(folder), Path(name)) for folder, _, name in (text.partition(":") for text in pictures)
    ]
    bases = dict(zip(pictures, plan_results(given, out, others), strict=True))
    for order in itertools.islice(itertools.permutations(range(len(given))), 24):
        again = plan_results([given[number] for number in order], out, others)
        assert again == [bases[pictures[number]] for number in order]
    return {picture: base.relative_to(out).as_posix() for picture, base in bases.items()}


def test_names_lose_their_suffix_and_keep_subfolders() -> None:
    assert planned("/a:q.jpg", "/a:sub/q.jpg", "/a:r.x.png") == {
        "/a:q.jpg": "q",
        "/a:sub/q.jpg": "sub/q",
        "/a:r.x.png": "r.x",
    }


def test_equal_names_of_one_folder_keep_their_suffix() -> None:
    assert planned("/a:q.jpg", "/a:q.png", "/a:q.jpg.png", "/a:r.png") == {
        "/a:q.jpg": "q.jpg",
        "/a:q.png": "q.png",
        "/a:q.jpg.png": "q.jpg.png",
        "/a:r.png": "r",
    }


def test_equal_names_of_several_folders_keep_their_folder() -> None:
    assert planned("/x/a:1.jpg", "/x/b:1.jpg", "/x/b:2.jpg") == {
        "/x/a:1.jpg": "a/1",
        "/x/b:1.jpg": "b/1",
        "/x/b:2.jpg": "2",
    }
    assert planned("/x/in:1.jpg", "/y/in:1.jpg") == {"/x/in:1.jpg": "x/in/1", "/y/in:1.jpg": "y/in/1"}
    assert planned("/a:1.jpg", "/a:1.png", "/b:1.jpg", "/b:1.png") == {
        "/a:1.jpg": "a/1.jpg",
        "/a:1.png": "a/1.png",
        "/b:1.jpg": "b/1.jpg",
        "/b:1.png": "b/1.png",
    }


@pytest.mark.parametrize(
    ("one", "other"), [("Q", "q"), ("caf\u00e9", "cafe\u0301"), ("STRASSE", "stra\u00dfe")]
)
def test_names_that_some_systems_do_not_tell_apart_are_told_apart(one: str, other: str) -> None:
    first, second = sorted([f"/a:{one}.jpg", f"/a:{other}.jpg"])
    assert planned(first, second) == {first: first[3:-4], second: f"{second[3:]}.2"}
    assert planned(f"/a:{one}.jpg", f"/b:{other}.png") == {
        f"/a:{one}.jpg": f"{one}.jpg",
        f"/b:{other}.png": f"{other}.png",
    }


def test_no_result_takes_the_place_of_a_picture_or_a_background(tmp_path: Path) -> None:
    folder = str(tmp_path)
    assert planned(f"{folder}:n.jpg", f"{folder}:n.mask.png", out=tmp_path) == {
        f"{folder}:n.jpg": "n.jpg",
        f"{folder}:n.mask.png": "n.mask",
    }
    assert planned(f"{folder}:n.jpg", out=tmp_path, others=(tmp_path / "N.Overlay.png",)) == {
        f"{folder}:n.jpg": "n.jpg"
    }


def test_names_without_a_stem_or_suffix() -> None:
    assert planned("/a:..jpg", "/a:.jpg", "/a:plain") == {
        "/a:..jpg": "..jpg",
        "/a:.jpg": ".jpg",
        "/a:plain": "plain",
    }


def test_many_pictures_are_planned_at_once() -> None:
    given = [Given(Path(f"/x/{folder}"), Path(f"{number}.jpg")) for folder in "ab" for number in range(2500)]
    assert len(set(plan_results(given, OUT))) == 5000
