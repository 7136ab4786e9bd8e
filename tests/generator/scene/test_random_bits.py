import numpy as np

from generator.scene.random_bits import (
    below,
    high_half,
    low_half,
    random_words,
    sample_words,
    share,
    word_stream,
)


def test_a_sample_owns_64_words_of_its_splits_stream() -> None:
    stream = np.random.Philox(key=7, counter=[0, 1, 0, 0]).random_raw(64 * 10).reshape(10, 64)
    assert (sample_words(7, "val", np.array([9, 0, 4]), 64) == stream[[9, 0, 4]]).all()


def test_streams_differ() -> None:
    first = [int(random_words(7, stream, 1)[0]) for stream in ("order/train", "order/val", "fg", "bg")]
    first.append(int(sample_words(7, "train", np.array([0]), 1)[0, 0]))
    assert len(set(first)) == 5


def test_numbers_are_made_of_the_halves_of_words() -> None:
    words = np.array([0x80000000_40000000, 0xFFFFFFFF_00000000], np.uint64)
    assert high_half(words).tolist() == [2**31, 2**32 - 1] and low_half(words).tolist() == [2**30, 0]
    assert below(high_half(words), 10).tolist() == [5, 9]
    assert below(low_half(words), np.array([8, 8])).tolist() == [2, 0]
    assert share(low_half(words)).tolist() == [0.25, 0.0]


def test_any_part_of_a_stream_can_be_made_alone() -> None:
    stream = word_stream(7, "order/test")
    words = random_words(7, "order/test", 30)
    assert np.concatenate(list(stream.blocks(30, 8))).tolist() == words.tolist()
    assert stream.words(9, 12).tolist() == words[9:21].tolist()
    assert stream.at(np.array([29, 0, 7, 8])).tolist() == words[[29, 0, 7, 8]].tolist()
