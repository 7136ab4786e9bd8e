"""`fgbg predict` on videos: options, names, and what is said."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from fgbg.cli import main
from fgbg.predictor import Predictor
from fgbg.video import kinds, predict_video
from fgbg.video.ahead import Ahead
from fgbg.video.predict_video import VideoDone
from tests.fgbg.video.conftest import picture, read_back, write_clip


@pytest.fixture
def predict(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Predict":
    monkeypatch.chdir(tmp_path)
    return Predict(trained)


class Predict:
    def __init__(self, trained: Path) -> None:
        self._options = ["--checkpoint", str(trained), "--device", "cpu", "--no-mirror", "--out", "out"]

    def __call__(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, ["predict", *arguments, *self._options])


def names(folder: str = "out") -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file())


def test_videos_and_pictures_in_one_call(predict: Predict, clip: Path) -> None:
    cv2.imwrite("a.png", picture(0))
    options = ["--json", "lines.json", "--write", "mask", "--bg", "a.png", "--smooth", "0.8"]
    result = predict("clip.mp4", "a.png", *options)
    assert result.exit_code == 0, result.output
    assert names() == ["a.mask.png", "clip.mask.mp4"]
    assert "clip.mp4: out/clip.mask.mp4 (12 frames" in result.stdout
    lines = [json.loads(line) for line in Path("lines.json").read_text().splitlines()]
    assert [line["name"] for line in lines] == ["a.png", "clip.mp4"]
    assert lines[1]["frames"] == 12 and lines[1]["files"] == {"mask": "out/clip.mask.mp4"}
    assert lines[1]["bg"] == "a.png" and lines[1]["error"] is None
    # The result is not taken as an input.
    again = predict("out/clip.mask.mp4")
    assert again.exit_code == 0 and "a result of fgbg, skipped" in again.stderr
    # And nothing is replaced.
    assert predict("clip.mp4", "--write", "mask").exit_code == 2
    assert predict("clip.mp4", "--write", "mask", "--overwrite").exit_code == 0


def test_the_options_of_videos(predict: Predict, clip: Path) -> None:
    result = predict(
        "clip.mp4", "--bg", "median", "--write", "cutout", "--format", "webm", "--over", "#00ff00"
    )
    assert result.exit_code == 0, result.output
    assert read_back(Path("out/clip.cutout.webm"))[0][0].shape == (48, 64, 3)
    result = predict("clip.mp4", "--bg", "frame:3", "--write", "mask", "--format", "png")
    assert result.exit_code == 0 and len(list(Path("out/clip.mask").iterdir())) == 12
    result = predict("clip.mp4", "--no-save")
    assert result.exit_code == 0 and "clip.mp4: 12 frames" in result.stdout
    for wrong, told in (
        (("--format", "npy"), "--format: expected mp4, webm, mov, png for videos, found npy"),
        (("--over", "no-colour"), "--over: expected a colour"),
        (("--smooth", "1"), "--smooth: expected a number from 0 to below 1, found '1'"),
        (("--bg", "frame:99"), "expected at least 99 frames, found 12"),
    ):
        result = predict("clip.mp4", "--overwrite", *wrong)
        assert result.exit_code in (1, 2) and told in result.stderr, result.output


def test_a_video_that_fails_does_not_stop_the_others(predict: Predict, clip: Path) -> None:
    Path("broken.mp4").write_text("no video")
    write_clip(Path("b.webm"), codec="libvpx-vp9")
    result = predict("broken.mp4", "camera:9876", "b.webm", "--write", "overlay", "--json", "-")
    assert result.exit_code == 1 and names() == ["b.overlay.mp4"]
    assert "broken.mp4: expected a video, found data that FFmpeg cannot read" in result.stderr
    assert "camera:9876: expected a camera" in result.stderr
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["error"] is None for line in lines] == [False, True, False]


def test_two_videos_of_one_name_keep_their_suffix(predict: Predict, clip: Path) -> None:
    write_clip(Path("clip.webm"), codec="libvpx-vp9")
    result = predict("clip.mp4", "clip.webm", "--write", "mask")
    assert result.exit_code == 0 and names() == ["clip.mp4.mask.mp4", "clip.webm.mask.mp4"]


def test_after_ctrl_c_the_results_are_named(
    predict: Predict, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(written: Ahead[int], progress: object, stop: predict_video.Event) -> None:
        for _ in written:
            stop.set()

    monkeypatch.setattr(predict_video, "_wait", stop)
    result = predict("clip.mp4", "--write", "mask")
    assert result.exit_code == 130
    frames = len(read_back(Path("out/clip.mask.mp4"))[0])
    assert f"(stopped after {frames} frame" in result.stdout
    assert "stopped; the results listed above are kept: name only the other inputs, or use" in result.stderr


def test_without_pyav_it_says_what_to_install(
    predict: Predict, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds, "find_spec", lambda name: None)
    result = predict("clip.mp4")
    assert result.exit_code == 2 and "pip install 'fgbg[video]'" in result.stderr


def test_an_input_is_never_replaced(predict: Predict, clip: Path) -> None:
    Path("out").mkdir()
    write_clip(Path("out/clip.mask.mp4"), [np.zeros((48, 64, 3), np.uint8)] * 2)
    before = Path("out/clip.mask.mp4").read_bytes()
    result = predict("clip.mp4", "out/clip.mask.mp4", "--write", "mask", "--overwrite")
    assert result.exit_code == 2 and Path("out/clip.mask.mp4").read_bytes() == before


def test_frames_are_refined_only_if_asked(
    predict: Predict, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refined = []

    def noted(predictor: Predictor, *arguments: Any) -> VideoDone:
        refined.append(predictor.refine)
        return whole(predictor, *arguments)

    whole = predict_video.predict_video
    monkeypatch.setattr(predict_video, "predict_video", noted)
    for option in ((), ("--refine",), ("--no-refine",)):
        result = predict("clip.mp4", "--write", "mask", "--overwrite", *option)
        assert result.exit_code == 0, result.output
    assert refined == [False, True, False]
