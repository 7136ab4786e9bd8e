"""`--config`: the contents of a TOML file, and messages about mistakes in it."""

import os
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from fgbg.cli import main
from fgbg.config_file import fill_defaults


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
        ("[train]\nmodel = 5", "[train] model: expected unet, unet-elu, conv-deconv, found 5"),
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
