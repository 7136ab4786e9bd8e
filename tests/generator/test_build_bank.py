"""A bank is built in two calls: the first writes pixels, the second tables and header."""

import json
from pathlib import Path

import pytest

from generator.assets.listing import list_assets
from generator.bank_layout import count_sprites, is_bank_of
from generator.build_bank import build_bank, finish_bank
from generator.config import GenerateConfig
from generator.drawing.write import DrawnSamples
from generator.errors import UnusableAssetsError
from generator.format.bank import Bank


@pytest.fixture
def config(assets: DrawnSamples) -> GenerateConfig:
    return GenerateConfig(fg=assets.fg, bg=assets.bg, size=(32, 24), fg_size=12, shadow=0.5)


def test_a_bank_is_whole_after_the_second_call(config: GenerateConfig, tmp_path: Path) -> None:
    fgs, bgs = list_assets(config.fg)[:3], list_assets(config.bg)[:2]
    path = tmp_path / "bank.h5"
    decoded = build_bank(path, config, fgs, bgs, [None, None], workers=1, network=None)
    assert (len(decoded.fg_hashes), len(decoded.bg_hashes)) == (3, 2)
    assert decoded.depth_sources == ["plane", "plane"]
    assert len(decoded.sprite_sizes) == count_sprites(config, 3) == 3 + 10  # shadows: 3 to 12 pixels wide
    finish_bank(path, config, decoded, {"made": "for a test"})
    bank = Bank.open(path)
    assert json.loads(bank.header.tobytes()) == {"made": "for a test"} and bank.objects == 3
    assert is_bank_of(bank, config, 3, 2) and not is_bank_of(bank, config, 2, 2)


def test_every_bad_picture_is_named(config: GenerateConfig, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no picture")
    (tmp_path / "b.png").write_text("no picture")
    good = list_assets(config.fg)[0]
    with pytest.raises(UnusableAssetsError) as raised:
        fgs = [tmp_path / "a.png", good, tmp_path / "b.png"]
        build_bank(tmp_path / "bank.h5", config, fgs, [], [], workers=1, network=None)
    assert [path.name for path in raised.value.problems] == ["a.png", "b.png"]
