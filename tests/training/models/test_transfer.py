import pytest
import torch

from training.models import Architecture, Network, build_model
from training.models.transfer import transfer


def network(seed: int, **fields: object) -> Network:
    torch.manual_seed(seed)
    return build_model(Architecture(**{"model": "unet", "widths": (4, 8), **fields})).eval()  # type: ignore[arg-type]


def test_the_same_network_takes_all_weights() -> None:
    one, other = network(0), network(1)
    found = transfer(other, one.state_dict())
    assert found.new == () and "mask_head" in found.taken
    picture = torch.rand(1, 6, 16, 16)
    assert torch.equal(one(picture).mask_logits, other(picture).mask_logits)


def test_a_head_of_other_classes_is_new_and_all_else_is_taken() -> None:
    one, other = network(0), network(1, classes=3, depth=False)
    before = other.mask_head.weight.clone()
    found = transfer(other, one.state_dict())
    assert found.new == ("mask_head",) and found.has_features
    assert torch.equal(other.mask_head.weight, before)
    picture = torch.rand(1, 6, 16, 16)
    assert torch.equal(one.features(picture), other.features(picture))


def test_a_head_of_another_meaning_can_be_left_out() -> None:
    found = transfer(network(1), network(0).state_dict(), leave_out=["mask_head"])
    assert found.new == ("mask_head",)


@pytest.mark.parametrize("fields", [{}, {"encoder": "resnet18", "widths": (4, 4, 4, 4, 8)}])
def test_a_network_for_pictures_alone_answers_the_same_as_one_for_both_without_background(
    fields: dict[str, object],
) -> None:
    for inputs in ((3, 6), (6, 3)):
        one, other = (network(seed, inputs=number, **fields) for seed, number in enumerate(inputs))
        assert transfer(other, one.state_dict()).new == ()
        fg_bg = torch.rand(1, 3, 64, 64) * 2 - 1
        both = torch.cat([torch.zeros_like(fg_bg), fg_bg], dim=1)
        first, second = (each(both if each.inputs == 6 else fg_bg).mask_logits for each in (one, other))
        if not fields or inputs == (3, 6):
            assert torch.allclose(first, second, atol=1e-6)
        else:  # an absent background is not 0 to an encoder with its own scale
            assert first.shape == second.shape


def test_nothing_of_another_network_is_taken() -> None:
    found = transfer(network(1, model="conv-deconv"), network(0, model="unet-elu").state_dict())
    assert not found.has_features and set(found.taken) == {"mask_head", "depth_head"}
