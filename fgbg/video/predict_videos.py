"""`fgbg predict` on videos and cameras: check everything, predict, report."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from fgbg.option_names import name_options_in
from fgbg.predictor.picture_input import as_rgb
from fgbg.predictor.plate_depths import ReadDepth, depth_of_frames, depths_of_plates
from fgbg.predictor.plates import frame_plate, plates_of
from fgbg.predictor.predict_files import (
    STANDARD_OUTPUT,
    PredictOptions,
    best_of,
    full_disk,
    open_results,
    refuse_json,
)
from fgbg.predictor.report import json_lines
from fgbg.predictor.result_kinds import Wanted
from fgbg.predictor.result_names import plan_results
from fgbg.predictor.sources import Given
from fgbg.terminal import note, say, warn
from fgbg.video.kinds import FORMATS, refuse_results, require_pyav, result_paths
from generator.assets.images import read_rgb
from generator.assets.originals import Kept
from generator.errors import AssetError, ConfigError, FgbgError, printable
from generator.files import require_writable
from training.errors import DeviceMemoryError

if TYPE_CHECKING:
    from fgbg.predictor.predictor import Predictor
    from fgbg.video.predict_video import VideoDone, VideoRequest

_ERRORS = (AssetError, DeviceMemoryError, MemoryError, OSError)
"""Errors of one video; the videos after it are predicted nevertheless."""


@dataclass(frozen=True)
class PlannedVideo:
    """A video whose background is known and whose results have names that are free.

    Attributes:
        source: the file, or the number of a camera.
        base: path of its results, without suffix.
        request: what is written.
        bg: of the background, for messages.
    """

    source: Path | int
    base: Path
    request: "VideoRequest"
    bg: str | None


def plan_videos(
    videos: Sequence[Path], cameras: Sequence[int], options: PredictOptions
) -> list[PlannedVideo]:
    """Check everything that can be checked without the network.

    Results of earlier calls are skipped, and a line says so.

    Raises:
        FgbgError: a file is missing or in the way, or PyAV is not installed.
    """
    if not videos and not cameras:
        return []
    require_pyav()
    form = options.format or FORMATS[0]
    if form not in FORMATS:
        raise ConfigError("`format`", f"{', '.join(FORMATS)} for videos", form, "choose one of them")
    sources = _sources(videos, cameras)
    given = [_given(source) for source in sources]
    frame = frame_plate(options.bg)
    if frame == "median" and cameras:
        raise ConfigError("`bg`", "a picture or frame:N for a camera", "median", "take one of these")
    plates = plates_of(given, None if frame is not None else options.bg)
    depths = depths_of_plates(plates.paths, options.depth_request) if frame is None else None
    of_frames = None if frame is None else depth_of_frames(options.depth_request)
    note(*plates.remarks, *([] if depths is None else depths.remarks))
    kept = [options.network_file, *plates.files, *([] if depths is None else depths.files), *videos]
    bases = plan_results(given, options.out, kept)
    kinds = Wanted(options.write if options.save else ()).kinds
    for base in bases:
        paths = result_paths(base, kinds, form).values()
        Kept(kept).refuse(paths)
        refuse_results(paths, form, options.overwrite)
    if options.save:
        require_writable(options.out)
    refuse_json(options, kept)
    planned = []
    reads = [None] * len(sources) if depths is None else depths.reads
    for source, base, plate, file, read in zip(sources, bases, plates.bgs, plates.paths, reads, strict=True):
        bg = None if plate is None else as_rgb(plate, "bg")
        name = str(options.bg) if frame is not None else None if file is None else str(file)
        request = _request(options, kinds, form, frame or bg)
        if read is not None:
            request = replace(request, bg_depth=partial(_of_any, read))
        elif of_frames is not None:
            request = replace(request, bg_depth=of_frames)
        planned.append(PlannedVideo(source, base, request, name))
    return planned


def _of_any(read: ReadDepth, _: np.ndarray) -> np.ndarray:
    """The depth of a background that has a file, which is the same for all of its pixels."""
    return read()


def _sources(videos: Sequence[Path], cameras: Sequence[int]) -> list[Path | int]:
    """Videos and cameras without the results of earlier calls."""
    from fgbg.video.writer import is_result

    sources: list[Path | int] = []
    for video in videos:
        if is_result(video):
            note(f"{video}: a result of fgbg, skipped")
        else:
            sources.append(video)
    return [*sources, *cameras]


def _request(
    options: PredictOptions, kinds: tuple[str, ...], form: str, bg: "np.ndarray | str | int | None"
) -> "VideoRequest":
    from fgbg.video.predict_video import VideoRequest

    over = read_rgb(options.over) if isinstance(options.over, Path) else options.over
    return VideoRequest(
        kinds,
        form,
        bg,
        smooth=options.smooth,
        over=over,
        mask_threshold=options.mask_threshold,
        overwrite=options.overwrite,
    )


def _given(source: Path | int) -> Given:
    """A video under the name that its results get."""
    path = source if isinstance(source, Path) else Path(f"camera-{source}")
    return Given(path.parent, Path(path.name))


def predict_videos(
    planned: Sequence[PlannedVideo], predictor: "Predictor", options: PredictOptions, after_pictures: bool
) -> int:
    """Predict videos and cameras one after the other, and say what became of each.

    Args:
        planned: the videos.
        predictor: the network.
        options: of the command.
        after_pictures: whether pictures were predicted before, so that JSON lines go on.

    Returns:
        How many failed.

    Raises:
        KeyboardInterrupt: Ctrl-C ended a video file; its results are complete up to there.
    """
    from fgbg.video.predict_video import predict_video

    if not options.refine:
        # It takes longer than the network, and edges of single frames flicker.
        predictor = replace(predictor, refine=False)
    if predictor.entry.kind == "classes":
        planned = [replace(video, request=replace(video.request, bg_depth=None)) for video in planned]
    failed, shown = 0, list[Path]()
    with json_lines(options.json, add=after_pictures) as lines, full_disk():
        for video in planned:
            began, done, error = time.monotonic(), None, None
            try:
                done = predict_video(predictor, video.source, video.base, video.request)
            except _ERRORS as problem:
                failed, error = failed + 1, problem
            record = _report(video, done, error, options.json == STANDARD_OUTPUT)
            if lines is not None:
                record["seconds"] = round(time.monotonic() - began, 3)
                lines.write(f"{json.dumps(record)}\n")
                lines.flush()
            if done is not None:
                shown += best_of(done.files)
                if done.stopped and isinstance(video.source, Path):
                    raise KeyboardInterrupt
    if options.open and shown:
        open_results(shown, options.out)
    return failed


def _report(
    video: PlannedVideo, done: "VideoDone | None", error: Exception | None, silent: bool
) -> dict[str, Any]:
    """Say what became of a video; returns its JSON record."""
    name = str(video.source) if isinstance(video.source, Path) else f"camera:{video.source}"
    problem = None if error is None else _problem(name, error)
    if problem is not None:
        warn(problem)
    if done is not None:
        note(*done.remarks)
        if not silent:
            say(f"{name}: {_summary(done)}")
        if done.strangers:
            note(
                f"fgbg: {video.bg} does not fit {done.strangers:,} of {done.frames:,} frames of {name},"
                " which were predicted without it: take another background, or leave `bg` out"
            )
    return {
        "name": name,
        "files": {} if done is None else {kind: str(path) for kind, path in done.files.items()},
        "frames": 0 if done is None else done.frames,
        "stopped": done is not None and done.stopped,
        "bg": video.bg,
        "bg_moved": None if done is None or video.bg is None else round(done.bg_moved, 6),
        "bg_unused": None if done is None or video.bg is None else done.strangers,
        "error": None if problem is None else str(problem).removeprefix("fgbg: "),
    }


def _summary(done: "VideoDone") -> str:
    """The files of a video, its frames, and how far its background was moved, for the screen."""
    files = " ".join(path.name if place else str(path) for place, path in enumerate(done.files.values()))
    count = f"{done.frames:,} frame{'s' * (done.frames != 1)}"
    moved = f", background moved by up to {done.bg_moved:.1%} of the longer side" if done.bg_moved else ""
    facts = f"{'stopped after ' * done.stopped}{count}{moved}"
    return f"{files} ({facts})" if files else facts


def _problem(name: str, error: Exception) -> FgbgError | str:
    """A line that names the video, whatever the error is about."""
    if isinstance(error, FgbgError):
        name_options_in(error, click.get_current_context(silent=True))
        if printable(name) in str(error):
            return error
        return f"fgbg: {name}: {error}"
    if isinstance(error, MemoryError):
        return f"fgbg: {name}: not enough memory for frames of this size; scale the video down"
    reason = getattr(error, "strerror", None) or error
    return f"fgbg: {name}: its results cannot be written: {reason}"
