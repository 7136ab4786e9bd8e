"""`--config`: the contents of a TOML file, and messages about mistakes in it."""

import json
import os
import re
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from fgbg.cli import load_command, main
from fgbg.config_file import fill_defaults
from generator.presets import PRESETS
from generator.reading.dataset import open_dataset


def defaults(content: str | bytes, folder: Path) -> dict[str, Any]:
    path = folder / "fgbg.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    ctx = click.Context(main, info_name="fgbg")
    fill_defaults(ctx, main.params[0], path)
    assert ctx.default_map is not None
    return dict(ctx.default_map)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("[train]\nwidths = [8, 8]", {"widths": (8, 8)}),
        ("[train]\nbatch-size = 64\nbg_dropout = 0", {"batch_size": 64, "bg_dropout": 0.0}),
        ("[train]\nres = [48, 96]\nsave-every = 100", {"res": ((48, None), (96, None)), "save_every": "100"}),
        ("[train]\nmask-loss = {dice = 1, bce = 0.5}", {"mask_loss": {"dice": 1.0, "bce": 0.5}}),
        ("[train]\nprecision = 16\ninputs = 3\ncompile = true", {"precision": "16", "inputs": 3}),
        ("[generate]\ngrid = [5, 4]\nsize = [64, 32]", {"grid": (5, 4), "size": (64, 32)}),
        ("[generate]\nsplit = [80, 10, 10]\nflip = false", {"split": (80.0, 10.0, 10.0), "flip": False}),
        ("[generate]\nscale = 0.5\nobjects = [1, 3]", {"scale": (0.5, 0.5), "objects": (1, 3)}),
        ("[cutout]\nforeground = 3", {"foreground": (3,)}),
        ("[cutout]\nforeground = [1, [255, 0, 255]]", {"foreground": (1, (255, 0, 255))}),
        ("[generate]\nfg = '~/fg'\ndepth = 'onnx:~/m.onnx'", {"fg": Path.home() / "fg"}),
    ],
)
def test_natural_values(text: str, read: dict[str, Any], tmp_path: Path) -> None:
    ((name, table),) = defaults(text, tmp_path).items()
    command = main.get_command(click.Context(main), name)
    assert command is not None
    needed = ["."] if name == "cutout" else []
    parsed = command.make_context(name, needed, default_map=table).params
    assert {key: parsed[key] for key in read} == read
    if "depth" in table:
        assert parsed["depth"] == f"onnx:{Path.home()}/m.onnx"


def test_a_byte_order_mark_is_read_over(tmp_path: Path) -> None:
    assert defaults(b"\xef\xbb\xbf[train]\nepochs = 2", tmp_path) == {"train": {"epochs": 2}}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[generate]\npositions = 2.7", "[generate] positions: expected a whole number from 1, found 2.7"),
        ("[generate]\npositions = true", "[generate] positions: expected a whole number from 1, found True"),
        ("[generate]\nflip = 0", "[generate] flip: expected true or false, found 0"),
        ("[train]\nresume = 'yes'", "[train] resume: expected true or false, found 'yes'"),
        ("[train]\nepochs = [1]", "[train] epochs: expected a whole number from 1, found [1]"),
        ("[train]\nepochs = 2026-01-01", "[train] epochs: expected a whole number from 1, found datetime"),
        ("[train.epochs]\nx = 1", "[train] epochs: expected a whole number from 1, found {'x': 1}"),
        ("[train]\nweight-decay = nan", "[train] weight-decay: expected a number from 0 to 1000, found nan"),
        ("[train]\nmodel = 5", "[train] model: expected unet-siam, unet, unet-elu, conv-deconv, found 5"),
        ("[train]\nencoder = ''", "[train] encoder: expected the name of an encoder, found ''"),
        ("[train]\nout = 5", "[train] out: expected a path, found 5"),
        ("[train]\nbatch-size = 1\nbatch_size = 2", "batch_size is there in two spellings"),
        ("[train]\nconfig = 'x'", "found 'config'"),
        ("[train]\nepochs = " + "9" * 5000, "expected TOML in UTF-8, found Exceeds the limit"),
        ("x = " + "[" * 3000, "expected TOML in UTF-8, found"),
        ("[train]\nepochs = 1".encode("utf-16"), "expected TOML in UTF-8, found text in another encoding"),
        ("[[train]]\nepochs = 1", "expected a table for a command"),
        ("['a\\u001b[31m']", "expected a table for a command"),
    ],
)
def test_a_mistake_is_named_in_one_line(content: str | bytes, told: str, tmp_path: Path) -> None:
    path = tmp_path / "fgbg.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    result = CliRunner().invoke(main, ["--config", str(path), "train"])
    assert result.exit_code == 2
    assert told in result.stderr and f"fgbg: {path}" in result.stderr
    assert len(result.stderr.splitlines()) == 1 and "\x1b" not in result.stderr


@pytest.mark.parametrize("kind", ["nothing", "folder", "pipe", "huge"])
def test_what_is_no_file_is_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "fgbg.toml"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        if not hasattr(os, "mkfifo"):
            pytest.skip("no named pipes here")
        os.mkfifo(path)
    elif kind == "huge":
        path.write_bytes(b"#" * 2**21)
    result = CliRunner().invoke(main, ["--config", str(path), "train"])
    assert result.exit_code == 2 and str(path) in result.stderr and len(result.stderr.splitlines()) == 1


PRESET = ["--preset", "photo"]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("in_file", [False, True])
def test_flags_win_over_the_file_and_the_file_over_the_preset(
    order: int, in_file: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PRESETS, "photo", {"scale": (0.5, 2.0), "truncate": 0.5, "shadow": 0.5})
    path = tmp_path / "fgbg.toml"
    path.write_text("[generate]\ntruncate = 0.3\nshadow = 0.3\n" + in_file * "preset = 'photo'\n")
    given = [["--shadow", "0.1"], ["--config", str(path)], *([] if in_file else [PRESET])][::order]
    arguments = [part for pair in given for part in pair]
    fgbg = click.Context(main, info_name="fgbg")
    read = load_command("generate").make_context("generate", arguments, parent=fgbg).params
    assert (read["scale"], read["truncate"], read["shadow"], read["empty"]) == ((0.5, 2), 0.3, 0.1, 0)


def test_a_file_before_the_command_a_file_behind_it_and_a_preset_add_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PRESETS, "photo", {"scale": (0.5, 2.0), "truncate": 0.5})
    first, second = tmp_path / "first.toml", tmp_path / "second.toml"
    first.write_text("[generate]\ntruncate = 0.3\nempty = 0.3\n")
    second.write_text("[generate]\nempty = 0.2\n")
    arguments = ["--config", str(first), "generate", *PRESET, "--config", str(second), "--help"]
    text = " ".join(CliRunner().invoke(main, arguments).output.split())
    for name, default in (("--scale", "0.5-2"), ("--truncate", "0.3"), ("--empty", "0.2")):
        found = re.search(rf" {name} .*?\[default: (.*?)\]", text)
        assert found and found[1] == default, name


def test_an_unknown_preset_names_the_known_ones() -> None:
    result = CliRunner().invoke(main, ["generate", "--preset", "photos"])
    assert result.exit_code == 2
    assert "--preset: expected photo, found 'photos'; did you mean 'photo'?" in result.stderr


def test_the_values_of_a_preset_are_stored_and_told(request_fields: dict[str, Any], tmp_path: Path) -> None:
    folders = [f"--{name}={request_fields[name]}" for name in ("fg", "bg")]
    size = ["--size", "32", "--samples", "20", "--no-render", "--scale", "0.5-1"]
    result = CliRunner().invoke(main, ["generate", *folders, *size, *PRESET, "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    stored = open_dataset(tmp_path / "out").manifest.config
    values = {**PRESETS["photo"], "scale": (0.5, 1.0)}
    assert stored == {**stored, **json.loads(json.dumps(values))}
    assert "preset photo: scale 0.5-1, objects 1-3\n" in result.output
