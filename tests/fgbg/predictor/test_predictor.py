from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from fgbg.predictor import Predicted, Predictor
from generator import resize
from generator.errors import ArrayError, AssetError, ConfigError
from training.batches.prepare import join
from training.checkpoint import load_checkpoint, model_of
from training.errors import DeviceMemoryError


@pytest.fixture(scope="module")
def predictor(trained: Path) -> Predictor:
    return Predictor.load(trained / "best.pt", device="cpu")


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (24, 32), (100, 37)])
def test_any_size_comes_back_at_its_own_size(predictor: Predictor, size: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    predicted = predictor(picture, picture)
    assert predicted.mask.shape == predicted.depth.shape == size
    assert (predicted.mask.dtype, predicted.depth.dtype) == (np.uint8, np.uint16)
    assert predicted.depth.min() >= 1


def test_pictures_of_every_kind_are_predicted_alike(predictor: Predictor, tmp_path: Path) -> None:
    picture, bg = np.random.default_rng(0).integers(0, 256, (2, 24, 32, 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "a.png")
    expected = predictor(picture, bg)
    for one, other in (
        (picture / 255, bg),
        (picture, torch.from_numpy(bg) / 255),
        (tmp_path / "a.png", Image.fromarray(bg)),
        (str(tmp_path / "a.png"), bg.astype(np.uint16) * 257),
    ):
        seen = predictor(one, other)
        assert (seen.mask == expected.mask).all() and (seen.depth == expected.depth).all()
    for wrong in (picture.astype(np.float32), picture[..., 0], picture.transpose(2, 0, 1)):
        with pytest.raises(ArrayError, match=r"^picture: expected"):
            predictor(wrong, bg)
        with pytest.raises(ArrayError, match=r"^bg: expected"):
            predictor(picture, wrong)


def test_an_answer_in_strips_is_the_answer_at_once(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    whole = predictor(picture)
    monkeypatch.setattr(resize, "_STRIP", 500)
    seen = predictor(picture)
    assert (seen.mask == whole.mask).all()
    # Strips add floats in another order, so a depth between two of the 65535 levels may become either.
    assert np.abs(seen.depth.astype(int) - whole.depth).max() <= 1


def test_it_looks_at_the_last_training_resolution(predictor: Predictor) -> None:
    seen: list[tuple[int, ...]] = []
    hook = predictor.engine.network.register_forward_pre_hook(
        lambda module, inputs: seen.append(tuple(inputs[0].shape))
    )
    predictor(np.zeros((50, 100, 3), np.uint8))
    hook.remove()
    assert seen == [(1, 6, 16, 32)] * 2  # the picture and its mirror image


def test_it_is_the_averaged_network_on_the_picture(trained: Path) -> None:
    predictor = Predictor.load(trained / "best.pt", device="cpu", mirror=False)
    background = np.random.default_rng(2).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    picture = background.copy()
    picture[8:20, 8:20] = 200
    loaded = load_checkpoint(trained / "best.pt")
    network = model_of(trained / "best.pt", loaded)
    assert all(torch.equal(tensor, loaded.ema[name]) for name, tensor in network.state_dict().items())
    inputs = [torch.from_numpy(p).permute(2, 0, 1)[None].float() / 127.5 - 1 for p in (background, picture)]
    with torch.no_grad():
        expected = network(torch.cat(inputs, 1))
    predicted = predictor(picture, background)
    assert (predicted.mask == (expected.mask_logits.sigmoid()[0, 0] * 255).round().byte().numpy()).all()
    assert np.allclose(predicted.depth, expected.depth[0, 0].numpy() * 65534 + 1, atol=0.51)


def test_with_mirror_images_answers_are_averaged(predictor: Predictor, trained: Path) -> None:
    plain = Predictor.load(trained / "best.pt", device="cpu", mirror=False)
    bg, fg_bg = np.random.default_rng(0).integers(0, 256, (2, 2, 16, 24, 3), dtype=np.uint8)
    turned = fg_bg[:, :, ::-1], bg[:, :, ::-1]
    both, one, other = predictor.see(fg_bg, bg), plain.see(fg_bg, bg), plain.see(*turned)
    logits = [np.log(mask / (1 - mask)) for mask in (both.mask, one.mask, other.mask[..., ::-1])]
    assert np.allclose(logits[0], (logits[1] + logits[2]) / 2, atol=1e-5)
    assert np.allclose(both.depth, (one.depth + other.depth[..., ::-1]) / 2)
    assert not np.allclose(both.mask, one.mask)
    # So a mirrored picture gives the mirrored answer.
    assert np.allclose(predictor.see(*turned).mask[..., ::-1], both.mask, atol=1e-5)


def test_without_background_its_channels_are_zero(predictor: Predictor) -> None:
    picture = np.full((32, 32, 3), 200, np.uint8)
    grey = np.full((32, 32, 3), 127, np.uint8)  # almost 0 after scaling
    assert np.abs(predictor(picture).mask.astype(int) - predictor(picture, grey).mask).max() <= 2
    assert not join(None, torch.ones(1, 3, 2, 2))[:, :3].any()


def test_a_background_of_another_size_is_scaled_and_of_another_aspect_refused(predictor: Predictor) -> None:
    picture = np.zeros((40, 60, 3), np.uint8)
    predictor(picture, np.zeros((20, 30, 3), np.uint8))
    with pytest.raises(AssetError, match="expected the aspect of the picture, 60 x 40, found 40 x 40"):
        predictor(picture, np.zeros((40, 40, 3), np.uint8))


def test_a_background_is_moved_to_where_the_picture_has_it(trained: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (80, 112), dtype=np.uint8)
    scene = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 6), None, 20, 220, cv2.NORM_MINMAX)
    scene = cv2.merge([scene] * 3)
    picture, moved = scene[8:72, 8:104], scene[8:72, 12:108]

    def seen(bg: np.ndarray, align: bool) -> tuple[torch.Tensor, Predicted]:
        """Returns the network's input and the prediction."""
        predictor = Predictor.load(trained / "best.pt", res=48, device="cpu", mirror=False, align=align)
        given: list[torch.Tensor] = []
        predictor.engine.network.register_forward_pre_hook(lambda module, inputs: given.append(inputs[0]))
        predicted = predictor(picture, bg)
        return given[0][0], predicted

    as_it_is, predicted = seen(moved, align=False)
    assert (predicted.bg_moved, predicted.bg_unused) == (0, "not aligned") and not as_it_is[:3].any()
    aligned, predicted = seen(moved, align=True)
    assert predicted.bg_unused is None and predicted.bg_moved == pytest.approx(4 / 96, rel=0.1)
    before = np.abs(moved.astype(int) - picture)[8:-8, 8:-8].mean() / 127.5
    after = float((aligned[:3] - aligned[3:])[:, 4:-4, 4:-4].abs().mean())
    assert after < 0.2 * before

    # A background that has not moved is not changed, to the bit.
    bright = cv2.convertScaleAbs(picture, alpha=1.1)
    still, predicted = seen(bright, align=True)
    assert torch.equal(still, seen(bright, align=False)[0]) and predicted.bg_moved == 0
    assert predicted.bg_unused is None and still[:3].any()
    assert seen(picture[::-1, ::-1], align=True)[1].bg_unused == "other view"
    assert seen(picture, align=True)[1].bg_unused == "same picture"


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory"), MemoryError()])
def test_too_little_memory_is_one_error_that_says_what_to_do(
    predictor: Predictor, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(inputs: torch.Tensor) -> None:
        raise error

    picture = np.zeros((8, 8, 3), np.uint8)
    monkeypatch.setattr(predictor.engine.network, "forward", full)
    with pytest.raises(DeviceMemoryError, match="cpu has too little memory for a picture at 32 px"):
        predictor(picture)
    assert "or use `device=cpu`" in str(DeviceMemoryError(torch.device("cuda"), 512))


def test_a_threshold_makes_the_mask_hard() -> None:
    soft = Predicted(np.array([[0, 127, 128, 255]], np.uint8), np.zeros((1, 4), np.uint16))
    assert soft.with_threshold(0.5).mask.tolist() == [[0, 0, 255, 255]]
    assert soft.with_threshold(0).mask.tolist() == [[255] * 4]


def test_a_run_folder_given_as_text_is_its_best_checkpoint(trained: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (16, 24, 3), dtype=np.uint8)
    masks = [Predictor.load(path, device="cpu")(picture).mask for path in (str(trained), trained / "best.pt")]
    assert (masks[0] == masks[1]).all()


def test_a_device_that_is_not_here(trained: Path) -> None:
    if not torch.backends.mps.is_available():
        with pytest.raises(ConfigError, match="`device`"):
            Predictor.load(trained / "best.pt", device="mps")


def test_a_resolution_that_no_network_is_given(trained: Path) -> None:
    for res in (0, 7, 8193, 1.5, "96"):
        with pytest.raises(ConfigError, match="`res`: expected a whole number from 8 to 8192"):
            Predictor.load(trained, res=res, device="cpu")  # type: ignore[arg-type]


def test_a_network_without_depth_head_or_background_predicts_the_mask(trained_for_masks: Path) -> None:
    fg_bg = np.random.default_rng(0).integers(0, 256, (2, 16, 24, 3), dtype=np.uint8)
    both = Predictor.load(trained_for_masks / "best.pt", device="cpu")
    plain = Predictor.load(trained_for_masks / "best.pt", device="cpu", mirror=False)
    seen = both.see(fg_bg)
    assert seen.depth is None and seen.mask.shape == (2, 1, 16, 24) and seen.mask.dtype == np.float32
    assert not np.allclose(seen.mask, plain.see(fg_bg).mask)
    assert not (both.engine.takes_bg or both.engine.has_depth)
    assert both(np.zeros((5, 7, 3), np.uint8)).depth is None
