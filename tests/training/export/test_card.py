"""The card beside an exported network."""

from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from training.export.card import RUN_MARK
from training.export.config import NetworkExportConfig
from training.export.pipeline import NetworkExport, export_network
from training.records.run_files import CARD

from .conftest import Save

OF_RUN = f"""---
library_name: fgbg
---

{RUN_MARK}

# my run

Words.

## Use

`best.pt`

```
## no heading
```

## Mine

Kept.

## Licence

Of the run.
"""


def export(folder: Path, overwrite: bool = False, **fields: object) -> NetworkExport:
    config = NetworkExportConfig(**{"checkpoint": folder, "format": "safetensors", **fields})
    return export_network(config, overwrite)


def test_it_is_the_card_of_the_run_with_the_name_of_the_file(save: Save, tmp_path: Path) -> None:
    save()
    (tmp_path / CARD).write_text(OF_RUN)
    outcome = export(tmp_path, out=tmp_path / "deep" / "net.safetensors")
    assert outcome.card == tmp_path / "deep" / "net.safetensors.model-card.md"
    text = outcome.card.read_text()
    assert ModelCard.load(outcome.card).data.library_name == "fgbg"
    assert "# my run\n\nWords.\n\n## Use\n\n`net.safetensors` was exported from `best.pt`" in text
    assert 'Predictor.load("net.safetensors")("photo.jpg", bg="background.jpg")' in text
    assert text.endswith("## Mine\n\nKept.\n\n## Licence\n\nOf the run.\n")
    assert RUN_MARK not in text and (tmp_path / CARD).read_text() == OF_RUN
    assert export(tmp_path, licence="CC0").card == tmp_path / "best.safetensors.model-card.md"
    assert (tmp_path / "best.safetensors.model-card.md").read_text().endswith("## Licence\n\nCC0\n")


@pytest.mark.parametrize("claimed", [False, True])
def test_a_card_that_somebody_keeps_stays(save: Save, tmp_path: Path, claimed: bool) -> None:
    save()
    card = export(tmp_path).card
    assert card is not None
    kept = "my own" if claimed else card.read_text().replace("# best", "# changed")
    card.write_text(kept)
    assert (export(tmp_path, overwrite=True).card is None) == claimed
    assert (card.read_text() == kept) == claimed
    (tmp_path / "best.safetensors").unlink()
    assert (export(tmp_path).card is None) == claimed


def test_without_a_card_of_the_run_it_says_what_is_known(save: Save, tmp_path: Path) -> None:
    save(inputs=3, depth_head=False)
    outcome = export(tmp_path)
    assert outcome.card is not None
    text = outcome.card.read_text()
    assert '("photo.jpg")\npredicted.mask\n' in text and "# best\n" in text
    assert text.endswith(f"## Licence\n\n{outcome.licence}\n")
    again = export(outcome.path, out=tmp_path / "b.safetensors").card
    assert again is not None and "`b.safetensors` was exported from `best.safetensors`" in again.read_text()
    assert "# best\n" in again.read_text()
