from pathlib import Path

import pytest

from generator.errors import AssetError, ConfigError
from generator.networks.onnx_file import OnnxFile, split_scaling


def test_the_scaling_is_what_follows_the_question_mark() -> None:
    assert split_scaling("nets/a.onnx?normalise=half", "`network`", ["half", "imagenet"]) == (
        Path("nets/a.onnx"),
        "half",
    )
    assert split_scaling("a.onnx", "`network`", ["half"]) == (Path("a.onnx"), None)


def test_an_unknown_scaling_is_refused() -> None:
    with pytest.raises(ConfigError, match="question mark"):
        split_scaling("a.onnx?normalise=other", "`network`", ["half"])


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match="does not exist"):
        OnnxFile(tmp_path / "a.onnx", "`network`", "give another network")
    with pytest.raises(AssetError, match="is a folder"):
        OnnxFile(tmp_path, "`network`", "give another network")
