"""Videos predicted frame by frame: the results, their times and sound, and the results of a stopped call."""

import threading
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import cv2
import numpy as np
import pytest

from fgbg.predictor import Predicted, Predictor
from fgbg.predictor.result_kinds import KINDS
from fgbg.video import predict_video as module
from fgbg.video.ahead import Ahead
from fgbg.video.predict_video import VideoDone, VideoRequest, predict_video
from fgbg.video.writer import is_result
from generator.errors import AssetError, ConfigError, ExistsError
from tests.fgbg.video.conftest import Reddish, picture, read_back, write_clip
from tests.fgbg.video.test_camera import FakeCapture

TOLERANCE = 8
"""Levels that compression changes in the mean."""


def assert_close(one: np.ndarray, other: np.ndarray) -> None:
    assert one.shape == other.shape
    assert np.abs(one.astype(int) - other).mean() < TOLERANCE


def files_of(done: VideoDone) -> list[Path]:
    return list(done.files.values())


def sound_of(path: Path) -> tuple[str, float]:
    """Codec and length of the sound in seconds."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        samples = sum(frame.samples for frame in container.decode(stream))
        return stream.codec_context.name, samples / stream.codec_context.sample_rate


def test_all_results_as_mp4(clip: Path, tmp_path: Path, reddish: Predictor) -> None:
    done = predict_video(reddish, clip, tmp_path / "out" / "clip", VideoRequest(results=KINDS))
    assert done.frames == 12 and not done.stopped
    assert len(done.remarks) == 1 and "over white" in done.remarks[0]
    assert [path.name for path in files_of(done)] == [f"clip.{result}.mp4" for result in KINDS]
    assert not [path for path in (tmp_path / "out").iterdir() if path not in files_of(done)]
    shown = {result: read_back(path) for result, path in zip(KINDS, files_of(done), strict=True)}
    for _, times in shown.values():
        assert times == [Fraction(number, 24) for number in range(12)]
    for number in (0, 11):
        given = picture(number)
        mask, depth = (given[..., channel] for channel in (0, 1))
        assert_close(shown["mask"][0][number], np.dstack([mask] * 3))
        assert_close(shown["depth"][0][number], np.dstack([depth] * 3))
        # White where the mask is 0, and the object's colour where it is 255.
        assert shown["cutout"][0][number][:10, 40:].min() > 200
        assert_close(shown["cutout"][0][number][20:, :12], given[20:, :12])
        assert shown["side-by-side"][0][number].shape == (48, 4 * 64 + 3 * 8, 3)
        assert_close(shown["side-by-side"][0][number][:, :64], given)
    assert is_result(files_of(done)[0]) and not is_result(clip)


@pytest.mark.parametrize(("form", "decoder"), [("webm", "libvpx-vp9"), ("mov", "")])
def test_cut_outs_are_transparent_where_the_format_can(
    tmp_path: Path, reddish: Predictor, form: str, decoder: str
) -> None:
    odd = [picture(number, (47, 63)) for number in range(4)]
    clip = write_clip(tmp_path / "a.webm", odd, codec="libvpx-vp9")
    done = predict_video(reddish, clip, tmp_path / "b", VideoRequest(results=("cutout", "mask"), form=form))
    frames, _ = read_back(files_of(done)[0], "rgba", decoder)
    assert frames[0].shape == (47, 63, 4) and not done.remarks
    assert_close(frames[0][..., 3], odd[0][..., 0])
    opaque = odd[0][..., 0] > 200
    assert_close(frames[0][opaque][..., :3], odd[0][opaque])
    assert read_back(files_of(done)[1])[0][0].shape == (47, 63, 3)


def test_odd_sides_get_a_row_more_in_mp4(tmp_path: Path, reddish: Predictor) -> None:
    odd = [picture(number, (47, 63)) for number in range(4)]
    clip = write_clip(tmp_path / "a.webm", odd, codec="libvpx-vp9")
    done = predict_video(reddish, clip, tmp_path / "b", VideoRequest(results=("mask",)))
    assert read_back(files_of(done)[0])[0][0].shape == (48, 64, 3)
    assert len(done.remarks) == 1 and "64 x 48 instead of 63 x 47" in done.remarks[0]


def test_a_cut_out_over_a_picture_fills_the_frame(clip: Path, tmp_path: Path, reddish: Predictor) -> None:
    over = np.zeros((20, 100, 3), np.uint8)
    over[:, 40:60] = 10, 200, 10
    done = predict_video(
        reddish, clip, tmp_path / "b", VideoRequest(results=("cutout",), form="webm", over=over)
    )
    frames, _ = read_back(files_of(done)[0])
    # Scaled by 2.4 to the height; the middle 64 of 240 columns remain. Grey 20 lets most of it through.
    assert_close(frames[0][-8:, 28:44], np.full((8, 16, 3), (11, 187, 11)))
    assert frames[0][-8:, 60:, 1].mean() < 40


def test_numbered_png_files_keep_all_bits(tmp_path: Path, reddish: Predictor) -> None:
    request = VideoRequest(results=("mask", "depth", "cutout"), form="png")
    clip = write_clip(tmp_path / "a.mp4", [picture(number) for number in range(5)])
    done = predict_video(reddish, clip, tmp_path / "b", request)
    assert [path.name for path in files_of(done)] == ["b.mask", "b.depth", "b.cutout"]
    for folder in files_of(done):
        assert sorted(path.name for path in folder.iterdir()) == [f"{n:06}.png" for n in range(1, 6)]
    depth = cv2.imread(str(files_of(done)[1] / "000003.png"), cv2.IMREAD_UNCHANGED)
    assert depth.dtype == np.uint16 and set(np.unique(depth % 257)) <= {0, 1}
    assert cv2.imread(str(files_of(done)[2] / "000001.png"), cv2.IMREAD_UNCHANGED).shape == (48, 64, 4)
    with pytest.raises(ExistsError, match="exists already"):
        predict_video(reddish, clip, tmp_path / "b", request)
    # Frames of an earlier, longer video are removed; files of others are kept.
    (files_of(done)[0] / "notes.txt").touch()
    shorter = write_clip(tmp_path / "a.mp4", [picture(0), picture(1)])
    predict_video(reddish, shorter, tmp_path / "b", VideoRequest(("mask",), "png", overwrite=True))
    assert sorted(path.name for path in files_of(done)[0].iterdir()) == [
        "000001.png",
        "000002.png",
        "notes.txt",
    ]


@pytest.mark.parametrize(
    ("name", "codec", "sound", "form", "kept"),
    [
        ("a.mp4", "libx264", "aac", "mp4", "aac"),
        ("a.mp4", "libx264", "aac", "webm", "opus"),
        ("a.webm", "libvpx-vp9", "libopus", "webm", "opus"),
        ("a.avi", "mpeg4", "pcm_s16le", "mov", "pcm_s16le"),
        ("a.avi", "mpeg4", "pcm_s16le", "mp4", "aac"),
        ("a.ts", "libx264", "aac", "mp4", "aac"),
    ],
)
def test_sound_is_copied_or_encoded_again(
    tmp_path: Path, reddish: Predictor, name: str, codec: str, sound: str, form: str, kept: str
) -> None:
    clip = write_clip(tmp_path / name, codec=codec, sound=sound)
    done = predict_video(reddish, clip, tmp_path / "b", VideoRequest(results=("mask",), form=form))
    codec_name, seconds = sound_of(files_of(done)[0])
    assert codec_name == kept and seconds == pytest.approx(0.5, abs=0.06) and not done.remarks
    assert len(read_back(files_of(done)[0])[0]) == 12


def test_irregular_times_and_rotation_are_kept(tmp_path: Path, reddish: Predictor) -> None:
    times = [0, 1000, 2500, 3000, 9000, 9100]
    clip = write_clip(
        tmp_path / "a.mp4",
        [picture(number) for number in range(6)],
        times,
        time_base=Fraction(1, 12_800),
        rotation=90,
    )
    for form in ("mp4", "mov"):
        done = predict_video(reddish, clip, tmp_path / "b", VideoRequest(results=("mask",), form=form))
        frames, found = read_back(files_of(done)[0])
        assert found == [Fraction(time, 12_800) for time in times]
        assert_close(frames[0], np.dstack([np.rot90(picture(0))[..., 0]] * 3))


def test_a_video_cut_short_gives_the_frames_there_are(tmp_path: Path, reddish: Predictor) -> None:
    random = np.random.default_rng(0)
    drawn = [random.integers(0, 256, (48, 64, 3), dtype=np.uint8) for _ in range(24)]
    clip = write_clip(tmp_path / "a.mp4", drawn, sound="aac", options={"movflags": "faststart"})
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    done = predict_video(reddish, clip, tmp_path / "b", VideoRequest(results=("overlay",)))
    assert 3 < done.frames < 20 and len(read_back(files_of(done)[0])[0]) == done.frames
    assert len(done.remarks) == 1 and "cut short" in done.remarks[0]


def test_an_error_leaves_no_file_and_no_thread(clip: Path, tmp_path: Path, reddish: Predictor) -> None:
    class Broken(Reddish):
        def predict_many(
            self, pictures: Iterable[np.ndarray], *others: Any, **options: Any
        ) -> Iterator[Predicted]:
            yield from list(super().predict_many(iter(list(pictures)[:3]), *others, **options))
            raise AssetError("a frame", "memory", "none", "close something")

    with pytest.raises(AssetError, match="a frame"):
        predict_video(cast(Predictor, Broken()), clip, tmp_path / "out" / "b")
    assert not list((tmp_path / "out").iterdir())
    predict_video(reddish, clip, tmp_path / "out" / "b")
    with pytest.raises(ExistsError):
        predict_video(reddish, clip, tmp_path / "out" / "b")
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("fgbg-")]


def test_without_depth_head_no_depth_is_written(clip: Path, tmp_path: Path) -> None:
    done = predict_video(cast(Predictor, Reddish(depth=False)), clip, tmp_path / "b")
    assert [path.name for path in files_of(done)] == ["b.mask.mp4", "b.overlay.mp4"]
    assert done.remarks == [f"{clip}: the network has no depth head, so no depth is written"]


def test_the_plate_comes_from_the_video(clip: Path, tmp_path: Path) -> None:
    for number, (bg, level) in enumerate({"median": 80, 3: 40}.items()):
        predictor = Reddish()
        request = VideoRequest(results=("mask",), bg=bg)
        predict_video(cast(Predictor, predictor), clip, tmp_path / str(number), request)
        (found,) = predictor.bgs
        assert found is not None and abs(int(found[40, 40, 0]) - level) < TOLERANCE


def test_threshold_and_steadying_reach_the_results(clip: Path, tmp_path: Path, reddish: Predictor) -> None:
    request = VideoRequest(results=("mask",), form="png", smooth=0.5, mask_threshold=0.5)
    done = predict_video(reddish, clip, tmp_path / "b", request)
    mask = cv2.imread(str(files_of(done)[0] / "000002.png"), cv2.IMREAD_UNCHANGED)
    assert set(np.unique(mask)) == {0, 255}


def test_ctrl_c_leaves_playable_files(
    tmp_path: Path, reddish: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C comes while the program waits for the fifth frame."""
    original, taken = Ahead.__next__, [0]

    def interrupted(self: Ahead[object]) -> object:
        item = original(self)
        if threading.current_thread() is threading.main_thread():
            taken[0] += 1
            if taken[0] == 5:
                raise KeyboardInterrupt
        return item

    monkeypatch.setattr(Ahead, "__next__", interrupted)
    clip = write_clip(tmp_path / "a.mp4", [picture(number % 20) for number in range(300)], sound="aac")
    done = predict_video(reddish, clip, tmp_path / "b", VideoRequest(results=("mask", "overlay")))
    assert done.stopped and 5 <= done.frames < 100
    for path in files_of(done):
        assert len(read_back(path)[0]) == done.frames
        assert sound_of(path)[1] == pytest.approx(done.frames / 24, abs=0.1)


def test_few_frames_are_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a slow network is at the third frame, only a few more frames have been read."""
    read, looked = [0], [0]
    frames_of = module.VideoFile.frames

    def counted(self: module.VideoFile) -> Iterator[Any]:
        for frame in frames_of(self):
            read[0] += 1
            yield frame

    class Slow(Reddish):
        def predict_many(
            self, pictures: Iterable[np.ndarray], *others: Any, **options: Any
        ) -> Iterator[Predicted]:
            for predicted in super().predict_many(pictures, *others, **options):
                if self.taken == 3:
                    threading.Event().wait(0.4)
                    looked[0] = read[0]
                yield predicted

    monkeypatch.setattr(module.VideoFile, "frames", counted)
    clip = write_clip(tmp_path / "a.mp4", [picture(number % 20) for number in range(100)])
    done = predict_video(cast(Predictor, Slow()), clip, tmp_path / "b", VideoRequest(results=("mask",)))
    assert done.frames == 100 and looked[0] <= 3 + 8 + 2


def test_a_camera_is_predicted_until_it_ends(
    tmp_path: Path, reddish: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cv2, "VideoCapture", lambda number: FakeCapture(6))
    done = predict_video(reddish, 0, tmp_path / "camera", VideoRequest(results=("overlay",), bg=2))
    assert done.name == "camera:0" and done.frames == 5
    assert len(read_back(files_of(done)[0])[0]) == 5
    with pytest.raises(ConfigError, match="a picture or frame:N for a camera"):
        predict_video(reddish, 0, tmp_path / "other", VideoRequest(bg="median"))


def test_the_depth_of_the_plate_reaches_the_network(tmp_path: Path, reddish: Predictor) -> None:
    clip = write_clip(tmp_path / "a.mp4", [picture(number) for number in range(3)])
    depth = np.full((2, 2), 7, np.uint16)
    seen: list[tuple[int, ...]] = []

    def read(bg: np.ndarray) -> np.ndarray:
        seen.append(bg.shape)
        return depth

    request = VideoRequest(results=("mask",), bg=1, bg_depth=read)
    predict_video(reddish, clip, tmp_path / "b", request)
    assert reddish.bg_depths[-1] is depth and len(seen) == 1 and len(seen[0]) == 3
    predict_video(reddish, clip, tmp_path / "c", VideoRequest(results=("mask",), bg_depth=read))
    assert reddish.bg_depths[-1] is None
