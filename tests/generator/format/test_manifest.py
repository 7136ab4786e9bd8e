import json
import os
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from generator.errors import DatasetError
from generator.format.manifest import ClassMask, read_manifest
from generator.format.records import BankEntry, Sums


@pytest.mark.parametrize("name", ["../bank.h5", "/etc/x.h5", "a/b.h5", "..h5", "bank.h5\n", "x.txt", ".h5"])
def test_file_names_stay_in_the_folder(name: str) -> None:
    with pytest.raises(ValidationError):
        BankEntry(file=name, bytes=1, blake3="0" * 64)


def test_sums_give_mean_and_deviation() -> None:
    values = np.array([0.25, 0.5, 0.75, 0.9])
    parts = [
        Sums(sum=[float(v.sum())], squares=[float((v**2).sum())], count=len(v))
        for v in (values[:1], values[1:])
    ]
    moments = (parts[0] + parts[1]).moments()
    assert moments.mean == pytest.approx([values.mean()]) and moments.std == pytest.approx([values.std()])


def test_a_missing_manifest_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(
        DatasetError, match=r"nowhere does not exist\. Run 'fgbg generate' or 'fgbg import' first"
    ):
        read_manifest(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match=r"holds no dataset \(dataset\.json is missing\)\. Run 'fgbg gen"):
        read_manifest(tmp_path)
    (tmp_path / "bank.h5").touch()
    with pytest.raises(
        DatasetError, match=r"holds an unfinished dataset\. Run 'fgbg generate' or 'fgbg import' again"
    ):
        read_manifest(tmp_path)


@pytest.mark.parametrize("text", ["", "{}", '{"format": "fgbg-dataset", "version": 3}', "\xff"])
def test_a_foreign_manifest_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "dataset.json").write_text(text, encoding="latin-1")
    with pytest.raises(DatasetError, match="expected a dataset of format version 1 or 2"):
        read_manifest(tmp_path)


def test_a_manifest_that_says_another_id_is_refused(unrendered: Path, tmp_path: Path) -> None:
    text = (unrendered / "dataset.json").read_text()
    for old, new in (('"seed": 5', '"seed": 6'), ('"hash": "', '"hash": "0'), ('"fg000', '"xg000')):
        assert old in text
        changed = text.replace(old, new, 1)
        if old == '"hash": "':
            place = text.index(old) + len(old)
            changed = text[:place] + ("1" if text[place] != "1" else "2") + text[place + 1 :]
        (tmp_path / "dataset.json").write_text(changed)
        with pytest.raises(DatasetError, match=r"expected id \w+\.\.\., as its config and pictures give"):
            read_manifest(tmp_path)
    (tmp_path / "dataset.json").write_text(text)
    read_manifest(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes as POSIX has them")
def test_a_named_pipe_keeps_no_reader_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "dataset.json")
    with pytest.raises(DatasetError, match="found a named pipe, not a file"):
        read_manifest(tmp_path)


def test_classes_need_pixels_and_a_colour_each(unrendered: Path, rendered: Path, tmp_path: Path) -> None:
    stored = json.loads((rendered / "dataset.json").read_text())
    stored["mask"] = ClassMask(names=["a", "b"], colours=[[0, 0, 0], [9, 9, 9]]).model_dump()
    for wrong, message in (
        ({"storage": "unrendered"}, "classes need stored pixels"),
        ({"mask": stored["mask"] | {"colours": stored["mask"]["colours"][1:]}}, "one for each name"),
        ({"mask": stored["mask"] | {"kind": "labels"}}, "mask"),
    ):
        (tmp_path / "dataset.json").write_text(json.dumps(stored | wrong))
        with pytest.raises(DatasetError, match=message):
            read_manifest(tmp_path)
    (tmp_path / "dataset.json").write_text(json.dumps(stored))
    assert read_manifest(tmp_path).mask.kind == "classes"
    assert read_manifest(unrendered).mask.kind == "alpha"
