import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fgbg.predictor import Predicted, Predictor, picture_input
from fgbg.predictor import predict_many as many
from fgbg.predictor.sources import NamedPicture
from generator.errors import ArrayError, ConfigError, ImageError
from training.errors import DeviceMemoryError


def pictures(*sizes: tuple[int, int]) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [random.integers(0, 256, (*size, 3), dtype=np.uint8) for size in sizes]


def assert_alike(one: Predicted, other: Predicted) -> None:
    """Equal, except for rounding."""
    assert one.mask.shape == other.mask.shape
    assert np.abs(one.mask.astype(int) - other.mask).max() <= 1
    assert np.abs(one.depth.astype(int) - other.depth).max() <= 2


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("fgbg-")}


class Batches:
    """Records the sizes of the batches that a network gets."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self.shapes: list[tuple[int, ...]] = []

    def __enter__(self) -> list[tuple[int, ...]]:
        self._hook = self._predictor.engine.network.register_forward_pre_hook(
            lambda network, inputs: self.shapes.append(tuple(inputs[0].shape))
        )
        return self.shapes

    def __exit__(self, *error: object) -> None:
        self._hook.remove()


def test_results_are_those_of_calls_in_order_whatever_the_sizes(drawn: Predictor, tmp_path: Path) -> None:
    given = pictures(*[(24, 32), (40, 30), (12, 16), (1, 1), (24, 32), (64, 48), (32, 24)] * 3)
    kinds: list[object] = list(given)
    Image.fromarray(given[1]).save(tmp_path / "a.png")
    kinds[1:5] = [tmp_path / "a.png", torch.from_numpy(given[2]), Image.fromarray(given[3]), given[4] / 255]
    for batch in (1, 3, None):
        results = list(drawn.predict_many(iter(kinds), batch=batch))
        assert len(results) == len(given)
        for result, picture in zip(results, given, strict=True):
            assert_alike(result, drawn(picture))
    assert not threads()


def test_a_jpeg_that_nothing_looks_at_is_decoded_smaller(
    drawn: Predictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    down, along = np.mgrid[:480, :640]
    Image.fromarray(np.stack([along // 3, down // 2, 99 + 0 * down], axis=2).astype(np.uint8)).save(
        tmp_path / "a.jpg", quality=95
    )
    whole = np.asarray(Image.open(tmp_path / "a.jpg"))
    sides = []
    original = picture_input.read_small_rgb

    def recorded(path: Path, side: int) -> tuple[np.ndarray, tuple[int, int]]:
        small, size = original(path, side)
        sides.append(small.shape[:2])
        return small, size

    monkeypatch.setattr(picture_input, "read_small_rgb", recorded)
    scaled = replace(drawn, refine=False)
    for predicted in (scaled(tmp_path / "a.jpg"), *scaled.predict_many([tmp_path / "a.jpg"])):
        expected = scaled(whole)
        assert predicted.mask.shape == (480, 640)
        assert np.abs(predicted.mask.astype(int) - expected.mask).max() <= 3
    assert sides == [(120, 160)] * 2
    (outcome,) = many.predict_many(scaled, [NamedPicture("a", tmp_path / "a.jpg")], with_pictures=True)
    assert outcome.picture is not None and (outcome.picture == whole).all()
    (outcome,) = many.predict_many(scaled, [NamedPicture("a", tmp_path / "a.jpg")])
    assert outcome.picture is None and outcome.predicted is not None
    drawn(tmp_path / "a.jpg")  # refined
    assert len(sides) == 3


def test_pictures_of_one_size_share_batches(drawn: Predictor) -> None:
    same = pictures(*[(24, 32)] * 10, *[(48, 64)] * 2)
    with Batches(drawn) as shapes:
        assert len(list(drawn.predict_many(same, batch=4))) == 12
    # Each picture and its mirror image.
    assert [shape[0] for shape in shapes] == [4] * 6 and {shape[1:] for shape in shapes} == {(6, 24, 32)}
    mixed = pictures(*[(24, 32), (32, 24)] * 8)
    with Batches(drawn) as shapes:
        assert len(list(drawn.predict_many(mixed, batch=4))) == 16
    assert [shape[0] for shape in shapes] == [4] * 8


def test_the_network_sees_the_next_batch_while_answers_are_restored(
    drawn: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    see, restore = Predictor.see, Predictor.restore
    batches: list[int] = []
    second = threading.Event()

    def counted(predictor: Predictor, given: np.ndarray, bgs: np.ndarray | None = None) -> object:
        batches.append(len(given))
        if len(batches) == 2:
            second.set()
        return see(predictor, given, bgs)

    def waiting(*arguments: object) -> Predicted:
        assert second.wait(20)
        return restore(*arguments)

    monkeypatch.setattr(Predictor, "see", counted)
    monkeypatch.setattr(Predictor, "restore", waiting)
    assert len(list(drawn.predict_many(pictures(*[(24, 32)] * 4), batch=2))) == 4
    assert batches == [2, 2]


def test_a_batch_is_small_at_a_high_resolution(drawn: Predictor) -> None:
    large = Predictor(drawn.engine, 300, mirror=False)
    with Batches(large) as shapes:
        assert len(list(large.predict_many(pictures(*[(8, 8)] * 4)))) == 4
    assert [shape[0] for shape in shapes] == [2, 2]


def counted(count: int, size: tuple[int, int], taken: list[int]) -> Iterator[np.ndarray]:
    for number in range(count):
        taken.append(number)
        yield np.zeros((*size, 3), np.uint8)


def test_only_a_few_pictures_are_in_flight(drawn: Predictor) -> None:
    taken: list[int] = []
    results = drawn.predict_many(counted(40, (8, 8), taken), batch=2)
    assert not taken
    for given, _ in enumerate(results):
        assert len(taken) - given <= 4 or len(taken) == 40
    assert len(taken) == 40


def test_large_pictures_are_in_flight_alone(drawn: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "PIXELS_IN_FLIGHT", 250)
    for size, most in (((10, 10), 2), ((20, 20), 1)):
        taken: list[int] = []
        for given, _ in enumerate(drawn.predict_many(counted(20, size, taken))):
            # One more picture was read, to see its size.
            assert len(taken) - given <= most + 1
        assert len(taken) == 20


def test_the_header_of_a_file_tells_its_pixels(tmp_path: Path) -> None:
    Image.fromarray(pictures((7, 5))[0]).save(tmp_path / "a.png")
    assert many._pixels_of(tmp_path / "a.png") == many._pixels_of(str(tmp_path / "a.png")) == 35
    assert many._pixels_of(Image.new("L", (5, 7))) == many._pixels_of(torch.zeros(7, 5, 3)) == 35
    assert many._pixels_of(tmp_path / "missing.png") == 0


def test_an_error_stands_in_the_place_of_its_picture(drawn: Predictor, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_text("no picture")
    good = pictures((24, 32))[0]
    given = [good, tmp_path / "missing.png", good, tmp_path / "broken.png", good[..., 0], good]
    results = list(drawn.predict_many(given, on_error="return"))
    kinds = [Predicted, ImageError, Predicted, ImageError, ArrayError, Predicted]
    assert [type(result) for result in results] == kinds
    assert str(results[4]).startswith("pictures[4]: expected (H, W, 3) uint8")
    raising = drawn.predict_many(given)
    assert isinstance(next(raising), Predicted)
    with pytest.raises(ImageError, match=r"missing\.png does not exist"):
        next(raising)
    assert not threads()


def test_an_error_of_the_iterable_comes_after_the_pictures_before_it(drawn: Predictor) -> None:
    def camera() -> Iterator[np.ndarray]:
        yield from pictures((8, 8), (8, 8))
        raise ConnectionError("unplugged")

    results = drawn.predict_many(camera())
    assert [type(next(results)) for _ in range(2)] == [Predicted] * 2
    with pytest.raises(ConnectionError, match="unplugged"):
        next(results)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_no_thread_is_left_whatever_ends_it(
    drawn: Predictor, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    results = drawn.predict_many(pictures(*[(24, 32)] * 30))
    next(results)
    assert threads()
    results.close()
    assert not threads()

    def stop(*inputs: object) -> None:
        raise error

    monkeypatch.setattr(drawn.engine.network, "forward", stop)
    with pytest.raises(error):
        next(drawn.predict_many(pictures(*[(24, 32)] * 30)))
    assert not threads()


def test_batches_get_smaller_where_memory_runs_out(drawn: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    forward = drawn.engine.network.forward
    sizes: list[int] = []

    def cramped(inputs: torch.Tensor) -> object:
        sizes.append(len(inputs))
        if len(inputs) > 2 or inputs.shape[-1] == 30:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(inputs)

    given = pictures(*[(24, 32)] * 6, (32, 30), *[(24, 32)] * 5)
    expected = [drawn(picture) for picture in given]
    monkeypatch.setattr(drawn.engine.network, "forward", cramped)
    results = list(drawn.predict_many(given, batch=8, on_error="return"))
    for number, result in enumerate(results):
        if number == 6:
            assert isinstance(result, DeviceMemoryError)
        else:
            assert_alike(result, expected[number])
    assert sizes[:4] == [8, 4, 2, 2] and max(sizes[1:]) == 4


def test_backgrounds_are_one_for_all_or_one_for_each(drawn: Predictor) -> None:
    given = pictures(*[(24, 32)] * 4)
    bgs = [*pictures((24, 32)), given[1], None, given[3]]
    for result, picture, bg in zip(drawn.predict_many(given, bgs), given, bgs, strict=True):
        assert_alike(result, drawn(picture, bg))
    for result, picture in zip(drawn.predict_many(given, given[2] / 255), given, strict=True):
        assert_alike(result, drawn(picture, given[2]))
    with pytest.raises(ArrayError, match=r"bgs: expected a background for pictures\[1\], found 1"):
        list(drawn.predict_many(given, bgs[:1]))


def test_what_is_no_series_of_pictures_is_one_error(drawn: Predictor) -> None:
    array = np.zeros((4, 4, 3), np.uint8)
    for one in ("a.jpg", b"a", Path("a.jpg"), Image.new("RGB", (2, 2)), array, array[..., 0]):
        with pytest.raises(ArrayError, match="pictures: expected several pictures, found one"):
            drawn.predict_many(one)
    with pytest.raises(ArrayError, match=r"bg: .* found \(4, 4\) uint8; repeat a grey picture"):
        drawn.predict_many([array], array[..., 0])


def test_a_wrong_batch_or_way_of_errors_is_refused_at_once(drawn: Predictor) -> None:
    for batch in (0, -1, 1.5, "4", True):
        with pytest.raises(ConfigError, match="`batch`: expected a whole number from 1, found"):
            drawn.predict_many([], batch=batch)  # type: ignore[call-overload]
    with pytest.raises(ConfigError, match="`on_error`: expected 'raise' or 'return', found 'skip'"):
        drawn.predict_many([], on_error="skip")  # type: ignore[call-overload]


def test_a_background_is_refused_by_a_network_that_takes_none(
    drawn: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawn.engine.network, "inputs", 3)
    with pytest.raises(ConfigError, match="leave `bg` out"):
        next(drawn.predict_many(pictures((24, 32)), pictures((24, 32))))
