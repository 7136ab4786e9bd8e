import pytest
import torch

from training.inference import infer
from training.models import UNet


@pytest.fixture
def pictures() -> tuple[torch.Tensor, torch.Tensor]:
    bg, fg_bg = torch.rand(2, 2, 3, 8, 12, generator=torch.Generator().manual_seed(0)) * 2 - 1
    return bg, fg_bg


@torch.no_grad()
def test_a_background_stands_first_and_an_absent_one_is_zeros(
    pictures: tuple[torch.Tensor, torch.Tensor],
) -> None:
    bg, fg_bg = pictures
    network = UNet((4, 8)).eval()
    assert torch.equal(infer(network, bg, fg_bg)[0], network(torch.cat([bg, fg_bg], dim=1))[0])
    absent = network(torch.cat([torch.zeros_like(bg), fg_bg], dim=1))
    assert torch.equal(infer(network, None, fg_bg)[1], absent[1])
    alone = UNet((4, 8), inputs=3).eval()
    assert torch.equal(infer(alone, bg, fg_bg)[0], alone(fg_bg)[0])


@torch.no_grad()
@pytest.mark.parametrize("depth", [True, False])
def test_with_mirror_images_the_answer_turns_with_the_picture(
    pictures: tuple[torch.Tensor, torch.Tensor], depth: bool
) -> None:
    bg, fg_bg = pictures
    network = UNet((4, 8), depth=depth).eval()
    found = infer(network, bg, fg_bg, mirror=True)
    turned = infer(network, bg.flip(-1), fg_bg.flip(-1), mirror=True)
    assert torch.allclose(found.mask_logits, turned.mask_logits.flip(-1), atol=1e-6)
    assert not torch.allclose(found.mask_logits, infer(network, bg, fg_bg).mask_logits, atol=1e-6)
    assert (found.depth is not None) == depth


@torch.no_grad()
def test_a_lower_precision_is_answered_in_float32(pictures: tuple[torch.Tensor, torch.Tensor]) -> None:
    network = UNet((4, 8)).eval()
    found = infer(network, *pictures, autocast=lambda: torch.autocast("cpu", dtype=torch.bfloat16))
    whole = infer(network, *pictures)
    for one, other in zip(found, whole, strict=True):
        assert one.dtype == torch.float32 and not torch.equal(one, other)
        assert torch.allclose(one, other, atol=0.1)
