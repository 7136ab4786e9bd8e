import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from generator.label_formats.brushes import unpack_brush
from generator.label_formats.regions import ShapeError

# Written by label_studio_sdk for 5 x 3 pixels with this alpha, whose red is 9 wherever alpha is not 0.
BY_THE_SDK = [
    *(0, 0, 0, 60, 57, 27, 254, 23, 0, 0, 38, 16, 0, 63, 192, 9, 132),
    *(0, 8, 0, 2, 97, 0, 0, 31, 9, 128, 0, 19, 8, 0, 31, 224),
]
ALPHA = [[0, 0, 0, 0, 0], [0, 255, 128, 7, 0], [0, 0, 0, 0, 255]]


def pack(rgba: np.ndarray, shortest: int = 1) -> list[int]:
    """Pack pixels as Label Studio does: runs of `shortest` equal values as one, others value by value."""
    lengths = (3, 4, 8, 16)
    values = rgba.ravel()
    bits = f"{len(values):032b}{7:05b}" + "".join(f"{length - 1:04b}" for length in lengths)
    ends = [*(np.flatnonzero(np.diff(values.astype(int))) + 1).tolist(), len(values)]
    start = 0
    for end in ends:
        while start < end:
            run = min(end - start, 2**16)
            repeated = run >= shortest
            run = run if repeated else 1
            choice = next(place for place, length in enumerate(lengths) if run <= 2**length)
            bits += f"{int(repeated)}{choice:02b}{run - 1:0{lengths[choice]}b}{values[start]:08b}"
            start += run
    bits += "0" * (-len(bits) % 8)
    return list(int(bits, 2).to_bytes(len(bits) // 8, "big"))


def test_the_mask_is_every_fourth_byte_and_may_be_soft() -> None:
    mask = unpack_brush(BY_THE_SDK, (5, 3))
    assert mask.tolist() == ALPHA and mask.dtype == np.uint8


@settings(max_examples=100, deadline=None)
@given(
    arrays(
        np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12), st.just(4)), elements=st.integers(0, 255)
    ),
    st.integers(1, 3),
)
def test_what_is_packed_is_unpacked(rgba: np.ndarray, shortest: int) -> None:
    height, width = rgba.shape[:2]
    assert (unpack_brush(pack(rgba, shortest), (width, height)) == rgba[..., 3]).all()


def test_values_one_by_one_may_begin_within_a_byte() -> None:
    # 12 values: a run of 1, then 11 one by one: 3 + 4 + 8 bits, then 3 + 4 bits before the first of them.
    values = list(range(12))
    bits = f"{12:032b}{7:05b}" + "".join(f"{length - 1:04b}" for length in (3, 4, 8, 16))
    bits += f"1010000{values[0]:08b}" + f"001{10:04b}" + "".join(f"{value:08b}" for value in values[1:])
    bits += "0" * (-len(bits) % 8)
    packed = list(int(bits, 2).to_bytes(len(bits) // 8, "big"))
    assert unpack_brush(packed, (3, 1)).tolist() == [[3, 7, 11]]


@pytest.mark.parametrize(
    ("packed", "size", "expected", "found"),
    [
        (BY_THE_SDK, (3, 3), "a brush of 3 x 3 pixels of 4 bytes", "60 values of 8 bits"),
        (BY_THE_SDK[:-2], (5, 3), "a whole brush", "one that is cut off"),
        (BY_THE_SDK[:3], (5, 3), "a whole brush", "one that is cut off"),
        ([], (5, 3), "a whole brush", "one that is cut off"),
        ([256], (5, 3), "bytes from 0 to 255", "bytes must be in range(0, 256)"),
    ],
)
def test_damaged_brushes(packed: list[int], size: tuple[int, int], expected: str, found: str) -> None:
    with pytest.raises(ShapeError) as caught:
        unpack_brush(packed, size)
    assert caught.value.expected == expected
    assert caught.value.found.startswith(found)


def test_a_run_beyond_the_last_pixel_is_refused() -> None:
    bits = f"{16:032b}{7:05b}" + "".join(f"{length - 1:04b}" for length in (3, 4, 8, 16))
    bits += f"110{200:08b}{255:08b}"
    bits += "0" * (-len(bits) % 8)
    with pytest.raises(ShapeError, match="runs of 16 values together"):
        unpack_brush(list(int(bits, 2).to_bytes(len(bits) // 8, "big")), (2, 2))
