"""The real package rembg runs an exported network."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from training.export.model import join_rembg

from .conftest import PixelNetwork, convert_pixels, random_picture


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::SyntaxWarning")
def test_rembg_runs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        # rembg imports pymatting, which would compile functions that are not needed here, for a minute.
        patch.setattr("numba.config.DISABLE_JIT", True)
        from rembg import new_session, remove

    network = PixelNetwork(depth=False).eval()
    with torch.no_grad():
        network.mask_head.weight *= 0.1  # a soft mask, which stretching would change
        network.mask_head.weight[0, 3] = 0.5
    model = join_rembg(convert_pixels(network), network, 320)
    path = tmp_path / "models" / "best.rembg.onnx"
    path.parent.mkdir()
    path.write_bytes(model.SerializeToString())
    monkeypatch.setenv("U2NET_HOME", str(path.parent))  # rembg reads networks from its own folder only
    session = new_session("u2net_custom", model_path=str(path))
    picture = random_picture(320, 320)
    picture[0, 0] = 255  # rembg divides by the largest value
    image = Image.fromarray(picture)
    (mask,) = session.predict(image)
    tensor = torch.from_numpy(picture).permute(2, 0, 1)[None] / 127.5 - 1
    with torch.no_grad():
        wanted = network(torch.cat([torch.zeros_like(tensor), tensor], dim=1)).mask_logits.sigmoid()
    levels = (wanted[0, 0] * 255).byte().numpy()
    assert 40 < levels.min() < levels.max() < 230
    wrong = np.abs(np.asarray(mask).astype(int) - levels) > 1
    assert wrong.sum() <= 2  # the two pixels that keep rembg from stretching
    assert remove(image, session=session).mode == "RGBA"
