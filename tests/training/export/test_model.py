"""The ONNX graphs around a network. The network itself is written by hand, in torch and in ONNX."""

import numpy as np
import onnx
import pytest
import torch

from generator.format.manifest import AlphaMask, ClassMask
from training.export.agreement import largest_difference, largest_difference_in_rembg, open_session
from training.export.model import REMBG_SIDE, join_contract, join_rembg
from training.target import target_of

from .conftest import PixelNetwork, convert_pixels, random_picture

CLASSES = ClassMask(names=["sky", "road", "car"], colours=[[0, 0, 0], [1, 1, 1], [2, 2, 2]])


@pytest.mark.parametrize(("inputs", "depth"), [(6, True), (6, False), (3, True), (3, False)])
@pytest.mark.parametrize("entry", [AlphaMask(), CLASSES], ids=["alpha", "classes"])
def test_it_gives_the_numbers_of_torch(inputs: int, depth: bool, entry: AlphaMask | ClassMask) -> None:
    target = target_of(entry)
    network = PixelNetwork(inputs, target.channels, depth).eval()
    model = join_contract(convert_pixels(network), network, entry, 20)
    onnx.checker.check_model(model, full_check=True)
    largest, mean = largest_difference(model, network, target, 20)
    assert largest < 1e-5 and mean < 1e-6
    assert [entry.name for entry in model.graph.output] == (["mask", "depth"] if depth else ["mask"])
    assert len(model.graph.input) == (3 if inputs == 6 else 1)
    assert [(used.domain, used.version) for used in model.opset_import] == [("", 18)]
    # A wrong background or scaling would change the result.
    with torch.no_grad():
        network.mask_head.weight[0, 0] += 0.05
    assert largest_difference(model, network, target, 20)[0] > 1e-3


def test_a_background_counts_only_where_it_is_given() -> None:
    network = PixelNetwork().eval()
    session = open_session(join_contract(convert_pixels(network), network, AlphaMask(), 20))
    pictures = np.stack([random_picture(30, 40)] * 2)
    given = {"picture": pictures, "background": 255 - pictures, "has_background": np.array([True, False])}
    mask, depth = session.run(None, given)
    assert mask.shape == depth.shape == (2, 1, 30, 40) and mask.dtype == np.float32
    assert np.abs(mask[0] - mask[1]).max() > 0.05
    # A single pixel means that there is no background. A background may have another size than the picture.
    one = {"background": np.zeros((2, 1, 1, 3), np.uint8), "has_background": np.array([False, False])}
    np.testing.assert_allclose(session.run(None, given | one)[0][1], mask[1], atol=1e-6)
    larger = np.repeat(np.repeat(255 - pictures, 2, axis=1), 2, axis=2)
    np.testing.assert_allclose(session.run(None, given | {"background": larger})[0][0], mask[0], atol=1e-5)


@pytest.mark.parametrize("inputs", [3, 6])
def test_rembg_reads_the_mask_as_it_is(inputs: int) -> None:
    network, target = PixelNetwork(inputs).eval(), target_of(AlphaMask())
    with torch.no_grad():
        network.mask_head.weight *= 0.1  # a mask far from 0 and 1
    model = join_rembg(convert_pixels(network), network, 20)
    onnx.checker.check_model(model, full_check=True)
    assert largest_difference_in_rembg(model, network, target, 20)[0] < 1e-5
    prepared = np.random.default_rng(0).normal(size=(1, 3, REMBG_SIDE, REMBG_SIDE)).astype(np.float32)
    (mask,) = open_session(model).run(None, {"input_picture": prepared})
    assert (
        mask.min() == 0 and mask.max() == 1 and 0.2 < np.percentile(mask, 1) < np.percentile(mask, 99) < 0.8
    )
    constant = open_session(model).run(None, {"input_picture": np.zeros_like(prepared)})[0]
    assert constant.min() == 0 and constant.max() == 1


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (33, 7), (20, 20), (100, 64)])
def test_any_size(size: tuple[int, int]) -> None:
    network = PixelNetwork(3, depth=False).eval()
    session = open_session(join_contract(convert_pixels(network), network, AlphaMask(), 20))
    grey = np.full((1, *size, 3), 77, np.uint8)
    (mask,) = session.run(None, {"picture": grey})
    assert mask.shape == (1, 1, *size) and np.ptp(mask) < 1e-6
