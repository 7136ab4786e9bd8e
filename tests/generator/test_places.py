from pathlib import Path

import pytest

from generator.cache_folder import cache_folder, working_folder
from generator.config import GenerateConfig
from generator.errors import UsageError
from generator.places import Url, as_place, is_url


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("data/shards", Path("data/shards")),
        ("C:\\data", Path("C:\\data")),
        ("s3://bucket/data/", Url("s3://bucket/data")),
        ("memory://", Url("memory://")),
        ("simplecache::s3://bucket/data", Url("simplecache::s3://bucket/data")),
        ("file:///data/shards", Path("/data/shards")),
    ],
)
def test_text_is_a_folder_of_this_machine_or_a_url(given: str, expected: Path | Url) -> None:
    found = as_place(given)
    assert found == expected and type(found) is type(expected)


def test_a_name_is_joined_without_losing_a_slash() -> None:
    joined = Url("s3://bucket/data") / "dataset.json"
    assert joined == "s3://bucket/data/dataset.json" and type(joined) is Url


def test_a_path_that_was_a_url_is_refused() -> None:
    with pytest.raises(
        UsageError, match=r"s3:/bucket/data is a URL that was made a Path. Give the URL as text"
    ):
        as_place(Path("s3://bucket/data"))


def test_a_folder_whose_name_ends_in_a_colon_is_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("ab:").mkdir()
    assert as_place(Path("ab:/data")) == Path("ab:/data")


def test_a_drive_is_no_url() -> None:
    assert not is_url("C://data")


def test_a_config_keeps_a_url_as_text() -> None:
    config = GenerateConfig(out="s3://bucket/data")
    assert (
        config.out == Url("s3://bucket/data") and config.model_dump(mode="json")["out"] == "s3://bucket/data"
    )
    assert GenerateConfig.model_validate_json(config.model_dump_json()) == config
    assert GenerateConfig(out="data").out == Path("data") == GenerateConfig(out=Path("data")).folder


def test_each_url_has_a_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FGBG_CACHE", str(tmp_path))
    one, other = working_folder(Url("s3://bucket/a")), working_folder(Url("s3://bucket/b"))
    assert one != other and one.parent == other.parent == tmp_path / "outputs"
    assert working_folder(tmp_path / "data") == tmp_path / "data"


def test_the_cache_is_the_users_own_unless_they_choose_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FGBG_CACHE", raising=False)
    assert cache_folder("depth").name == "depth" and "fgbg" in cache_folder("depth").parts
