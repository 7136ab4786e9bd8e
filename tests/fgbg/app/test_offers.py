from pathlib import Path

import pytest

from fgbg.app.offers import (
    find_datasets,
    find_networks,
    find_runs,
    require_inside,
    require_places,
    require_something,
)
from generator.errors import DatasetError, UsageError


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder of runs, with links to a file outside of the folder."""
    for name in ("runs/a/log", "runs/b/log", "runs/.hidden", "outside/log"):
        (tmp_path / name).mkdir(parents=True)
    for name in (
        *(
            "runs/last.pt",
            "runs/a/best.pt",
            "runs/a/last.pt",
            "runs/b/small.onnx",
            "runs/b/Small.safetensors",
            "runs/.hidden/best.pt",
        ),
        *("runs/a/log/metrics.csv", "runs/notes.txt", "outside/secret", "outside/best.pt"),
        "outside/log/metrics.csv",
    ):
        (tmp_path / name).write_text("x")
    return tmp_path / "runs"


def names(offers: dict[str, Path], place: Path) -> list[str]:
    assert all(name == path.as_posix() for name, path in offers.items())
    return [path.relative_to(place).as_posix() for path in offers.values()]


def test_networks_of_a_folder_and_of_its_folders(place: Path) -> None:
    assert names(find_networks([place]), place) == [
        "last.pt",
        "a/best.pt",
        "a/last.pt",
        "b/Small.safetensors",
        "b/small.onnx",
    ]
    assert names(find_networks([place / "a" / "last.pt", place / "a"]), place) == ["a/last.pt", "a/best.pt"]
    assert not find_networks([place / "nowhere"])


def test_runs_have_a_table_of_epochs(place: Path) -> None:
    assert names(find_runs([place]), place) == ["a"]
    assert names(find_runs([place / "a"]), place) == ["a"]


def test_links_are_not_followed_out(place: Path) -> None:
    (place / "best.pt").symlink_to("../outside/secret")
    (place / "b" / "best.pt").symlink_to(place / "a" / "best.pt")
    (place / "c").symlink_to("../outside")
    (place / "b" / "log" / "metrics.csv").symlink_to("../../../outside/log/metrics.csv")
    found = names(find_networks([place]), place)
    assert found == ["last.pt", "a/best.pt", "a/last.pt", "b/best.pt", "b/Small.safetensors", "b/small.onnx"]
    assert names(find_runs([place]), place) == ["a"]


def test_a_link_that_the_user_named_is_followed(place: Path) -> None:
    (place / "named").symlink_to("../outside")
    assert names(find_networks([place / "named"]), place) == ["named/best.pt"]


def test_datasets(place: Path, unrendered: Path, tmp_path: Path) -> None:
    (place / "linked").symlink_to(unrendered)
    assert not find_datasets([place])
    assert list(find_datasets([unrendered, tmp_path])) == [unrendered.as_posix()]
    require_inside(unrendered)


def test_a_dataset_with_a_link_out_is_refused(unrendered: Path, tmp_path: Path) -> None:
    for path in unrendered.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    shard = next(tmp_path.glob("val-*.h5"))
    shard.unlink()
    shard.symlink_to(unrendered / shard.name)
    with pytest.raises(DatasetError, match=r"val-00000\.h5 is a link that leads out of the dataset\. Put"):
        require_inside(tmp_path)


def test_places_must_exist_and_hold_something(place: Path, tmp_path: Path) -> None:
    require_places([place])
    with pytest.raises(UsageError, match=r"nowhere does not exist\. Check the path\."):
        require_places([place, tmp_path / "nowhere"])
    require_something([place], [])
    with pytest.raises(UsageError, match="hold neither a network nor a dataset"):
        require_something([place / "b" / "log"], [tmp_path])
