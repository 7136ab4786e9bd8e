from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from generator.errors import ConfigError, UsageError
from generator.strict_config import StrictConfig, first_fault


class Inner(BaseModel):
    sizes: tuple[int, int]


class Record(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    kind: Literal["alpha", "classes"]
    inner: Inner
    count: int = 0

    @field_validator("count")
    @classmethod
    def _check(cls, count: int) -> int:
        if count == 7:
            raise ValueError("7 is taken")
        return count


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"inner": {"sizes": [1, 2]}}', "kind: missing"),
        ('{"kind": "alpha", "inner": {}}', "inner.sizes: missing"),
        ('{"kind": "alpha", "inner": {"sizes": [1, 2]}, "more": 1}', "more: unknown"),
        ('{"kind": "x", "inner": {"sizes": [1, 2]}}', "kind: not 'alpha' or 'classes'"),
        ('{"kind": "alpha", "inner": {"sizes": [1, 2]}, "count": 7}', "count: 7 is taken"),
        ('{"kind": "alpha", "inner": {"sizes": [1, 2]}, "count": "x"}', "count: not a valid integer"),
        ("{", "text that is no JSON"),
    ],
)
def test_a_fault_of_a_record_is_said_in_a_few_plain_words(text: str, fault: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Record.model_validate_json(text)
    assert first_fault(raised.value) == fault


class Paths(StrictConfig):
    out: Path
    load: Path | None = None
    text: str = ""

    def __init__(self, /, **fields: Any) -> None:
        super().__init__(**fields)


def test_a_url_is_no_path_of_this_machine() -> None:
    with pytest.raises(ConfigError, match=r"`out`: expected a path of this machine, found the URL s3://b/d;"):
        Paths(out="s3://b/d")
    with pytest.raises(ConfigError, match="`load`"):
        Paths(out="here", load="s3://b/last.pt")
    with pytest.raises(UsageError, match="is a URL that was made a Path"):
        Paths(out=Path("s3://b/d"))
    found = Paths(out="file:///here/out", load=Path("a:b"), text="s3://b/d")
    assert found == Paths(out=Path("/here/out"), load="a:b", text="s3://b/d")
