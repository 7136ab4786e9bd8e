import importlib

import pytest

from generator.label_formats.formats import FORMATS


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_lists_a_source(name: str) -> None:
    module = importlib.import_module(f"generator.label_formats.{name.replace('-', '_')}")
    assert callable(module.list_source)
    assert FORMATS[name]
